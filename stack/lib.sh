# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# lib.sh - what the shell scripts share: messages, waiting, processes, ports.
#
# Sourced by bash with `set -euo pipefail`.  Inputs: /proc; PROGRAM_NAME, which begins
# each message.  It must not know what is started or installed.

say() {
	printf '%s: %s\n' "$PROGRAM_NAME" "$*"
}

warn() {
	printf '%s: %s\n' "$PROGRAM_NAME" "$*" >&2
}

die() {
	warn "$@"
	exit 1
}

# wait_until SECONDS COMMAND [ARGUMENT...]: runs COMMAND every 50 ms until it
# succeeds; returns 1 if the time is over first.
wait_until() {
	local deadline=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))

	shift
	until "$@"; do
		((${EPOCHREALTIME/[.,]/} < deadline)) || return 1
		sleep 0.05
	done
}

# process_start_time PID: when it started, in clock ticks since boot.  A pid can be
# used again; a pid with its start time cannot.  Fails for a process that has ended,
# also if it is still a zombie.
process_start_time() {
	local stat fields

	{ stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
	# The name in parentheses may contain spaces; the fields begin after it.
	read -ra fields <<<"${stat##*) }"
	[[ ${fields[0]:-Z} != [ZX] ]] || return 1
	printf '%s\n' "${fields[19]}"
}

# process_is PID START_TIME: it is the process that was started, and still runs.
process_is() {
	[[ -n ${1:-} && -n ${2:-} && $(process_start_time "$1") == "$2" ]]
}

process_is_gone() {
	! process_is "$@"
}

# process_end PID START_TIME SECONDS: SIGTERM, then SIGKILL after that time.
process_end() {
	process_is "$1" "$2" || return 0
	kill -TERM "$1" 2>/dev/null || true
	wait_until "$3" process_is_gone "$1" "$2" && return 0
	warn "process $1 did not end within $3 s of SIGTERM; sending SIGKILL"
	kill -KILL "$1" 2>/dev/null || true
	wait_until 5 process_is_gone "$1" "$2"
}

# port_is_taken tcp|udp PORT: a socket has it, on any address of IPv4 or IPv6; for
# tcp, a listening one (state 0A).
port_is_taken() {
	local file port

	printf -v port '%04X' "$2"
	for file in "/proc/net/$1" "/proc/net/${1}6"; do
		[[ -r $file ]] || continue
		awk -v port="$port" -v protocol="$1" '
			NR > 1 {
				n = split($2, address, ":")
				if (address[n] == port && (protocol == "udp" || $4 == "0A"))
					found = 1
			}
			END { exit !found }' "$file" && return 0
	done
	return 1
}

# port_choose tcp|udp: a free port below the kernel's range for outgoing connections,
# so that no client takes it before it is used.
port_choose() {
	local port

	for _ in {1..200}; do
		port=$((10000 + (RANDOM * 32768 + RANDOM) % 22000))
		port_is_taken "$1" "$port" || {
			printf '%s\n' "$port"
			return 0
		}
	done
	die "no free $1 port found between 10000 and 31999"
}

# build_give_back DIRECTORY: gives what `sudo make` built to the user who called
# sudo; otherwise that user's next `make` could not write there.
build_give_back() {
	[[ $EUID -eq 0 && -n ${SUDO_UID:-} && -n ${SUDO_GID:-} && -d $1 ]] || return 0
	chown -R --no-dereference "$SUDO_UID:$SUDO_GID" "$1"
}

# statsd_exporter_find BUILD: prints the program's path; fails if there is none.
statsd_exporter_find() {
	if [[ -x $1/tools/statsd_exporter ]]; then
		printf '%s\n' "$1/tools/statsd_exporter"
	else
		command -v statsd_exporter
	fi
}
