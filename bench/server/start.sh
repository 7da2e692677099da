# Runs the servers, for check.sh and run.sh.  Sourced, after t/lib/env and
# t/lib/serve.  The servers end with the script.

# shellcheck disable=SC2034 # used by the sourcing script
load=$top_builddir/bench/server/load
# The example, for comparison: it has timeouts and takes no protocol argument.
example=$top_builddir/examples/http_hello

# start_server PROGRAM http|echo: sets $address, and $server to the process.  If
# $under is set, it is the command that runs the server.
start_server() {
	started=$((${started:-0} + 1))
	output=$tmp/server.$started
	: >"$output"
	if [ "$1" = "$example" ]; then
		$under "$1" >"$output" 2>&1 </dev/null &
	else
		$under "$1" "$2" >"$output" 2>&1 </dev/null &
	fi
	server=$! under=
	servers="$servers $server"
	if ! await "$output" '^listening on '; then
		echo "$1 doesn't listen: $(cat "$output")" >&2
		return 1
	fi
	# shellcheck disable=SC2034 # likewise
	address=$($SED -n 's/^listening on //p' "$output")
}

# stop_server PID: also removes it from $servers.
stop_server() {
	kill "$1"
	wait "$1" 2>/dev/null
	servers=$(echo "$servers" | $SED "s/ $1\$//; s/ $1 / /")
}
