#!/usr/bin/env bash
# All tests, in several processes; then the few that failed once more, one after the other, and named aloud.
#   tools/run_tests.sh PROCESSES [pytest's options]
# On a machine that stands still for seconds a browser misses sound and a deadline passes: that is told from a fault by
# looking again when nothing else runs. More than a few are no chance, and not tried again. What failed first is printed
# with all its details either way: whoever meets it twice looks for what it rests on.
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python
cache=.pytest_cache/v/cache/lastfailed
most=5
processes=$1
shift

"$python" -m pytest -n "$processes" "$@" && exit 0 || status=$?
[ "$status" = 1 ] || exit "$status" # 1: tests failed; all else, an interrupt among it, is not theirs
failed=$("$python" -c 'import json, sys; print("\n".join(json.load(open(sys.argv[1]))))' "$cache")
count=$(wc -l <<< "$failed")
[ "$count" -le "$most" ] || exit "$status"

printf '\n%s failed. Once more, alone:\n%s\n' "$count" "$failed"
"$python" -m pytest -n 0 --last-failed --last-failed-no-failures none "$@"
printf '\nFAILED BESIDE OTHERS AND PASSED ALONE, see above:\n%s\n' "$failed"
