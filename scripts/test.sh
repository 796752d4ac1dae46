#!/usr/bin/env bash
# Installs what is missing, builds and runs every test.
#   scripts/test.sh [cpu|ci|asan|cuda]     default: cpu; where CI=true, ci: the same with warnings as errors
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-$([ "${CI:-}" = true ] && echo ci || echo cpu)}
scripts/setup.sh "$([ "$preset" = cuda ] && echo cuda || echo cpu)"
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset"
ctest --preset "$preset"
