#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# deps.sh [--why] [GROUP]... - installs what is missing: by apt on Debian 12 and
# newer and Ubuntu 24.04; elsewhere it prints what to install.
#
# Input: groups of dependencies (build, demo, test, vm; default: build).  --why:
# installs nothing, says what is missing if something is, and exits with 1; the
# Makefile runs this after a command that has failed.
# Output: installed packages, BUILD/tools/, exit status 0 if nothing is missing any
# more.  It checks whether a tool works, not where it came from: a compiler or a Go of
# your own is left alone.  It must not change anything when nothing is missing.
set -euo pipefail

PROGRAM_NAME=deps
SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$SOURCE/lib.sh"
BUILD=$(realpath -m "${BUILD:-$SOURCE/../build}")
# bpftool and nginx are there; sudo and cron often leave these directories out.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# Versions of statsd_exporter, each with the oldest Go that builds it.  Debian 12
# has Go 1.19, Ubuntu 24.04 has 1.22, Debian 13 has 1.24.  All three versions have
# what redtap needs (DogStatsD tags, counters, gauges, ttl, help), so the
# distribution's Go is enough and no other one is downloaded.
STATSD_EXPORTER_MODULE=github.com/prometheus/statsd_exporter
STATSD_EXPORTER_VERSIONS="1.25 $(sed -n 's/^STATSD_EXPORTER_VERSION=//p' "$SOURCE/.env")
1.22 v0.28.0
1.18 v0.26.0"

# Tools of the tests in Go, and the oldest Go that builds each: tests/dashboards
# checks dashboards against Grafana's schema, tests/compose reads compose files as
# docker does.
TEST_TOOLS='dashboard_schema dashboards 21
compose_config compose 24'

# group | check (a have_* function and its arguments) | apt packages; after the
# slash, those for a distribution that lacks one of the first
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
test  | program apache2       | apache2-bin
test  | program haproxy       | haproxy
test  | python tornado        | python3-tornado
test  | python uvicorn        | python3-uvicorn
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

# Ubuntu's package fetches a snap while it is unpacked, and snaps do not start
# everywhere (containers).  So it is not installed there: the test that needs it
# fails and says what to do.
have_chromium() {
	have_program chromium || grep -q '^ID=ubuntu$' /etc/os-release 2>/dev/null
}

# Ubuntu's minimized images replace man by a program that prints a notice; the real
# one is man.REAL there.
have_man() {
	have_program man.REAL || [[ $(man --version 2>/dev/null) == "man "* ]]
}

# A module of the distribution's Python, whichever Python is first on PATH.
have_python() {
	[[ -e /usr/lib/python3/dist-packages/$1 ]]
}

have_module() {
	pkg-config --atleast-version="$2" "$1" 2>/dev/null
}

have_header() {
	gcc -E -include "$1" -x c /dev/null -o /dev/null 2>/dev/null
}

# Ubuntu's /usr/sbin/bpftool looks for the one of the running kernel and may find
# none; to generate a skeleton, any version will do.
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

# tests/lint/lint.sh needs version 14 and reports it if only another one is installed.
have_clang_format() {
	have_program clang-format-14 || have_program clang-format
}

# Runs the Python that gunicorn uses: the first one on PATH may be a different one.
have_flask() {
	local gunicorn line

	gunicorn=$(command -v gunicorn) && IFS= read -r line <"$gunicorn" && [[ $line == '#!'* ]] ||
		return 1
	# Split into words: an interpreter and perhaps its argument.
	# shellcheck disable=SC2086
	${line#??} -c 'import flask' 2>/dev/null
}

# The virtual machines of the tests have no libraries for a dynamic one.
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
		# Split into words: a function's name and its arguments.
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

# Packages of servers start them, now and at each boot.  A demo must not leave a web
# server on port 80 of the machine.
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
	# Package scripts run this program to ask whether they may start a service.
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
	apt_run update || warn "'apt-get update' failed: using the old package lists"
	for row in "${MISSING[@]}"; do
		resolved=$(resolve "$row") || exit 1
		for name in $resolved; do
			# Several rows may name the same package.
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
	# Go needs a HOME for its caches; cron and systemd units may have none.
	HOME=${HOME:-$BUILD/tools} CGO_ENABLED=0 GOTOOLCHAIN=local GOBIN=$BUILD/tools \
		"$go" install "$STATSD_EXPORTER_MODULE@$version" >"$BUILD/tools/install.log" 2>&1 || {
		tail -n 20 "$BUILD/tools/install.log" >&2
		die "statsd_exporter $version cannot be built; its log is $BUILD/tools/install.log; put a statsd_exporter on PATH yourself"
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

# Builds what is missing or older than its source.  A test that needs a missing tool
# reports that.
install_test_tools() {
	local tool source minor go

	mkdir -p "$BUILD/tools"
	while read -r tool source minor; do
		source=$SOURCE/../tests/$source
		[[ ! $BUILD/tools/$tool -nt $source/main.go ]] || continue
		go=$(go_newest "$minor") || {
			say "no Go of 1.$minor or newer: $tool is not built"
			continue
		}
		say "building $tool with $("$go" version | cut -d' ' -f3)"
		(cd "$source" && HOME=${HOME:-$BUILD/tools} CGO_ENABLED=0 GOTOOLCHAIN=local \
			"$go" build -o "$BUILD/tools/$tool" .) >"$BUILD/tools/$tool.log" 2>&1 || {
			tail -n 20 "$BUILD/tools/$tool.log" >&2
			die "$tool cannot be built; its log is $BUILD/tools/$tool.log"
		}
	done <<<"$TEST_TOOLS"
}

# The rows still missing, for a person to read.
print_missing() {
	local row

	for row in "${MISSING[@]}"; do
		row=${row//@CLANG@/VERSION}
		printf '  %s\n' "${row# }"
	done | sed 's, / , or ,' >&2
}

# Names what is missing, in one line, by the first package of each row.
say_why() {
	local row names=

	find_missing
	for row in "${MISSING[@]}"; do
		row=${row%%/*}
		names+="${names:+,} ${row//[[:space:]]/}"
	done
	[[ -z $names ]] || warn "missing:$names; run 'sudo make deps'"
	exit 1
}

main() {
	local group why=

	[[ ${1:-} != --why ]] || { why=1 && shift; }
	GROUPS_WANTED=("$@")
	(($# > 0)) || GROUPS_WANTED=(build)
	for group in "${GROUPS_WANTED[@]}"; do
		[[ $group =~ ^(build|demo|test|vm)$ ]] || {
			warn "unknown group '$group'; known are: build demo test vm"
			exit 2
		}
	done

	# The tests use virtual machines as well.
	[[ " ${GROUPS_WANTED[*]} " != *" test "* ]] || GROUPS_WANTED+=(vm)
	[[ -z $why ]] || say_why
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
