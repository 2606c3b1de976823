#!/usr/bin/env bash
# Makes .venv and installs the pinned requirements into it. Does nothing when they have not changed.
#   tools/install.sh run   what the services need
#   tools/install.sh dev   that, and the tools for development and tests
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-run}
python=${PYTHON:-python3}
torch=2.13.0

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "Python 3.11 or newer is needed, and $python is $("$python" --version). Set PYTHON=..." >&2
  exit 1
fi

sums=$(cat requirements.txt ./*/requirements*.txt tools/install.sh | sha256sum | cut -d' ' -f1)
stamp=.venv/.installed-$kind
[ -e "$stamp" ] && [ "$(cat "$stamp")" = "$sums" ] && exit 0

if [ ! -x .venv/bin/pip ]; then
  echo "making .venv"
  "$python" -m venv .venv || { echo "On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
fi
pip() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }

# torch: a wheel that pip's own settings name, else the CPU build, else whatever the index has. Its needs come below.
if ! .venv/bin/python -c "import torch, sys; sys.exit(torch.__version__.split('+')[0] != '$torch')" 2>/dev/null; then
  echo "installing torch $torch (CPU)"
  pip install -q --no-index --no-deps "torch==$torch" 2>/dev/null ||
    pip install -q --no-deps --timeout 5 --retries 0 --index-url https://download.pytorch.org/whl/cpu "torch==$torch" 2>/dev/null ||
    pip install -q "torch==$torch"
fi

echo "installing the requirements"
if [ "$kind" = dev ]; then
  pip install -q -r requirements.txt
else
  files=()
  for file in ./*/requirements.txt; do files+=(-r "$file"); done
  pip install -q "${files[@]}"
fi
for file in ./*/requirements-no-deps.txt; do pip install -q --no-deps -r "$file"; done
echo "$sums" > "$stamp"
[ "$kind" = dev ] && echo "$sums" > .venv/.installed-run
echo "installed"
