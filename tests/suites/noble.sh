#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# noble.sh DIRECTORY WITHOUT COMMAND [ARGUMENT...] - runs a command in a simulated machine
# that has only a shell, and Debian's apt and dpkg.  Its only package source is made here:
# packages with the names and dependencies of Ubuntu 24.04 (noble).
#
# Inputs: this tree, at /src there; WITHOUT: a package that the source lacks, or "".
# Outputs: those of the command, and its exit status; the machine's root stays in
# DIRECTORY/root for the next call.  It needs root, or a kernel that allows user namespaces
# to all users.  It must not know which packages stack/deps.sh needs.
#
# The packages contain simulated programs, which only respond to the calls by which
# stack/deps.sh checks whether they work.  The contents of noble are those of the pages of
# packages.ubuntu.com, noble and noble-updates: /noble/bpftool is virtual, provided by
# linux-tools-common, whose /usr/sbin/bpftool starts the one of the running kernel;
# .../linux-tools-6.8.0-39/filelist and .../linux-tools-6.8.0-58-generic-64k/filelist
# have the real one.  /noble/chromium-driver and others: Chromium is a snap,
# chromium-browser a transitional package that provides `chromium` and fetches the snap
# before it is unpacked.  /noble/libdevel/libclang-rt-18-dev, /noble/amd64/libclang-rt-dev,
# /noble/all/clang-format-14/filelist, /noble/amd64/libcmocka-dev,
# /noble/amd64/nginx-light, /noble/python/websockify.  Minimized images of it (docker's
# among them) divert /usr/bin/man to man.REAL, and have a program there that says
# so: unminimize(8).
# The single-quoted programs are for the shell there.
# shellcheck disable=SC2016
set -euo pipefail

(($# >= 3)) || {
	echo "usage: noble.sh DIRECTORY WITHOUT COMMAND [ARGUMENT...]" >&2
	exit 2
}
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(realpath -m "$1") without=$2
shift 2
root=$work/root

# package | fields of it | programs (in /usr/bin unless they say where), and other
# files with what is in them
NOBLE='
make                   |                                 | make
gcc                    |                                 | gcc
libc6-dev              |                                 | /usr/include/stdio.h=C
clang                  |                                 | clang
llvm                   |                                 | llvm-strip
pkg-config             |                                 | pkg-config
libbpf-dev             |                                 | /usr/lib/pkgconfig/libbpf.pc=1.3.0
libelf-dev             |                                 | /usr/lib/pkgconfig/libelf.pc=0.190
zlib1g-dev             |                                 | /usr/lib/pkgconfig/zlib.pc=1.3
linux-tools-common     | Provides: bpftool               | /usr/sbin/bpftool
linux-tools-generic    | Depends: linux-tools-6.8.0-39-generic |
linux-tools-6.8.0-39-generic |                           | /usr/lib/linux-tools/6.8.0-39-generic/bpftool
curl                   |                                 | curl
jq                     |                                 | jq
prometheus             |                                 | prometheus promtool
golang-go              |                                 | go
ca-certificates        |                                 | /etc/ssl/certs/ca-certificates.crt=roots
libcmocka-dev          |                                 | /usr/lib/pkgconfig/cmocka.pc=1.1.7
libcurl4-openssl-dev   |                                 | /usr/lib/pkgconfig/libcurl.pc=8.5.0
libjansson-dev         |                                 | /usr/lib/pkgconfig/jansson.pc=2.14
chromium-browser       | Provides: chromium              | chromium-browser
libclang-rt-dev        | Depends: libclang-rt-18-dev     |
libclang-rt-18-dev     |                                 | /usr/lib/llvm-18/asan=18
nginx                  |                                 | /usr/sbin/nginx
nginx-light            | Depends: nginx                  |
gunicorn               |                                 | gunicorn
websockify             |                                 | websockify
apache2-bin            |                                 | apache2
haproxy                |                                 | haproxy
python3-tornado        | Depends: python3                | /usr/lib/python3/dist-packages/tornado=6.4
python3-uvicorn        | Depends: python3                | /usr/lib/python3/dist-packages/uvicorn=0.27
python3                |                                 | python3
python3-flask          | Depends: python3                | /usr/lib/python3/flask=3.0.2
qemu-system-x86        |                                 | qemu-system-x86_64
clang-format-14        |                                 | clang-format-14
clang-format           |                                 | clang-format
clang-tidy             |                                 | clang-tidy
shellcheck             |                                 | shellcheck
busybox-static         |                                 | busybox
util-linux             |                                 | setpriv
systemd                |                                 | systemd-analyze
man-db                 |                                 | man
debian-archive-keyring |                                 | /usr/share/keyrings/debian-archive-keyring.gpg=keys
'

# Tools of this machine, which the simulated one has as links.
TOOLS='apt-cache apt-get awk bash cat chmod chown cp cut diff dirname dpkg dpkg-deb dpkg-divert
dpkg-query dpkg-split echo env grep head ln ls mkdir mktemp mv realpath rm sed sh sort tail tar
touch true uname'

# program PATH: prints a program of a package.
program() {
	case $1 in
	*/gunicorn) echo '#!/usr/bin/python3' && return ;;
	*) echo '#!/bin/sh' ;;
	esac
	case $1 in
	# Reads standard input to its end, so that the writer gets no SIGPIPE.
	/usr/bin/gcc) echo 'if [ "$1" = -E ]; then [ -e "/usr/include/$3" ]; else cat >/dev/null; fi' ;;
	*/clang) echo '
		[ "$1" = -dumpversion ] && echo 18.1.3 && exit
		cat >/dev/null && [ -e /usr/lib/llvm-18/asan ]' ;;
	*/pkg-config) echo 'dpkg --compare-versions "$(cat "/usr/lib/pkgconfig/$2.pc")" ge "${1#*=}"' ;;
	/usr/sbin/bpftool) echo 'echo "WARNING: bpftool not found for kernel $(uname -r)" >&2; exit 2' ;;
	*/python3) echo '[ -e /usr/lib/python3/flask ]' ;;
	*/man) echo 'echo "man 2.12.0"' ;;
	*/go) echo '
		case $1 in
		version) echo "go version go1.22.2 linux/amd64" ;;
		install) echo "$2" >"$GOBIN/${2##*/}" && mv "$GOBIN/${2##*/}" "$GOBIN/statsd_exporter" &&
			chmod 755 "$GOBIN/statsd_exporter" ;;
		build) touch "$3" ;;
		esac' ;;
	*) echo 'exit 0' ;;
	esac
}

# package NAME FIELDS FILE...: adds a package to the archive.
package() {
	local name=$1 fields=$2 file path deb=$work/archive/$1.deb

	shift 2
	mkdir -p "$work/package/DEBIAN"
	for file; do
		path=${file%%=*}
		[[ $path == /* ]] || path=/usr/bin/$path
		mkdir -p "$work/package${path%/*}"
		if [[ $file == *=* ]]; then
			echo "${file#*=}" >"$work/package$path"
		else
			program "$path" >"$work/package$path"
			chmod 755 "$work/package$path"
		fi
	done
	if [[ $name == chromium-browser ]]; then
		printf '#!/bin/sh\necho "error: cannot mount squashfs image" >&2\nexit 1\n' \
			>"$work/package/DEBIAN/preinst"
		chmod 755 "$work/package/DEBIAN/preinst"
	fi
	printf '%s\n' "Package: $name" "Version: 24.04" "Architecture: all" \
		"Maintainer: none" ${fields:+"$fields"} "Description: simulated" \
		>"$work/package/DEBIAN/control"
	dpkg-deb --root-owner-group -Znone -b "$work/package" "$deb" >/dev/null
	{
		cat "$work/package/DEBIAN/control"
		echo "Filename: ./$name.deb"
		echo "Size: $(stat -c %s "$deb")"
		echo "SHA256: $(sha256sum "$deb" | cut -d' ' -f1)"
		echo
	} >>"$work/archive/Packages"
	rm -rf "$work/package"
}

machine_make() {
	local name fields files tool directory

	mkdir -p "$work/archive"
	while IFS='|' read -r name fields files; do
		name=${name%% *} fields=${fields# } fields=${fields%"${fields##*[! ]}"}
		[[ -n $name && $name != "$without" ]] || continue
		# Words of the row.
		# shellcheck disable=SC2086
		package "$name" "$fields" $files
	done <<<"$NOBLE"
	mkdir -p "$root"/{dev,proc,tmp,src,archive,build,host/usr,usr/{bin,sbin,lib,share}} \
		"$root"/etc/{apt/{apt.conf,preferences,sources.list}.d,dpkg} "$root"/var/{log/apt,lib/dpkg/{info,updates}} \
		"$root"/var/{lib/apt/lists,cache/apt/archives}/partial
	for directory in bin sbin lib; do
		ln -s "usr/$directory" "$root/$directory"
	done
	ln -s host/usr/lib64 "$root/lib64"
	for directory in lib/apt lib/x86_64-linux-gnu share/dpkg; do
		ln -s "/host/usr/$directory" "$root/usr/$directory"
	done
	for tool in $TOOLS; do
		ln -s "/host/$(realpath -s --relative-to=/ "$(type -P "$tool")")" "$root/usr/bin/$tool"
	done
	ln -s /host/usr/sbin/ldconfig /host/usr/sbin/start-stop-daemon "$root/usr/sbin/"
	echo root:x:0:0:root:/:/bin/sh >"$root/etc/passwd"
	echo root:x:0: >"$root/etc/group"
	printf '%s\n' 'ID=ubuntu' 'VERSION_ID="24.04"' 'VERSION_CODENAME=noble' >"$root/etc/os-release"
	echo 'deb [trusted=yes] file:/archive ./' >"$root/etc/apt/sources.list"
	echo 'APT::Sandbox::User "root";' >"$root/etc/apt/apt.conf"
	echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg"
	touch "$root/var/lib/dpkg/status"
	printf '#!/bin/sh\necho "This system has been minimized"\n' >"$root/usr/bin/man"
	chmod 755 "$root/usr/bin/man"
	printf '%s\n' /usr/bin/man /usr/bin/man.REAL ubuntu-minimal >"$root/var/lib/dpkg/diversions"
}

[[ -d $root ]] || machine_make
((EUID == 0)) && namespaces=(--mount) || namespaces=(--mount --map-root-user)
# Everything of this machine is mounted read-only.
exec unshare "${namespaces[@]}" bash -c '
	set -e
	root=$1 work=$2 top=$3
	shift 3
	bind() {
		mount --bind "$1" "$root$2"
		mount -o remount,ro,bind "$root$2"
	}
	bind /usr /host/usr
	bind "$work/archive" /archive
	bind "$top" /src
	mount --rbind /dev "$root/dev"
	mount --rbind /proc "$root/proc"
	exec env -i PATH=/usr/sbin:/usr/bin BUILD=/build chroot "$root" "$@"
' - "$root" "$work" "$TOP" "$@"
