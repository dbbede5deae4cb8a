#!/bin/sh
# Make the virtual environment, unless it exists.
#
#   make_venv.sh FOLDER [PYTHON]
set -eu

venv=$1
asked=${2:-}

enough() { # whether a Python runs and is new enough
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

if enough "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    exit 0
fi

found=
seen=
if [ -n "$asked" ]; then
    if enough "$asked"; then found=$asked; fi
    seen=" $asked does not start, or is older."
else
    for python in python3.11 python3.12 python3.13 python3 python; do
        if command -v "$python" >/dev/null 2>&1; then
            if enough "$python"; then
                found=$python
                break
            fi
            version=$("$python" --version 2>&1 || true)
            case $version in
                Python*) seen="$seen $python is $version." ;;
            esac
        fi
    done
fi

if [ -z "$found" ]; then
    {
        echo "error: sphinx-attention needs Python 3.11 or newer.${seen:- None was found.}"
        echo "Install one (https://www.python.org/downloads/), or name one:"
        echo "  make demo PYTHON=/path/to/python3.11"
    } >&2
    exit 1
fi

if ! "$found" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    {
        echo "error: $found cannot make a virtual environment: its module venv or ensurepip is missing."
        echo "On Debian and Ubuntu: apt-get install python3-venv"
    } >&2
    exit 1
fi

echo "==> Making $venv with $("$found" --version)"
"$found" -m venv --clear "$venv"
