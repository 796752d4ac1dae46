#!/usr/bin/env bash
# Builds into build/coverage with counters, runs tests and prints how many lines of lib/ they run, file by file and in all.
#   scripts/coverage.sh                  every test
#   scripts/coverage.sh "[io]"           those of one folder (whatever hyplora-tests takes)
#   TARGET=hyplora-tokenize RUN="build/coverage/bin/hyplora-tokenize --version" scripts/coverage.sh    one program, built and run once
# Needs gcovr (Debian: gcovr; PyPI: gcovr).
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v gcovr >/dev/null; then
  echo "gcovr is not installed (Debian: gcovr; PyPI: gcovr)" >&2
  exit 2
fi
scripts/setup.sh cpu
cmake --preset coverage >/dev/null
cmake --build --preset coverage ${TARGET:+--target "$TARGET"}
find build/coverage -name '*.gcda' -delete  # of earlier runs
failed=0
if [ -n "${RUN:-}" ]; then
  $RUN || failed=1
elif [ $# -gt 0 ]; then
  build/coverage/bin/hyplora-tests "$@" || failed=1
else
  ctest --preset coverage || failed=1
fi
gcovr --root . --filter lib/ build/coverage
exit $failed
