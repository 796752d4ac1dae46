#!/usr/bin/env bash
# Installs what is missing, builds and runs every test.
#   scripts/test.sh [cpu|asan|cuda]     default: cpu
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-cpu}
scripts/setup.sh "$([ "$preset" = cuda ] && echo cuda || echo cpu)"
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset"
ctest --preset "$preset"
