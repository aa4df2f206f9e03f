#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# demo.sh - everything once: a web server under load, redtap attached to it,
# statsd_exporter, Prometheus; at the end Prometheus's numbers, compared with those that
# the load generator counted itself.
#
# Input: DEMO=stay keeps everything up until Ctrl-C; DEMO_SECONDS, how long the load
# runs (20); BUILD, MAKE; VM=1: web server and redtap run in a virtual machine
# (demo_guest.sh), and send to the statsd_exporter outside.  Where BPF is refused,
# this is the default.  Output: text; exit status 0 only if every
# count is equal.  It leaves nothing running.  It must not ask redtap: all numbers
# come from Prometheus.
set -euo pipefail

PROGRAM_NAME=demo
SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$SOURCE/lib.sh"
BUILD=$(realpath -m "${BUILD:-$SOURCE/../build}")
FILES=$BUILD/demo
SECONDS_OF_LOAD=${DEMO_SECONDS:-20}
SERVICE=webapp
# Debian's bpftool is there; sudo may leave these directories out.
PATH=$PATH:/usr/sbin:/sbin

# What runs: pid and start time by name.
declare -A PIDS=() START_TIMES=()

# start NAME COMMAND...: in a session of its own, so that Ctrl-C does not reach it; it
# ends with this script, however that ends.
start() {
	local name=$1

	shift
	setsid setpriv --pdeathsig TERM "$@" &
	PIDS[$name]=$!
	START_TIMES[$name]=$(process_start_time "${PIDS[$name]}") || START_TIMES[$name]=ended
}

runs() {
	process_is "${PIDS[$1]:-}" "${START_TIMES[$1]:-}"
}

# end NAME: returns its exit status.
end() {
	local status=0

	[[ -n ${PIDS[$1]:-} ]] || return 0
	process_end "${PIDS[$1]}" "${START_TIMES[$1]}" 10 || true
	wait "${PIDS[$1]}" 2>/dev/null || status=$?
	unset "PIDS[$1]"
	return "$status"
}

clean_up() {
	local status=$?

	trap '' INT TERM
	trap - EXIT
	end machine || true
	end load || true
	end redtap || true
	end webapp || true
	"$SOURCE/run.sh" stop --state "$FILES/stack" >/dev/null || status=1
	build_give_back "$BUILD"
	exit "$status"
}

build() {
	"${MAKE:-make}" --no-print-directory -C "$SOURCE/.." BUILD="$BUILD_FOR_MAKE" \
		"${@/#/$BUILD_FOR_MAKE/}" >>"$FILES/build.log" 2>&1 || {
		tail -n 30 "$FILES/build.log" >&2
		die "the build failed"
	}
}

# Sets MACHINE to 1 if the web server and redtap have to run in a virtual machine.
choose_machine() {
	local report

	MACHINE=0
	if [[ ${VM:-} == 1 ]]; then
		say "VM=1: the web server and redtap run in a virtual machine"
		MACHINE=1
	elif ! report=$("$BUILD/redtap" check 2>&1); then
		printf '%s\n' "$report" >&2
		warn "BPF is refused here, see above: using a virtual machine with a newer kernel"
		MACHINE=1
	fi
	((MACHINE)) || return 0
	[[ $(uname -m) == x86_64 ]] || die "the virtual machine needs an x86-64 host"
	BUILD=$BUILD "$SOURCE/deps.sh" vm
	say "fetching a kernel, if there is none yet (log: $FILES/build.log)"
	build kernels/relay kernels/newest/package
}

prepare() {
	((EUID == 0)) || [[ ${VM:-} == 1 ]] ||
		die "loading BPF programs needs root: use 'sudo make demo'," \
			"or 'make demo VM=1' for a virtual machine"
	[[ ${VM:-} =~ ^[01]?$ ]] || die "unknown value VM '$VM': VM=1 uses a virtual machine"
	[[ $SECONDS_OF_LOAD =~ ^[1-9][0-9]{0,3}$ ]] ||
		die "DEMO_SECONDS '$SECONDS_OF_LOAD' is not a number from 1 to 9999"
	[[ ${DEMO:-} == "" || $DEMO == stay ]] ||
		die "unknown value DEMO '$DEMO': DEMO=stay keeps the demo up"
	BUILD=$BUILD "$SOURCE/deps.sh" build demo
	mkdir -p "$FILES"
	exec {LOCK}>"$FILES/lock"
	flock -n "$LOCK" || die "another demo runs from this build directory"
	: >"$FILES/build.log"
	say "building redtap, webapp and load (log: $FILES/build.log)"
	build redtap webapp load
	choose_machine
}

# port_or_free PROTOCOL PORT WHAT: PORT, or a free one if that is taken.
port_or_free() {
	local port=$2

	if port_is_taken "$1" "$2"; then
		port=$(port_choose "$1")
		warn "$1 port $2 is taken; $3 uses $port"
	fi
	printf '%s\n' "$port"
}

start_stack() {
	local statsd exporter prometheus key value

	# A demo that was killed may have left it running.
	"$SOURCE/run.sh" stop --state "$FILES/stack" >/dev/null
	statsd=$(port_or_free udp 9125 "statsd_exporter (StatsD)")
	exporter=$(port_or_free tcp 9102 "statsd_exporter (/metrics)")
	prometheus=$(port_or_free tcp 9090 Prometheus)
	# Without the lock: a stack that outlives this script must not keep it.
	BUILD=$BUILD "$SOURCE/run.sh" start --state "$FILES/stack" --scrape-interval 1s \
		--statsd-port "$statsd" --exporter-port "$exporter" \
		--prometheus-port "$prometheus" {LOCK}>&-
	while IFS='=' read -r key value; do
		case $key in
		STATSD_ADDRESS) STATSD_ADDRESS=$value ;;
		EXPORTER_URL) EXPORTER_URL=$value ;;
		PROMETHEUS_URL) PROMETHEUS_URL=$value ;;
		esac
	done <"$FILES/stack/stack.env"
}

webapp_listens_or_ended() {
	grep -q '^webapp: listening on ' "$FILES/webapp.log" || ! runs webapp
}

start_webapp() {
	: >"$FILES/webapp.log"
	start webapp "$BUILD/webapp" --port 0 --workers 2 \
		>"$FILES/webapp.log" 2>&1 </dev/null {LOCK}>&-
	wait_until 10 webapp_listens_or_ended || true
	WEBAPP_ADDRESS=$(sed -n 's/^webapp: listening on //p' "$FILES/webapp.log")
	if [[ -z $WEBAPP_ADDRESS ]] || ! runs webapp; then
		cat "$FILES/webapp.log" >&2
		die "webapp does not listen"
	fi
	WEBAPP_PORT=${WEBAPP_ADDRESS##*:}
	say "webapp listens on $WEBAPP_ADDRESS, pid ${PIDS[webapp]}; it does not know redtap"
}

attached_or_ended() {
	grep -q '^redtap: attached' "$FILES/redtap.log" || ! runs redtap
}

# start_redtap OUTPUT
start_redtap() {
	: >"$FILES/redtap.log"
	say "redtap attach --pid ${PIDS[webapp]} --service $SERVICE --interval 1s" \
		"--output $1 --statsd udp://$STATSD_ADDRESS"
	start redtap "$BUILD/redtap" attach --pid "${PIDS[webapp]}" --service "$SERVICE" \
		--interval 1s --output "$1" --statsd "udp://$STATSD_ADDRESS" \
		2>"$FILES/redtap.log" </dev/null {LOCK}>&-
	wait_until 30 attached_or_ended || true
	cat "$FILES/redtap.log" >&2
	if ! grep -q '^redtap: attached' "$FILES/redtap.log" || ! runs redtap; then
		die "redtap could not attach; its messages are above"
	fi
}

run_load() {
	local status=0

	start load "$BUILD/load" --port "$WEBAPP_PORT" --seconds "$SECONDS_OF_LOAD" --json \
		>"$FILES/load.json" </dev/null {LOCK}>&-
	wait "${PIDS[load]}" || status=$?
	unset "PIDS[load]"
	LOAD_END=$EPOCHREALTIME
	((status == 0)) || die "the load generator failed with status $status"
	runs redtap || die "redtap ended too early; see $FILES/redtap.log"
}

stop_redtap() {
	local attached

	attached=$(wc -l <"$FILES/redtap.log")
	end redtap || die "redtap failed: $(cat "$FILES/redtap.log")"
	tail -n "+$((attached + 1))" "$FILES/redtap.log" >&2
	REDTAP_END=$EPOCHREALTIME
}

# Prints the machine's output, except lines that begin with "@" (demo_guest.sh).
read_machine() {
	local line

	while IFS= read -r line; do
		case $line in
		@load-ended*) printf '%s\n' "$EPOCHREALTIME" >"$FILES/load_end" ;;
		"@load "*) printf '%s\n' "${line#@load }" >"$FILES/load.json" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
}

# Web server, redtap and load, all of them in a virtual machine.
run_machine() {
	local status=0 reader

	rm -f "$FILES"/{load_end,load.json,console.*}
	mkfifo "$FILES/console.$$"
	say "the virtual machine starts; emulated, it takes a minute until redtap is attached"
	read_machine <"$FILES/console.$$" {LOCK}>&- &
	reader=$!
	REDTAP_BUILD=$BUILD start machine "$SOURCE/../tests/kernels/boot.sh" \
		-t $((SECONDS_OF_LOAD + 600)) -d "${STATSD_ADDRESS##*:}" -f "$BUILD/redtap" \
		-f "$BUILD/webapp" -f "$BUILD/load" -f "$SOURCE/demo_guest.sh" newest \
		sh /stack/demo_guest.sh "$SECONDS_OF_LOAD" "$SERVICE" \
		>"$FILES/console.$$" 2>&1 </dev/null {LOCK}>&-
	wait "$reader"
	rm -f "$FILES/console.$$"
	wait "${PIDS[machine]}" || status=$?
	unset "PIDS[machine]"
	REDTAP_END=$EPOCHREALTIME
	if ((status != 0)) || ! [[ -s $FILES/load_end && -s $FILES/load.json ]]; then
		die "the virtual machine ended with status $status; its output is above"
	fi
	LOAD_END=$(<"$FILES/load_end")
}

# query FILE EXPRESSION [TIME]: an instant query.
query() {
	local at=()

	[[ -z ${3:-} ]] || at=(--data-urlencode "time=$3")
	curl --silent --show-error --fail --noproxy '*' --max-time 10 --get --output "$1" \
		--data-urlencode "query=$2" "${at[@]}" "$PROMETHEUS_URL/api/v1/query"
}

# A scrape that began a second after redtap's last line includes it: the exporter
# keeps lines for up to 0.2 s.
scraped_after_the_end() {
	query "$FILES/scrape.json" 'timestamp(up{job="redtap"})' &&
		jq --exit-status --argjson last "${REDTAP_END/,/.}" \
			'.data.result[0].value[1] // 0 | tonumber > $last + 1' \
			"$FILES/scrape.json" >/dev/null
}

print_comparison() {
	local name=http_server_request_duration_seconds own="{service_name=\"$SERVICE\"}"
	local by='http_request_method, http_route' window=$(((SECONDS_OF_LOAD * 3 + 3) / 4))

	wait_until 15 scraped_after_the_end || die "Prometheus has stopped scraping"
	# All counters began with this run, so their values are the counts.
	query "$FILES/counts.json" "${name}_count$own"
	query "$FILES/rates.json" "sum by ($by) (rate(${name}_count${own}[${window}s]))" \
		"${LOAD_END/,/.}"
	query "$FILES/quantiles.json" \
		"histogram_quantile(0.99, sum by ($by, le) (${name}_bucket$own))"
	jq --null-input --argjson seconds "$SECONDS_OF_LOAD" \
		--slurpfile load "$FILES/load.json" --slurpfile counts "$FILES/counts.json" \
		--slurpfile rates "$FILES/rates.json" \
		--slurpfile quantiles "$FILES/quantiles.json" \
		--from-file "$SOURCE/compare.jq" >"$FILES/comparison.json"

	printf '\nPrometheus (numbers from redtap) and the load generator (its own counts)\n\n'
	jq --raw-output '.rows[]' "$FILES/comparison.json" | awk -F '\t' '
		BEGIN {
			format = "%-6s %-16s %8s %8s  %7s %7s  %6s %6s  %8s %8s  %s\n"
			printf "%-23s %17s  %15s  %13s  %17s  %s\n", "", "----- requests --",
				"------ rate/s -", "--- errors %-", "--------- p99 ms", ""
			printf format, "method", "route", "redtap", "load", "redtap", "load",
				"redtap", "load", "redtap", "load", "counts"
		}
		{ printf format, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 }'
	cat <<-END

	rate: rate() over the last $window s of the load; p99: Prometheus interpolates inside its
	buckets, redtap measures from the arrival at the socket, the client around its own calls.

	END
	if jq --exit-status '.equal' "$FILES/comparison.json" >/dev/null; then
		say "equal: every count, by method, route and status"
		return
	fi
	warn "DIFFERENT counts (method, route, status; Prometheus; load generator):"
	jq --raw-output '.differences[] | "  " + .' "$FILES/comparison.json" >&2
	return 1
}

print_addresses() {
	local expression='sum+by+(http_route)+(rate(http_server_request_duration_seconds_count%5B15s%5D))'

	say "Prometheus:      $PROMETHEUS_URL/graph?g0.expr=$expression&g0.tab=0"
	say "statsd_exporter: $EXPORTER_URL/metrics"
}

# stay_without_load STATUS: the web server has ended with the virtual machine.
stay_without_load() {
	# shellcheck disable=SC2064
	trap "exit $1" INT
	print_addresses
	say "the virtual machine has ended; Prometheus stays up until Ctrl-C"
	while sleep 1; do :; done
}

# stay STATUS: until Ctrl-C; then the exit status is STATUS, the comparison's.
stay() {
	# shellcheck disable=SC2064
	trap "exit $1" INT
	start_redtap none
	print_addresses
	say "the load continues; Ctrl-C ends everything"
	while runs webapp && runs redtap; do
		start load "$BUILD/load" --port "$WEBAPP_PORT" --seconds 60 --json \
			>"$FILES/stay.json" </dev/null {LOCK}>&-
		wait "${PIDS[load]}" || die "the load generator failed"
	done
	die "webapp or redtap ended; see $FILES/webapp.log and $FILES/redtap.log"
}

main() {
	local status=0

	# Relative, as make's own rules name it.
	BUILD_FOR_MAKE=$(realpath --relative-to="$SOURCE/.." "$BUILD")
	prepare
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	start_stack
	if ((MACHINE)); then
		print_addresses
		run_machine
	else
		start_webapp
		print_addresses
		start_redtap table
		run_load
		stop_redtap
	fi
	print_comparison || status=1
	if [[ ${DEMO:-} == stay ]]; then
		if ((MACHINE)); then
			stay_without_load "$status"
		fi
		stay "$status"
	fi
	say "everything is stopped; 'sudo make demo DEMO=stay' keeps it running"
	return "$status"
}

main "$@"
