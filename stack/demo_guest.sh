#!/bin/busybox sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# demo_guest.sh SECONDS SERVICE - the part of demo.sh inside the virtual machine: a
# web server, redtap attached to it, a load.
#
# Inputs: redtap, webapp and load in /build; datagrams to udp 127.0.0.1:9125 leave
# the machine.  Outputs: redtap's table; for demo.sh, lines that begin with "@":
# "@load-ended", then "@load " and the load generator's counts as JSON.  Exit status 0
# only if everything succeeded.  It must not know Prometheus.

webapp=
redtap=
trap 'kill $redtap $webapp 2>/dev/null; wait' EXIT

fail() {
	echo "demo: $*" >&2
	cat /tmp/*.log >&2
	exit 1
}

# wait_for TEXT FILE PID: until FILE contains TEXT; 1 if the process ends first.
wait_for() {
	until grep -q "$1" "$2"; do
		kill -0 "$3" 2>/dev/null || return 1
		sleep 0.1
	done
}

/build/webapp --port 0 --workers 2 >/tmp/webapp.log 2>&1 </dev/null &
webapp=$!
wait_for '^webapp: listening on ' /tmp/webapp.log "$webapp" || fail "webapp does not listen"
address=$(sed -n 's/^webapp: listening on //p' /tmp/webapp.log)
echo "demo: webapp listens on $address, pid $webapp; it does not know redtap"

# Through a pipe, so that the table is printed as plain lines.
mkfifo /tmp/table
cat /tmp/table &
table=$!
echo "demo: redtap attach --pid $webapp --service $2 --interval 1s --output table"
/build/redtap attach --pid "$webapp" --service "$2" --interval 1s --output table \
	--statsd udp://127.0.0.1:9125 >/tmp/table 2>/tmp/redtap.log </dev/null &
redtap=$!
wait_for '^redtap: attached' /tmp/redtap.log "$redtap" || fail "redtap could not attach"
cat /tmp/redtap.log

/build/load --port "${address##*:}" --seconds "$1" --json >/tmp/load.json </dev/null ||
	fail "the load generator failed"
echo "@load-ended"
kill -0 "$redtap" 2>/dev/null || fail "redtap ended too early"
kill -INT "$redtap"
wait "$redtap" || fail "redtap failed"
redtap=
wait "$table"
echo "@load $(tr -d '\n' </tmp/load.json)"
