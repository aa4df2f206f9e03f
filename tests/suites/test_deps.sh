#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# test_deps.sh - what stack/deps.sh installs and prints on other machines.
# Output: see testing.sh.  tests_run calls the tests by name, which shellcheck does not see.
# shellcheck disable=SC2317
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=testing.sh
. "$(dirname "${BASH_SOURCE[0]}")/testing.sh"

# without PROGRAM...: a directory with all programs of this machine except these.
without() {
	mkdir "$SCRATCH/bin"
	cp --symbolic-link /usr/bin/* "$SCRATCH/bin/" 2>/dev/null || true
	(cd "$SCRATCH/bin" && rm -f "$@")
	echo "$SCRATCH/bin"
}

# A failed build prints what is missing, and what to do.
test_make_without_clang() {
	expect_text "$(PATH=$(without clang) MAKEFLAGS='' fails 2 make -C "$TOP" BUILD="$SCRATCH/build")" \
		"deps: missing: clang; run 'sudo make deps'"
	expect "$(fails 1 "$TOP/stack/deps.sh" --why build)" ""
}

# A machine without apt and without jq.
test_deps_elsewhere() {
	local path

	path=$(without apt-get jq)
	expect_text "$(PATH=$path fails 1 "$TOP/stack/deps.sh" demo)" \
		"missing (names of Debian's packages" "  jq"
	expect_text "$(fails 2 "$TOP/stack/deps.sh" nonsense)" "'nonsense'"
}

# noble WITHOUT COMMAND...: on a simulated, bare Ubuntu 24.04.
noble() {
	"$TOP/tests/suites/noble.sh" "$SCRATCH/noble" "$@"
}

needs_namespaces() {
	((EUID == 0)) || unshare --mount --map-root-user true 2>/dev/null ||
		skip "this kernel gives only root a mount namespace"
}

# shellcheck disable=SC2016 # for dpkg-query
noble_installed() {
	noble '' dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n' | sed -n 's/ ii *$//p' | sort | tr '\n' ' '
}

# It installs exactly what the three groups need: no snap, and a bpftool that works although
# the one on PATH does not; then nothing is missing.
test_deps_ubuntu() {
	local output wanted="make gcc libc6-dev clang llvm pkg-config libbpf-dev libelf-dev zlib1g-dev\
 linux-tools-common linux-tools-generic curl jq prometheus golang-go ca-certificates libcmocka-dev\
 libcurl4-openssl-dev libjansson-dev libclang-rt-dev nginx-light gunicorn websockify apache2-bin haproxy python3-tornado python3-uvicorn python3-flask\
 python3 qemu-system-x86 clang-format-14 clang-tidy shellcheck busybox-static util-linux systemd\
 man-db debian-archive-keyring"
	local dependencies="nginx libclang-rt-18-dev linux-tools-6.8.0-39-generic"

	needs_namespaces
	output=$(noble '' /src/stack/deps.sh build demo test)
	expect_text "$output" "deps: installing $wanted (" "building statsd_exporter v0.28.0 with go1.22.2" \
		"building dashboard_schema" "compose_config is not built" \
		"nothing is missing for: build demo test vm"
	# shellcheck disable=SC2086 # words
	expect "$(noble_installed)" "$(printf '%s\n' $wanted $dependencies | sort | tr '\n' ' ')"
	noble '' sh -c '! bpftool version' 2>/dev/null || die "the simulated bpftool works, but must not"
	# shellcheck disable=SC2016 # for make
	expect "$(noble '' /host/usr/bin/make -s -C /src --eval 'show: ; @echo $(BPFTOOL)' show)" \
		/usr/lib/linux-tools/6.8.0-39-generic/bpftool
	expect "$(noble '' /src/stack/deps.sh build demo test | grep -c installing)" 0
	expect_text "$(noble '' cat /build/tools/statsd_exporter)" statsd_exporter@v0.28.0
}

# In two steps, as users do, and from an archive that lacks a package.
test_deps_ubuntu_without() {
	needs_namespaces
	expect_text "$(noble libcmocka-dev /src/stack/deps.sh)" "deps: installing make gcc" \
		"nothing is missing for: build"
	expect_text "$(noble_installed)" 'clang gcc ' ' linux-tools-generic '
	expect_text "$(fails 1 noble '' /src/stack/deps.sh build test)" \
		"none of these packages is known to apt: libcmocka-dev"
	[[ $(noble_installed) != *libjansson-dev* ]] || die "deps.sh has installed only some of the packages"
}

tests_run
