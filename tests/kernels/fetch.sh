#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# fetch.sh KERNEL SUITE DIRECTORY - the newest cloud kernel of a Debian suite.
#
# Inputs: KERNEL is the version that the suite must have ("6.12"), or "newest" for any;
# SUITE a Debian suite ("trixie", "sid").  The mirror and the proxy are those of the
# machine's own apt (DEBIAN_MIRROR=URI replaces them: needed if the machine is not
# Debian).  Signatures are checked against Debian's archive keys.
# Outputs: DIRECTORY/vmlinuz and DIRECTORY/package (its name and version).  If the
# directory is complete, nothing is downloaded; remove it to get a newer kernel.
#
# apt gets directories of its own, so the machine's package sources, lists and installed
# packages do not change.  It must not know what the kernel is used for.

set -eu

fail() {
	echo "fetch: cannot get kernel '$kernel' of suite '$suite': $*" >&2
	exit 1
}

if [ $# -ne 3 ]; then
	echo "usage: fetch.sh KERNEL SUITE DIRECTORY" >&2
	exit 2
fi
kernel=$1
suite=$2
directory=$3

# This file is written last, so if it exists, all is complete.
[ -s "$directory/package" ] && exit 0

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] || fail "no '$keyring'; install debian-archive-keyring"
for tool in apt-get apt-cache dpkg-deb; do
	command -v "$tool" >/dev/null || fail "no '$tool'; only Debian and its derivatives have it"
done

mirror=${DEBIAN_MIRROR:-}
if [ -z "$mirror" ]; then
	# The label differs between the main archive and security updates, the address may not.
	# shellcheck disable=SC2016 # apt fills in the names
	mirror=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' |
		sed -n '/^Debian /{s///p;q;}')
fi
[ -n "$mirror" ] || fail "apt's sources have no Debian archive (elsewhere than on Debian, set" \
	"DEBIAN_MIRROR to the address of a mirror; on Debian, run apt-get update)"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
# apt changes to a user of its own, which needs access.
chmod 0755 "$work"
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/unpacked"
cat >"$work/kernel.sources" <<EOF
Types: deb
URIs: $mirror
Suites: $suite
Components: main
Architectures: amd64
Targets: Packages
Signed-By: $keyring
EOF

# An empty status file: packages that are installed here must not change the choice.
set -- -q -o APT::Architecture=amd64 -o APT::Architectures=amd64 \
	-o Dir::Etc::sourcelist="$work/kernel.sources" -o Dir::Etc::sourceparts=- \
	-o Dir::State::lists="$work/lists" -o Dir::State::status=/dev/null \
	-o Dir::Cache="$work/cache" -o APT::Update::Error-Mode=any \
	-o Acquire::Retries=3

apt-get "$@" update >"$work/log" 2>&1 || fail "apt-get update: $(tail -n 5 "$work/log")"

# The meta-package follows the suite's newest kernel.
package=$(apt-cache "$@" show linux-image-cloud-amd64 2>/dev/null |
	sed -n 's/^Depends:.*\(linux-image-[0-9][^ ,]*\).*/\1/p' | head -n 1)
[ -n "$package" ] || fail "the suite has no linux-image-cloud-amd64"
case $kernel in
newest) ;;
*)
	case $package in
	linux-image-"$kernel".*) ;;
	*) fail "the suite has '$package'" ;;
	esac
	;;
esac
# Newer packaging keeps the image in a package that linux-image-* depends on.
binary=linux-binary-${package#linux-image-}
if apt-cache "$@" show "$binary" >/dev/null 2>&1; then
	package=$binary
fi

(cd "$work" && apt-get "$@" download "$package") >"$work/log" 2>&1 ||
	fail "apt-get download '$package': $(tail -n 5 "$work/log")"
dpkg-deb -x "$work"/linux-*.deb "$work/unpacked" || fail "dpkg-deb -x '$package'"

release=${package#linux-*-}
image=
for path in "$work/unpacked/boot/vmlinuz-$release" \
	"$work/unpacked/usr/lib/modules/$release/vmlinuz" \
	"$work/unpacked/lib/modules/$release/vmlinuz"; do
	if [ -s "$path" ]; then
		image=$path
	fi
done
[ -n "$image" ] || fail "no kernel image in '$package'"

mkdir -p "$directory"
cp "$image" "$directory/vmlinuz"
dpkg-deb -f "$work"/linux-*.deb Package Version >"$directory/package.new"
mv "$directory/package.new" "$directory/package"
echo "fetch: $kernel: $(sed -n 's/^Package: //p' "$directory/package")"
