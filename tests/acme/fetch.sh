#!/usr/bin/env bash
# Puts ACME servers for the tests into the folder .pebble of the checkout: those that are named, out of
# pebble (Let's Encrypt's server for tests) and caddy (its acme_server is the code of step-ca).
#
# Debian's own packages are unpacked, without installing anything: apt works with lists and a cache of
# its own, and needs no rights. The newest package (suite sid) knows more of the protocol than that
# of the machine's own suite, which is the fallback.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=$PWD/.pebble
missing=()
for program in "${@:-pebble}"; do [ -x "$target/$program" ] || missing+=("$program"); done
[ ${#missing[@]} -gt 0 ] || exit 0
command -v apt-get > /dev/null && command -v dpkg > /dev/null || { echo "This machine has no apt-get." >&2; exit 1; }
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] || { echo "This machine is not Debian: $keyring is missing." >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mirror=$(sed -nE 's/^(URIs: |deb (\[[^]]*\] )?)(https?:\/\/[^ ]*\/debian)(\/| |$).*/\3/p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2> /dev/null | head -1 || true)
own=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
for suite in sid $own; do
    rm -rf "$work"/*
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
    echo "deb [signed-by=$keyring] ${mirror:-http://deb.debian.org/debian} $suite main" > "$work/sources.list"
    apt=(apt-get -qq -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=)
    "${apt[@]}" update > /dev/null || continue
    left=()
    for program in "${missing[@]}"; do
        if (cd "$work" && "${apt[@]}" download "$program" > /dev/null) \
            && dpkg -x "$work/$program"_*.deb "$work/unpacked" \
            && { "$work/unpacked/usr/bin/$program" -version || "$work/unpacked/usr/bin/$program" version; } > /dev/null 2>&1; then
            mkdir -p "$target"
            mv "$work/unpacked/usr/bin/$program" "$target/$program"
        else
            left+=("$program")
        fi
    done
    missing=("${left[@]}")
    [ ${#missing[@]} -gt 0 ] || exit 0
done
echo "Not downloaded: the package ${missing[*]}." >&2
exit 1
