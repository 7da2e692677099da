# Quartiles, for both reports.

# Quantile p of the sorted v[1..n].
function quantile(p,	at, low)
{
	at = 1 + (n - 1) * p
	low = int(at)
	return low >= n ? v[n] : v[low] + (at - low) * (v[low + 1] - v[low])
}

# Sets q1, median and q3 of v[1..n]; false if there are none.
function middle(	i, j, x)
{
	for (i = 2; i <= n; i++) {
		x = v[i]
		for (j = i - 1; j > 0 && v[j] > x; j--)
			v[j + 1] = v[j]
		v[j + 1] = x
	}
	q1 = quantile(0.25)
	median = quantile(0.5)
	q3 = quantile(0.75)
	return n
}
