# SPDX-License-Identifier: Apache-2.0
# Sourced by quickstart and check: installs the Debian packages that are missing,
# and only those, so that a second run changes nothing and is quick.
# shellcheck shell=bash disable=SC2034

# What a build needs; one line a reason.
BUILD_PACKAGES=(
	gcc libc6-dev pkg-config meson ninja-build # C, and the build system (brings python3)
	clang llvm bpftool libbpf-dev libelf-dev   # the kernel probe
	zlib1g-dev libyaml-dev libjansson-dev      # captures, rule files, alerts
	libisal-dev                                # gzip several times as fast as zlib's
	g++ libre2-dev                             # regular expressions of rules
	libmicrohttpd-dev                          # the HTTP server: metrics, evtagg serve
	libzstd-dev                                # compressed logs, for evtagg
	libncurses-dev                             # the terminal browser of evtagg
	libsystemd-dev                             # the journal, for evtagg
	libssl-dev                                 # digests of executables
	libcurl4-openssl-dev                       # Docker and Podman, asked for container metadata
	libnghttp2-dev libprotobuf-c-dev protobuf-c-compiler # containerd and CRI-O, asked the same
)
# What the tests need besides.
CHECK_PACKAGES=(
	libcmocka-dev clang-format shellcheck python3
	sysdig   # another reader of captures, that ours is held against (its driver is not installed)
	zsh fish # their completions
	tmux # a terminal for evtagg browse, whose cells can be read
	chromium chromium-driver # a browser for evtagg serve and its reports
	qemu-system-x86 busybox-static cpio # a machine with another kernel, for tests/live/second_kernel
	docker.io podman containerd runc # containers, for tests/live/test_containers.py and test_container_log.py
	systemd-journal-remote zstd jq # a real journal, compressed logs, what evtagg is measured against
	prometheus # its promtool, which judges metrics
)

# install_missing PACKAGE...
install_missing() {
	local missing=() package
	if ! command -v dpkg-query >/dev/null; then
		echo "This is no Debian: make sure that the equivalents of these are installed: $*" >&2
		return 0
	fi
	for package; do
		# A package may come in as part of another (Provides); its status line says so.
		dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
			missing+=("$package")
	done
	((${#missing[@]})) || return 0
	if ((EUID != 0)); then
		echo "Missing packages. Install them, or run this with sudo: apt-get install ${missing[*]}" >&2
		return 1
	fi
	echo "Installing ${missing[*]}"
	without_services apt_install "${missing[@]}"
}

apt_install() {
	export DEBIAN_FRONTEND=noninteractive
	apt-get -qq update && apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

# Runs a command; a package that brings a service (Docker's) does not start it meanwhile.
without_services() {
	local policy=/usr/sbin/policy-rc.d code=0
	if [[ -e $policy ]]; then # somebody has said already what may start
		"$@"
		return
	fi
	printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
	"$@" || code=$?
	rm -f "$policy"
	return "$code"
}
