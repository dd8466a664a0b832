#!/bin/sh
# Create a virtual environment with a current pip in the folder $1. Debian ships Python without ensurepip, so if
# that fails, python3-venv is installed, or named.
set -eu

folder=$1
python=${PYTHON:-python3}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "runcomfy needs Python 3.11 or newer as $python. On Debian: apt-get install python3 python3-venv" >&2
    exit 1
fi

make_venv() {
    rm -rf "$folder"
    "$python" -m venv "$folder" >/dev/null 2>&1
}

if [ ! -x "$folder/bin/python" ] || ! "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
    if ! make_venv; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            echo "Python has no ensurepip: installing Debian's python3-venv."
            apt-get update -qq
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
            make_venv
        else
            echo "$python cannot make virtual environments. On Debian: sudo apt-get install python3-venv" >&2
            exit 1
        fi
    fi
fi

# Dependency groups need pip 25.1.
"$folder/bin/python" -m pip install --quiet --upgrade 'pip>=25.1'
