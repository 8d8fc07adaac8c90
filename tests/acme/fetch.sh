#!/usr/bin/env bash
# Puts Pebble, the ACME server for tests of Let's Encrypt, into the folder .pebble of the checkout.
#
# Debian's own package is unpacked, without installing anything: apt works with lists and a cache of
# its own, and needs no rights. The newest package (suite sid) knows more of the protocol than that
# of the machine's own suite, which is the fallback.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=$PWD/.pebble
[ -x "$target/pebble" ] && exit 0
command -v apt-get > /dev/null && command -v dpkg > /dev/null || { echo "This machine has no apt-get." >&2; exit 1; }
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] || { echo "This machine is not Debian: $keyring is missing." >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mirror=$(sed -nE 's/^(URIs: |deb (\[[^]]*\] )?)(https?:\/\/[^ ]*\/debian)(\/| |$).*/\3/p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2> /dev/null | head -1 || true)
own=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
for suite in sid $own; do
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
    echo "deb [signed-by=$keyring] ${mirror:-http://deb.debian.org/debian} $suite main" > "$work/sources.list"
    apt=(apt-get -qq -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=)
    if "${apt[@]}" update > /dev/null && (cd "$work" && "${apt[@]}" download pebble > /dev/null) \
        && dpkg -x "$work"/pebble_*.deb "$work/unpacked" && "$work/unpacked/usr/bin/pebble" -version > /dev/null 2>&1; then
        mkdir -p "$target"
        mv "$work/unpacked/usr/bin/pebble" "$target/pebble"
        exit 0
    fi
    rm -rf "$work"/lists "$work"/cache "$work"/pebble_*.deb "$work/unpacked"
done
echo "The package pebble could not be downloaded." >&2
exit 1
