#!/usr/bin/env bash
# Looks at the sources without running them.
#   scripts/lint.sh           clang-format, the include rules, comparisons with names
#   scripts/lint.sh tidy      clang-tidy's checks too (.clang-tidy): 10 minutes on two cores; needs build/cpu's compile commands
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
for package in clang-format clang-tidy; do command -v "$package" >/dev/null || missing+=("$package"); done
if ((${#missing[@]})); then
  echo "installing Debian packages: ${missing[*]}" >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

git ls-files '*.h' '*.cpp' '*.cu' | xargs clang-format --dry-run --Werror
tests/layers.sh
tests/names.sh
[ "${1:-}" = tidy ] || exit 0

# g++'s own switches and its precompiled headers mean nothing to clang.
mkdir -p build/tidy
sed -E 's/ -(Wno-restrict|fopenmp|fpch-preprocess|Winvalid-pch -include [^ ]*cmake_pch\.hxx)//g' build/cpu/compile_commands.json >build/tidy/compile_commands.json
git ls-files 'lib/*.cpp' 'apps/*.cpp' | grep -v -e /kernels/ -e no_mpi.cpp |
  xargs -P "$(nproc)" -n 4 clang-tidy -p build/tidy --quiet 2>/dev/null
