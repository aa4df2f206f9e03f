#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# boot.sh [-c | -s] [-t SECONDS] [-m MIB] [-q PIPE] [-d PORT] [-f FILE]... KERNEL COMMAND [ARGUMENT...] - runs a
# command with another kernel, in a virtual machine without hardware support.
#
#   -c          one CPU whose clock counts instructions (qemu -icount): for
#               benchmarks; n instructions take n nanoseconds
#   -s          the CPUs share one thread: with a thread for each, qemu (7.2) can run
#               code that the kernel has just patched, and the kernel crashes (int3)
#               when tracepoints are attached under load
#   -t SECONDS  stop the machine after that time (default 240)
#   -m MIB      memory (default 1024)
#   -q PIPE     qemu's monitor is at PIPE.in and PIPE.out, which are named pipes
#   -d PORT     datagrams that the machine's programs send to udp 127.0.0.1:9125
#               are sent here to udp 127.0.0.1:PORT
#   -f FILE     copy FILE into the machine, with the shared libraries that it needs.  A
#               file of the build directory becomes /build/..., one of the source tree
#               /..., any other keeps its path
#
# Inputs: a kernel that fetch.sh has put into BUILD/kernels/KERNEL, busybox,
# qemu.  REDTAP_BUILD is the build directory (default: build/ of this tree).
# Outputs: the machine's serial console on standard output; the exit status is
# the command's, 125 if the machine ended without one.  The machine has
# loopback and no network, and a root directory in memory.  This script must
# not know what the command does.

set -eu

usage() {
	echo "usage: boot.sh [-c | -s] [-t SECONDS] [-m MIB] [-q PIPE] [-d PORT] [-f FILE]... KERNEL COMMAND [ARGUMENT...]" >&2
	exit 2
}

fail() {
	echo "boot: $*" >&2
	exit 125
}

here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
build=$(cd "${REDTAP_BUILD:-$source/build}" && pwd)
seconds=240
memory=1024
port=
machine="-accel tcg,thread=multi -cpu max -smp 2"

work=$(mktemp -d)
qemu=
relay=
trap 'kill $qemu $relay 2>/dev/null || :; rm -rf "$work"' EXIT
trap 'exit 125' INT TERM HUP

root=$work/root
mkdir -p "$root/bin"

# take FILE - puts it and its libraries into the machine's root directory.
take() {
	file=$(realpath -e "$1" 2>/dev/null) || fail "no file '$1'"
	case $file in
	"$build"/*) place=/build/${file#"$build"/} ;;
	"$source"/*) place=/${file#"$source"/} ;;
	*) place=$file ;;
	esac
	mkdir -p "$root${place%/*}"
	cp "$file" "$root$place"
	# For a file that is not a dynamic program ldd fails: there is nothing to copy.
	libraries=$(ldd "$file" 2>/dev/null | sed -n -e 's/.*not found.*/missing/p' \
		-e 's/.* => \(\/[^ ]*\) (.*/\1/p' -e 's/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p') || :
	for library in $libraries; do
		[ "$library" != missing ] || fail "a library that '$file' needs is missing"
		if [ ! -e "$root$library" ]; then
			mkdir -p "$root${library%/*}"
			cp -L "$library" "$root$library"
		fi
	done
}

while getopts cst:m:q:d:f: option; do
	case $option in
	# rep movsb would count as one instruction for each byte.
	c) machine="-accel tcg -icount shift=0,sleep=off -cpu max,-erms,-fsrm -smp 1" ;;
	s) machine="-accel tcg,thread=single -cpu max -smp 2" ;;
	t) seconds=$OPTARG ;;
	m) memory=$OPTARG ;;
	q) machine="$machine -chardev pipe,id=monitor,path=$OPTARG -mon chardev=monitor,mode=readline" ;;
	d) port=$OPTARG ;;
	f) take "$OPTARG" ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ $# -ge 2 ] || usage
image=$build/kernels/$1/vmlinuz
[ -s "$image" ] || fail "no kernel '$1' in '$build/kernels'; fetch it first: make kernels"
shift

busybox=$(command -v busybox) || fail "no busybox; install busybox-static"
if ldd "$busybox" >/dev/null 2>&1; then
	fail "'$busybox' needs shared libraries; install busybox-static"
fi
cp "$busybox" "$root/bin/busybox"
cp "$here/init" "$root/init"
chmod 0755 "$root/init"
for argument; do
	printf "'%s' " "$(printf '%s' "$argument" | sed "s/'/'\\\\''/g")"
done >"$root/command"
if [ -n "$port" ]; then
	take "$build/kernels/relay"
	mkfifo "$work/datagrams"
	machine="$machine -device virtio-serial-pci -device virtserialport,chardev=datagrams
		-chardev file,id=datagrams,path=$work/datagrams"
	"$build/kernels/relay" out "$port" "$work/datagrams" &
	relay=$!
fi

(cd "$root" && find . | "$busybox" cpio -o -H newc 2>/dev/null) >"$work/initramfs"

mkfifo "$work/console"
# shellcheck disable=SC2086 # several words
timeout "$seconds" qemu-system-x86_64 $machine -m "$memory" -nodefaults -display none -no-reboot \
	-serial stdio -kernel "$image" -initrd "$work/initramfs" \
	-append "console=ttyS0 panic=-1 mitigations=off quiet no_timer_check" \
	</dev/null >"$work/console" 2>&1 &
qemu=$!

status=
while IFS= read -r line; do
	line=${line%"$(printf '\r')"}
	case $line in
	"guest: exit "*) status=${line#guest: exit } ;;
	*) printf '%s\n' "$line" ;;
	esac
done <"$work/console"

ended=0
wait "$qemu" || ended=$?
qemu=
[ "$ended" -ne 124 ] || fail "stopped after $seconds s; -t SECONDS allows more"
[ "$ended" -eq 0 ] || fail "qemu ended with status $ended"
if [ -n "$relay" ]; then
	wait "$relay" || fail "the relay has lost datagrams"
	relay=
fi
[ -n "$status" ] || fail "the machine has powered off before the command ended"
exit "$status"
