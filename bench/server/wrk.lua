-- For wrk: sends several requests in one piece (the first argument is their
-- number), and prints a line for run.sh as load.c does.

local one = wrk.format
local depth = 1

function init(args)
	depth = tonumber(args[1] or 1)
end

-- wrk calls this once, and sends the result again and again.
function wrk.format(...)
	return string.rep(one(...), depth)
end

function done(summary, latency, requests)
	local errors = summary.errors
	local failed = errors.connect + errors.read + errors.write +
	    errors.status + errors.timeout

	if failed > 0 then
		print(string.format("failed\t%d", failed))
		return
	end
	print(string.format("load\t%d\t%.6f\t%d\t%d\t%d\t%d",
	    summary.requests, summary.duration / 1000000,
	    latency:percentile(50), latency:percentile(99),
	    latency:percentile(99.9), summary.requests))
end
