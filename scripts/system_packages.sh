#!/bin/sh
# Install the programs for the tests that pip cannot install: a browser, shells, strace, Node.js.
# As root on Debian, missing ones are installed; otherwise they are listed, and the tests that need them are skipped with that reason.
set -eu

missing=""
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }

need chromium chromium
need zsh zsh
need fish fish
need strace strace
need node nodejs
need npm npm
need tmux tmux

[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Debian packages:$missing"
    apt-get update -qq
    # shellcheck disable=SC2086  # a list of words
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "Some tests will be skipped. To run them, on Debian: sudo apt-get install$missing" >&2
fi
