# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# stacks.sh - starts stacks (stack/run.sh) in the scratch directory of a test, sends lines to
# them and asks their Prometheus.  To be sourced after testing.sh.
#
# Input: BUILD.  Output: functions; clean_up, which testing.sh calls at the end of a test.
BUILD=$(realpath -m "${BUILD:-$TOP/build}")
export BUILD

# Stops what the tests have started.
clean_up() {
	local file

	for file in "$ALL_SCRATCH"/*/*/stack.env; do
		[[ ! -e $file ]] || "$TOP/stack/run.sh" stop --state "${file%/*}" >/dev/null
	done
}

run_stack() {
	"$TOP/stack/run.sh" "$1" --state "$SCRATCH/$2" "${@:3}"
}

# value STATE KEY
value() {
	sed -n "s/^$2=//p" "$SCRATCH/$1/stack.env"
}

get() {
	curl --silent --show-error --fail --noproxy '*' --max-time 5 "$@"
}

# query STATE EXPRESSION: the value of the only series of an instant query.
query() {
	get --get --data-urlencode "query=$2" "$(value "$1" PROMETHEUS_URL)/api/v1/query" |
		jq --raw-output '.data.result | if length == 1 then .[0].value[1] else "\(length) series" end'
}

query_gives() {
	[[ $(query "$1" "$2") == "$3" ]]
}

expect_value() {
	wait_until 10 query_gives "$@" || die "$2: expected '$3', found '$(query "$1" "$2")'"
}

# send STATE LINES: one datagram for each line (bash would split a longer text anywhere).
send() {
	local line port

	port=$(value "$1" STATSD_PORT)
	while read -r line; do
		printf '%s' "$line" >"/dev/udp/127.0.0.1/$port"
	done <<<"$2"
}
