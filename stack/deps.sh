#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# deps.sh - installs what is missing: by apt on Debian 12 and newer and Ubuntu
# 24.04; elsewhere it prints what to install.
#
# Input: groups of dependencies (build, demo, test, vm; default: build demo).
# Output: installed packages, BUILD/tools/, exit status 0 when
# nothing is missing any more.  What counts is whether a thing works, not where
# it came from: a compiler or a Go of your own is left alone.  It must not touch
# anything when nothing is missing.
set -euo pipefail

PROGRAM_NAME=deps
SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$SOURCE/lib.sh"
BUILD=$(realpath -m "${BUILD:-$SOURCE/../build}")
# Compilers and daemons of root; sudo and cron often leave these out.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# statsd_exporter: the newest release that a Go of at least this version builds.
# Debian 12 has Go 1.19, Ubuntu 24.04 has 1.22, Debian 13 has 1.24.  What redtap
# needs (DogStatsD tags, counters, gauges, ttl, help) is the same in all three.
# A newer Go is not downloaded for its sake: that would take a compiler from
# elsewhere than the distribution, for nothing that we use.
STATSD_EXPORTER_MODULE=github.com/prometheus/statsd_exporter
STATSD_EXPORTER_VERSIONS="1.25 $(sed -n 's/^STATSD_EXPORTER_VERSION=//p' "$SOURCE/.env")
1.22 v0.28.0
1.18 v0.26.0"

# Tools of the tests in Go, and the least Go that each needs: tests/dashboards
# holds dashboards against Grafana's schema, tests/compose reads compose files as
# docker does.
TEST_TOOLS='dashboard_schema dashboards 21
compose_config compose 24'

# group | check (a have_* function and its arguments) | apt packages; where a
# distribution lacks one of them, those behind the slash
DEPENDENCIES='
build | program make          | make
build | program gcc           | gcc
build | header stdio.h        | libc6-dev
build | program clang         | clang
build | program llvm-strip    | llvm
build | program pkg-config    | pkg-config
build | module libbpf 1.0     | libbpf-dev
build | module libelf 0       | libelf-dev
build | module zlib 0         | zlib1g-dev
build | bpftool               | bpftool / linux-tools-common linux-tools-generic
demo  | program curl          | curl
demo  | program jq            | jq
demo  | program prometheus    | prometheus
demo  | exporter_or_go        | golang-go
demo  | exporter_or_roots     | ca-certificates
test  | module cmocka 0       | libcmocka-dev
test  | module libcurl 0      | libcurl4-openssl-dev
test  | module jansson 0      | libjansson-dev
test  | chromium              | chromium
test  | program promtool      | promtool / prometheus
test  | sanitizers clang      | libclang-rt-@CLANG@-dev / libclang-rt-dev
test  | sanitizers gcc        | gcc
test  | program nginx         | nginx-light / nginx
test  | program gunicorn      | gunicorn
test  | program websockify    | websockify
test  | flask                 | python3-flask
test  | program python3       | python3
vm    | program qemu-system-x86_64 | qemu-system-x86
test  | clang_format          | clang-format-14 / clang-format
test  | program clang-tidy    | clang-tidy
test  | program shellcheck    | shellcheck
vm    | static_busybox        | busybox-static
test  | program setpriv       | util-linux
test  | program systemd-analyze | systemd
test  | man                   | man-db
vm    | file /usr/share/keyrings/debian-archive-keyring.gpg | debian-archive-keyring
'

have_program() {
	command -v "$1" >/dev/null
}

# Ubuntu has it only as a snap, which its package fetches while it is unpacked and
# which does not start everywhere (containers): what is there is used, else a test fails
# and says what to do.
have_chromium() {
	have_program chromium || grep -q '^ID=ubuntu$' /etc/os-release 2>/dev/null
}

# Ubuntu's minimized images have a program of this name that only says so, and
# move the real one out of its way.
have_man() {
	have_program man.REAL || [[ $(man --version 2>/dev/null) == "man "* ]]
}

have_module() {
	pkg-config --atleast-version="$2" "$1" 2>/dev/null
}

have_header() {
	gcc -E -include "$1" -x c /dev/null -o /dev/null 2>/dev/null
}

# On Ubuntu /usr/sbin/bpftool is a script that finds the one for the running
# kernel, or fails; any version does for a skeleton.
have_bpftool() {
	bpftool version >/dev/null 2>&1 ||
		compgen -G '/usr/lib/linux-tools*/*/bpftool' >/dev/null
}

have_sanitizers() {
	local output status=0

	output=$(mktemp)
	echo 'int main(void) { return 0; }' |
		"$1" -fsanitize=address,undefined -x c -o "$output" - 2>/dev/null || status=1
	rm -f "$output"
	return $status
}

have_file() {
	[[ -s $1 ]]
}

# tests/lint/lint.sh wants the one with the version, and says so without it.
have_clang_format() {
	have_program clang-format-14 || have_program clang-format
}

# By the Python that gunicorn runs under: another one on PATH may have a Flask of its own.
have_flask() {
	local gunicorn line

	gunicorn=$(command -v gunicorn) && IFS= read -r line <"$gunicorn" && [[ $line == '#!'* ]] ||
		return 1
	# Words of the first line: an interpreter and perhaps its argument.
	# shellcheck disable=SC2086
	${line#??} -c 'import flask' 2>/dev/null
}

# The dynamic one finds no libraries inside a virtual machine of the tests.
have_static_busybox() {
	local path

	path=$(command -v busybox) && ! ldd "$path" >/dev/null 2>&1
}

# Prints the first go that can build a statsd_exporter, then the version of it.
go_find() {
	local go minimum version minor

	for go in "$(command -v go)" /usr/local/go/bin/go /usr/lib/go-*/bin/go /snap/bin/go; do
		[[ -x $go && $("$go" version) =~ \ go1\.([0-9]+) ]] || continue
		minor=${BASH_REMATCH[1]}
		while read -r minimum version; do
			((minor >= ${minimum#1.})) || continue
			printf '%s %s\n' "$go" "$version"
			return 0
		done <<<"$STATSD_EXPORTER_VERSIONS"
	done
	return 1
}

have_exporter_or_go() {
	statsd_exporter_find "$BUILD" >/dev/null || go_find >/dev/null
}

have_exporter_or_roots() {
	statsd_exporter_find "$BUILD" >/dev/null || [[ -s /etc/ssl/certs/ca-certificates.crt ||
		-s /etc/pki/tls/certs/ca-bundle.crt ]]
}

# Fills MISSING with the package column of every row whose check fails.
find_missing() {
	local group check packages

	MISSING=()
	while IFS='|' read -r group check packages; do
		group=${group// /}
		[[ -n $group && " ${GROUPS_WANTED[*]} " == *" $group "* ]] || continue
		# Words of the row: a function's name and its arguments.
		# shellcheck disable=SC2086
		have_${check# } || MISSING+=("$packages")
	done <<<"$DEPENDENCIES"
}

# resolve PACKAGES: of "a b / c d", the first half that the distribution has.
resolve() {
	local half package policy clang_version

	clang_version=$(clang -dumpversion 2>/dev/null) || clang_version=0
	while read -r half; do
		half=${half//@CLANG@/${clang_version%%.*}}
		for package in $half; do
			policy=$(LC_ALL=C apt-cache policy "$package" 2>/dev/null)
			[[ $policy =~ Candidate:\ [^\(] ]] || continue 2
		done
		printf '%s\n' "$half"
		return 0
	done <<<"${1//\//$'\n'}"
	die "none of these packages is known to apt: ${1# } (on Ubuntu, some are in 'universe')"
}

# Packages of servers start them, now and at each boot.  A machine that is to run
# a demo does not want a web server on port 80 for ever.
SERVICES='prometheus nginx'

service_file_exists() {
	compgen -G "/usr/lib/systemd/system/$1.service" >/dev/null ||
		compgen -G "/lib/systemd/system/$1.service" >/dev/null
}

services_hold() {
	local service

	NEW_SERVICES=()
	for service in $SERVICES; do
		service_file_exists "$service" || NEW_SERVICES+=("$service")
	done
	[[ ! -e /usr/sbin/policy-rc.d ]] || return 0
	trap 'rm -f /usr/sbin/policy-rc.d' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	# The interface by which package scripts ask whether they may start it.
	printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
	chmod 755 /usr/sbin/policy-rc.d
}

services_keep_off() {
	local service

	command -v systemctl >/dev/null || return 0
	for service in "${NEW_SERVICES[@]}"; do
		if service_file_exists "$service"; then
			systemctl --quiet disable "$service" 2>/dev/null || true
			say "the new service '$service' is installed, but neither started nor enabled"
		fi
	done
}

apt_run() {
	DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" \
		>>"$BUILD/deps.log" 2>&1 </dev/null
}

install_packages() {
	local row name resolved
	local -a packages=()

	mkdir -p "$BUILD"
	: >"$BUILD/deps.log"
	apt_run update || warn "'apt-get update' failed: going on with the old lists"
	for row in "${MISSING[@]}"; do
		resolved=$(resolve "$row") || exit 1
		for name in $resolved; do
			# Rows may want the same one.
			[[ " ${packages[*]} " == *" $name "* ]] || packages+=("$name")
		done
	done
	say "installing ${packages[*]} (this can take some minutes; log: $BUILD/deps.log)"
	services_hold
	apt_run install --no-install-recommends "${packages[@]}" || {
		tail -n 20 "$BUILD/deps.log" >&2
		die "apt-get could not install: ${packages[*]}"
	}
	services_keep_off
	hash -r
}

install_exporter() {
	local found go version

	statsd_exporter_find "$BUILD" >/dev/null && return
	found=$(go_find) || die "no Go of 1.18 or newer to build statsd_exporter with"
	read -r go version <<<"$found"
	say "building statsd_exporter $version with $("$go" version | cut -d' ' -f3)"
	mkdir -p "$BUILD/tools"
	# Some ways of starting (cron, units) have no HOME, where Go keeps its caches.
	HOME=${HOME:-$BUILD/tools} CGO_ENABLED=0 GOTOOLCHAIN=local GOBIN=$BUILD/tools \
		"$go" install "$STATSD_EXPORTER_MODULE@$version" >"$BUILD/tools/install.log" 2>&1 || {
		tail -n 20 "$BUILD/tools/install.log" >&2
		die "statsd_exporter $version can not be built; put one on PATH yourself"
	}
}

# go_newest MINOR: prints a go of at least 1.MINOR.
go_newest() {
	local go

	for go in "$(command -v go)" /usr/local/go/bin/go /usr/lib/go-*/bin/go /snap/bin/go; do
		[[ -x $go && $("$go" version) =~ \ go1\.([0-9]+) ]] || continue
		((BASH_REMATCH[1] < $1)) || { printf '%s\n' "$go" && return 0; }
	done
	return 1
}

# Builds what is missing or older than its source.  A test that wants a tool
# which is not there says so.
install_test_tools() {
	local tool source minor go

	mkdir -p "$BUILD/tools"
	while read -r tool source minor; do
		source=$SOURCE/../tests/$source
		[[ ! $BUILD/tools/$tool -nt $source/main.go ]] || continue
		go=$(go_newest "$minor") || {
			say "no Go of 1.$minor or newer: the tests go without $tool"
			continue
		}
		say "building $tool with $("$go" version | cut -d' ' -f3)"
		(cd "$source" && HOME=${HOME:-$BUILD/tools} CGO_ENABLED=0 GOTOOLCHAIN=local \
			"$go" build -o "$BUILD/tools/$tool" .) >"$BUILD/tools/$tool.log" 2>&1 || {
			tail -n 20 "$BUILD/tools/$tool.log" >&2
			die "$tool can not be built; its log is $BUILD/tools/$tool.log"
		}
	done <<<"$TEST_TOOLS"
}

# The rows still missing, without columns and slashes, for a person to read.
print_missing() {
	local row

	for row in "${MISSING[@]}"; do
		row=${row//@CLANG@/VERSION}
		printf '  %s\n' "${row# }"
	done | sed 's, / , or ,' >&2
}

main() {
	GROUPS_WANTED=("$@")
	(($# > 0)) || GROUPS_WANTED=(build demo)
	local group
	for group in "${GROUPS_WANTED[@]}"; do
		[[ $group =~ ^(build|demo|test|vm)$ ]] || {
			warn "unknown group '$group'; known are: build demo test vm"
			exit 2
		}
	done

	# The tests use virtual machines as well.
	[[ " ${GROUPS_WANTED[*]} " != *" test "* ]] || GROUPS_WANTED+=(vm)
	find_missing
	if ((${#MISSING[@]} > 0)) && command -v apt-get >/dev/null; then
		if ((EUID != 0)); then
			warn "missing (apt packages):"
			print_missing
			die "installing them needs root: use sudo, or install them yourself"
		fi
		install_packages
		find_missing
	fi
	if ((${#MISSING[@]} > 0)); then
		warn "missing (names of Debian's packages; yours may have others):"
		print_missing
		die "install these, then try again"
	fi
	if [[ " ${GROUPS_WANTED[*]} " =~ \ (demo|test)\  ]]; then
		install_exporter
	fi
	if [[ " ${GROUPS_WANTED[*]} " == *" test "* ]]; then
		install_test_tools
	fi
	build_give_back "$BUILD"
	say "nothing is missing for: ${GROUPS_WANTED[*]}"
}

main "$@"
