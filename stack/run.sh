#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# run.sh - starts and stops statsd_exporter and Prometheus on loopback, without
# containers.
#
# Input: options and environment (see usage below).  Output: two processes and
# STATE/stack.env, KEY=VALUE lines with their addresses and pids.  It must not know
# redtap: any sender of StatsD lines will do.
set -euo pipefail

PROGRAM_NAME=stack
SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$SOURCE/lib.sh"

usage() {
	cat <<-'END'
	usage: stack/run.sh start|stop|status [options]

	  --state DIR           files of this stack; several can run side by side,
	                        each with its own (default BUILD/stack)
	  --statsd-port PORT    UDP, StatsD lines go in here (9125)
	  --statsd-socket       they go into STATE/statsd.sock instead, where only this
	                        user can send: any local user can send by UDP
	  --exporter-port PORT  TCP, statsd_exporter's /metrics (9102)
	  --prometheus-port PORT  TCP, Prometheus (9090)
	  --free-ports          choose free ports
	  --scrape-interval DUR how often Prometheus scrapes, and evaluates rules (1s)

	The same from the environment: STACK_STATE, STACK_STATSD_PORT,
	STACK_EXPORTER_PORT, STACK_PROMETHEUS_PORT, STACK_FREE_PORTS=1,
	STACK_STATSD_SOCKET=1, STACK_SCRAPE_INTERVAL.  BUILD: the build directory (build).

	Exit status: 0 done (status: both run), 1 failed (status: not running),
	2 bad usage.
	END
}

usage_error() {
	warn "$@"
	usage >&2
	exit 2
}

parse_options() {
	BUILD=$(realpath -m "${BUILD:-$SOURCE/../build}")
	STATE=${STACK_STATE:-$BUILD/stack}
	STATSD_PORT=${STACK_STATSD_PORT:-9125}
	EXPORTER_PORT=${STACK_EXPORTER_PORT:-9102}
	PROMETHEUS_PORT=${STACK_PROMETHEUS_PORT:-9090}
	FREE_PORTS=${STACK_FREE_PORTS:-}
	WITH_SOCKET=${STACK_STATSD_SOCKET:-}
	SCRAPE_INTERVAL=${STACK_SCRAPE_INTERVAL:-1s}

	(($# > 0)) || usage_error "no command given"
	COMMAND=$1
	shift
	while (($# > 0)); do
		case $1 in
		--free-ports) FREE_PORTS=1 && shift && continue ;;
		--statsd-socket) WITH_SOCKET=1 && shift && continue ;;
		-h | --help) usage && exit 0 ;;
		--*) (($# > 1)) || usage_error "'$1' is unknown, or its value is missing" ;;
		esac
		case $1 in
		--state) STATE=$2 ;;
		--statsd-port) STATSD_PORT=$2 ;;
		--exporter-port) EXPORTER_PORT=$2 ;;
		--prometheus-port) PROMETHEUS_PORT=$2 ;;
		--scrape-interval) SCRAPE_INTERVAL=$2 ;;
		*) usage_error "unknown option '$1'" ;;
		esac
		shift 2
	done
	local port
	for port in "$STATSD_PORT" "$EXPORTER_PORT" "$PROMETHEUS_PORT"; do
		if ! [[ $port =~ ^[1-9][0-9]{0,4}$ ]] || ((port > 65535)); then
			usage_error "port '$port' is not a number from 1 to 65535"
		fi
	done
	[[ $SCRAPE_INTERVAL =~ ^[1-9][0-9]*(ms|s|m)$ ]] ||
		usage_error "scrape interval '$SCRAPE_INTERVAL' is not like 250ms, 1s or 2m"
	STATE=$(realpath -m "$STATE")
	ENVIRONMENT=$STATE/stack.env
	STATSD_SOCKET=${WITH_SOCKET:+$STATE/statsd.sock}
}

# Fills the array STARTED with what an earlier start has written.
declare -A STARTED
read_environment() {
	local key value

	STARTED=()
	[[ -r $ENVIRONMENT ]] || return 1
	while IFS='=' read -r key value; do
		[[ -z $key ]] || STARTED[$key]=$value
	done <"$ENVIRONMENT"
}

write_environment() {
	cat >"$ENVIRONMENT.new" <<-END
	STATSD_ADDRESS=${STATSD_PORT:+127.0.0.1:$STATSD_PORT}
	STATSD_PORT=$STATSD_PORT
	STATSD_SOCKET=$STATSD_SOCKET
	EXPORTER_URL=http://127.0.0.1:$EXPORTER_PORT
	EXPORTER_PORT=$EXPORTER_PORT
	EXPORTER_PID=$EXPORTER_PID
	EXPORTER_START_TIME=$EXPORTER_START_TIME
	PROMETHEUS_URL=http://127.0.0.1:$PROMETHEUS_PORT
	PROMETHEUS_PORT=$PROMETHEUS_PORT
	PROMETHEUS_PID=$PROMETHEUS_PID
	PROMETHEUS_START_TIME=$PROMETHEUS_START_TIME
	END
	mv "$ENVIRONMENT.new" "$ENVIRONMENT"
}

# spawn NAME COMMAND...: starts it in a session of its own, so that Ctrl-C does not
# end it before the processes that use it; sets SPAWNED_PID and SPAWNED_START_TIME.
spawn() {
	local name=$1

	shift
	setsid "$@" </dev/null >"$STATE/$name.log" 2>&1 &
	SPAWNED_PID=$!
	SPAWNED_START_TIME=$(process_start_time "$SPAWNED_PID") || SPAWNED_START_TIME=ended
}

# answers PID START_TIME URL: the server responds, or has ended.
answers() {
	process_is "$1" "$2" || return 0
	curl --silent --fail --noproxy '*' --max-time 2 --output /dev/null "$3"
}

# scrapes PID START_TIME URL: Prometheus has scraped the exporter, or has ended.  It
# begins about 5 s after it reports ready (its target discovery waits that long), and
# would miss the first 0 of a series that is sent before.
scrapes() {
	process_is "$1" "$2" || return 0
	[[ $(curl --silent --noproxy '*' --max-time 2 "$3/api/v1/query?query=up") == *',"1"]'* ]]
}

takes_statsd() {
	process_is "$1" "$2" || return 0
	if [[ -n $STATSD_SOCKET ]]; then
		[[ -S $STATSD_SOCKET ]]
	else
		port_is_taken udp "$STATSD_PORT"
	fi
}

explain_end() {
	local name=$1
	shift

	warn "$name has ended; the end of its log:"
	tail -n 5 "$STATE/$name.log" >&2
	if grep -q 'address already in use' "$STATE/$name.log"; then
		warn "another process has taken one of its ports ($*); use --free-ports"
	fi
}

# Returns 0 if it runs and answers, else 1.
start_exporter() {
	# It refuses a socket that is there, as after a kill.
	[[ -z $STATSD_SOCKET ]] || rm -f "$STATSD_SOCKET"
	spawn statsd_exporter "$(statsd_exporter_find "$BUILD")" \
		--statsd.listen-udp="${STATSD_PORT:+127.0.0.1:$STATSD_PORT}" --statsd.listen-tcp= \
		--statsd.listen-unixgram="$STATSD_SOCKET" --statsd.unixsocket-mode=600 \
		--statsd.read-buffer=8388608 \
		--web.listen-address="127.0.0.1:$EXPORTER_PORT" \
		--statsd.mapping-config="$SOURCE/statsd_mapping.yml"
	EXPORTER_PID=$SPAWNED_PID EXPORTER_START_TIME=$SPAWNED_START_TIME
	wait_until 20 takes_statsd "$EXPORTER_PID" "$EXPORTER_START_TIME" || {
		warn "statsd_exporter does not listen on ${STATSD_SOCKET:-UDP port $STATSD_PORT} within 20 s"
		return 1
	}
	wait_until 20 answers "$EXPORTER_PID" "$EXPORTER_START_TIME" \
		"http://127.0.0.1:$EXPORTER_PORT/metrics" || {
		warn "statsd_exporter does not respond on port $EXPORTER_PORT within 20 s"
		return 1
	}
	process_is "$EXPORTER_PID" "$EXPORTER_START_TIME" || {
		explain_end statsd_exporter "UDP ${STATSD_PORT:-none}, TCP $EXPORTER_PORT"
		return 1
	}
}

start_prometheus() {
	sed -e "s/^\( *\(scrape\|evaluation\)_interval:\).*/\1 $SCRAPE_INTERVAL/" \
		-e "s/statsd_exporter:9102/127.0.0.1:$EXPORTER_PORT/" \
		-e "s|rules/redtap.yml|$SOURCE/rules/redtap.yml|" \
		"$SOURCE/prometheus.yml" >"$STATE/prometheus.yml"
	spawn prometheus prometheus \
		--config.file="$STATE/prometheus.yml" \
		--storage.tsdb.path="$STATE/prometheus" \
		--web.listen-address="127.0.0.1:$PROMETHEUS_PORT"
	PROMETHEUS_PID=$SPAWNED_PID PROMETHEUS_START_TIME=$SPAWNED_START_TIME
	wait_until 30 answers "$PROMETHEUS_PID" "$PROMETHEUS_START_TIME" \
		"http://127.0.0.1:$PROMETHEUS_PORT/-/ready" || {
		warn "Prometheus is not ready on port $PROMETHEUS_PORT within 30 s"
		return 1
	}
	wait_until 30 scrapes "$PROMETHEUS_PID" "$PROMETHEUS_START_TIME" \
		"http://127.0.0.1:$PROMETHEUS_PORT" || {
		warn "Prometheus has scraped nothing from port $EXPORTER_PORT within 30 s"
		return 1
	}
	process_is "$PROMETHEUS_PID" "$PROMETHEUS_START_TIME" || {
		explain_end prometheus "TCP $PROMETHEUS_PORT"
		return 1
	}
}

require_free() {
	if port_is_taken "$1" "$2"; then
		die "$1 port $2, meant for $3, is taken by another process;" \
			"stop it, choose another port ($4), or use --free-ports"
	fi
}

choose_ports() {
	if [[ -n $STATSD_SOCKET ]]; then
		STATSD_PORT=
	fi
	if [[ -n $FREE_PORTS ]]; then
		[[ -n $STATSD_SOCKET ]] || STATSD_PORT=$(port_choose udp) || exit 1
		EXPORTER_PORT=$(port_choose tcp) || exit 1
		PROMETHEUS_PORT=$EXPORTER_PORT
		while [[ $PROMETHEUS_PORT == "$EXPORTER_PORT" ]]; do
			PROMETHEUS_PORT=$(port_choose tcp) || exit 1
		done
		return
	fi
	[[ -n $STATSD_SOCKET ]] || require_free udp "$STATSD_PORT" "StatsD lines" --statsd-port
	require_free tcp "$EXPORTER_PORT" "statsd_exporter" --exporter-port
	require_free tcp "$PROMETHEUS_PORT" "Prometheus" --prometheus-port
}

# Ends what this start has started, and removes its files except the logs.
abandon() {
	process_end "${PROMETHEUS_PID:-}" "${PROMETHEUS_START_TIME:-}" 10
	process_end "${EXPORTER_PID:-}" "${EXPORTER_START_TIME:-}" 10
	EXPORTER_PID='' PROMETHEUS_PID=''
	rm -rf "$STATE/prometheus" "$STATE/prometheus.yml" "$STATE/statsd.sock" "$ENVIRONMENT.new"
}

start() {
	local tool tries=1

	for tool in curl prometheus; do
		command -v "$tool" >/dev/null || die "'$tool' is not installed: run 'sudo make deps-demo'"
	done
	statsd_exporter_find "$BUILD" >/dev/null ||
		die "'statsd_exporter' is neither in $BUILD/tools nor on PATH: run 'sudo make deps-demo'"
	if read_environment && is_running; then
		die "already running with state directory '$STATE':" \
			"use 'stop' first, or another --state"
	fi
	if ! mkdir -p "$STATE" || ! [[ -w $STATE ]]; then
		die "state directory '$STATE' is not writable: choose another one with --state"
	fi
	# Data of a run that was killed would be mixed with this one's.
	rm -rf "$STATE/prometheus" "$ENVIRONMENT"
	trap abandon EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	# Another process may take a free port before it is bound here.
	[[ -z $FREE_PORTS ]] || tries=5
	while choose_ports && ! { start_exporter && start_prometheus; }; do
		abandon
		((--tries > 0)) || die "could not start; logs are in '$STATE'"
		warn "trying other ports"
	done
	write_environment
	trap - EXIT INT TERM
	say "statsd_exporter takes StatsD on" \
		"${STATSD_SOCKET:+unix://}${STATSD_SOCKET:-udp://127.0.0.1:$STATSD_PORT}," \
		"shows http://127.0.0.1:$EXPORTER_PORT/metrics"
	say "Prometheus is at http://127.0.0.1:$PROMETHEUS_PORT"
}

is_running() {
	process_is "${STARTED[EXPORTER_PID]:-}" "${STARTED[EXPORTER_START_TIME]:-}" &&
		process_is "${STARTED[PROMETHEUS_PID]:-}" "${STARTED[PROMETHEUS_START_TIME]:-}"
}

stop() {
	local name

	if ! read_environment; then
		say "nothing to stop: no '$ENVIRONMENT'"
		return 0
	fi
	for name in PROMETHEUS EXPORTER; do
		process_end "${STARTED[${name}_PID]:-}" "${STARTED[${name}_START_TIME]:-}" 15 ||
			die "process ${STARTED[${name}_PID]} cannot be ended"
	done
	# File by file: --state may be a directory with other things in it.
	rm -rf "$STATE/prometheus"
	rm -f "$ENVIRONMENT" "$STATE/prometheus.yml" "$STATE/prometheus.log" \
		"$STATE/statsd_exporter.log" "$STATE/statsd.sock"
	rmdir "$STATE" 2>/dev/null || true
	say "stopped"
}

status() {
	if read_environment && is_running; then
		cat "$ENVIRONMENT"
	else
		say "not running with state directory '$STATE'"
		return 1
	fi
}

parse_options "$@"
case $COMMAND in
start | stop | status) "$COMMAND" ;;
-h | --help | help) usage ;;
*) usage_error "unknown command '$COMMAND'" ;;
esac
