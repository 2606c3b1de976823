#!/usr/bin/env bash
# Makes .venv-bench: the product's environment, seen through a path file, and beside it what only the benchmark needs.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/install_system.sh
tools/install.sh dev
stamp=.venv-bench/.installed
sums=$(sha256sum < bench/requirements-bench.txt)
if [ ! -e "$stamp" ] || [ "$(cat "$stamp")" != "$sums" ]; then
  echo "installing what the benchmark needs"
  [ -x .venv-bench/bin/python ] || .venv/bin/python -m venv --without-pip .venv-bench
  site=$(.venv-bench/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  .venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > "$site/product.pth"
  .venv/bin/python -m pip --disable-pip-version-check --python .venv-bench/bin/python install -q -r bench/requirements-bench.txt
  echo "$sums" > "$stamp"
fi
if ! command -v ffmpeg >/dev/null; then
  sudo=()
  [ "$(id -u)" -eq 0 ] || sudo=(sudo -n)
  echo "installing ffmpeg, which the documented way of openai-whisper needs"
  DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends ffmpeg >/dev/null ||
    { echo "Install ffmpeg, for example: sudo apt-get install ffmpeg" >&2; exit 1; }
fi
