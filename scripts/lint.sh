#!/usr/bin/env bash
# Looks at the sources without running them: clang-format, the include rules and clang-tidy's checks (.clang-tidy).
#   scripts/lint.sh           all of it; clang-tidy needs the compile commands of build/cpu (cmake --preset cpu)
#   scripts/lint.sh format    clang-format and the include rules alone
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
for package in clang-format clang-tidy; do command -v "$package" >/dev/null || missing+=("$package"); done
if ((${#missing[@]})); then
  echo "installing Debian packages: ${missing[*]}" >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

git ls-files '*.h' '*.cpp' '*.cu' | xargs clang-format --dry-run --Werror
tests/layers.sh
tests/names.sh
[ "${1:-}" != format ] || exit 0

# g++'s own switches mean nothing to clang.
mkdir -p build/tidy
sed -E 's/ -(Wno-restrict|fopenmp)//g' build/cpu/compile_commands.json >build/tidy/compile_commands.json
git ls-files 'lib/*.cpp' 'apps/*.cpp' | grep -v -e /kernels/ -e no_mpi.cpp |
  xargs -P "$(nproc)" -n 4 clang-tidy -p build/tidy --quiet 2>/dev/null
