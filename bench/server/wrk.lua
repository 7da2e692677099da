-- For wrk: so many requests in one piece (the first argument), and at the end a
-- line for run.sh, as load.c has it.

local one = wrk.format
local depth = 1

function init(args)
	depth = tonumber(args[1] or 1)
end

-- wrk asks once, and sends that for ever.
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
