#!/usr/bin/env bash
# Makes .venv with the package and its tools, and bubblewrap, the sandbox. Safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or newer is needed; $python is $("$python" --version)." >&2
    echo "  mend: install it, then: make setup PYTHON=python3.11" >&2
    exit 2
}
if [ ! -x .venv/bin/python ] && ! "$python" -m venv .venv; then
    rm -rf .venv
    echo "Python cannot make virtual environments here." >&2
    echo "  mend: sudo apt-get install -y python3-venv" >&2
    exit 2
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'

if [ "$(uname -s)" = Linux ] && ! command -v bwrap >/dev/null; then
    install='apt-get update && apt-get install -y bubblewrap'
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        sh -c "$install" >/dev/null
    elif command -v apt-get >/dev/null && sudo -n true 2>/dev/null; then
        sudo sh -c "$install" >/dev/null
    else
        echo "bubblewrap, the sandbox, is not installed; without it nothing is graded." >&2
        echo "  mend: sudo sh -c '$install'" >&2
    fi
fi
