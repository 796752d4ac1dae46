#!/usr/bin/env bash
# Installs what the build needs and is not there yet: Debian packages, and LibTorch from PyPI's torch wheel into .deps/.
#   scripts/setup.sh         for the cpu and asan presets (about 1.5 GB)
#   scripts/setup.sh cuda    adds the CUDA libraries that LibTorch loads (about 5 GB in all); needs the CUDA toolkit for nvcc
# HYPLORA_SKIP_TORCH=1 leaves LibTorch to CMAKE_PREFIX_PATH.
set -euo pipefail
cd "$(dirname "$0")/.."

kind=${1:-cpu}
torch_version=2.11.0
packages=(g++ cmake ninja-build libsentencepiece-dev nlohmann-json3-dev libcli11-dev libspdlog-dev libfmt-dev libpcre2-dev libutf8proc-dev
          libsimdjson-dev libssl-dev zlib1g-dev catch2 libopenmpi-dev xz-utils python3 python3-pip)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if ((${#missing[@]})); then
  echo "installing Debian packages: ${missing[*]}" >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

[ -z "${HYPLORA_SKIP_TORCH:-}" ] || exit 0
pip=(/usr/bin/python3 -m pip --disable-pip-version-check install --quiet --root-user-action=ignore --only-binary=:all: --target .deps --upgrade)

if [ ! -e ".deps/torch-$torch_version.done" ]; then
  echo "installing LibTorch $torch_version into .deps/ (a download of about 0.5 GB)" >&2
  rm -rf .deps
  # libtorch_cpu.so is linked against the CUDA runtime and CUPTI even where there is no GPU; the rest only serves one.
  "${pip[@]}" --no-deps "torch==$torch_version" 'nvidia-cuda-runtime==13.0.*' 'nvidia-cuda-cupti==13.0.*'
  touch ".deps/torch-$torch_version.done"
fi

if [ "$kind" = cuda ] && [ ! -e ".deps/torch-$torch_version-cuda.done" ]; then
  echo "installing LibTorch's CUDA libraries into .deps/ (a download of about 2 GB)" >&2
  # The wheel's own requirements, those that hold libraries; torch itself stays as it is.
  mapfile -t libraries < <(sed -nE 's/^Requires-Dist: ((nvidia-|cuda-toolkit)[^;]*).*/\1/p' .deps/torch-*.dist-info/METADATA)
  "${pip[@]}" "${libraries[@]}"
  touch ".deps/torch-$torch_version-cuda.done"
fi
