#!/usr/bin/env bash
# Runs the tests of the CPU kernels on aarch64 without such a machine: built with Debian's cross compiler, run by qemu-user. For
# maintainers; a build on aarch64 itself is the usual one.
#   scripts/aarch64.sh               tests of ops and hyperbolic, about 20 minutes of compiling on two cores
#   scripts/aarch64.sh "[ops]"       whatever hyplora-tests takes
# Works in build/aarch64: LibTorch for aarch64 and what that loads, Debian's arm64 libraries, objects (remove those when a header changed).
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh cpu
for package in g++-aarch64-linux-gnu qemu-user; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || apt-get install -y -qq --no-install-recommends "$package"
done

place=$PWD/build/aarch64
torch_version=$(sed -nE 's/^torch_version=//p' scripts/setup.sh)
mkdir -p "$place"/{apt/lists/partial,archives/partial,debs,root,objects}
if [ ! -e "$place/torch.done" ]; then
  platforms=()
  for glibc in 17 24 25 26 27 28; do platforms+=(--platform "manylinux_2_${glibc}_aarch64"); done
  python3 -m pip install --quiet --no-deps --upgrade --only-binary=:all: "${platforms[@]}" --platform manylinux2014_aarch64 --python-version 3.11 \
    --target "$place/wheels" torch=="$torch_version" 'nvidia-cuda-runtime==13.0.*' 'nvidia-cuda-cupti==13.0.*'
  touch "$place/torch.done"
fi
if [ ! -e "$place/debs.done" ]; then  # with lists of its own: the machine's packages stay those of its architecture
  apt=(apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State::lists="$place/apt/lists"
       -o Dir::State::status=/dev/null -o Dir::Cache::archives="$place/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=)
  "${apt[@]}" update
  (cd "$place/debs" && "${apt[@]}" download libssl3 zlib1g libsimdjson14 libfmt9 libspdlog1.10)
  for package in "$place"/debs/*.deb; do dpkg -x "$package" "$place/root"; done
  touch "$place/debs.done"
fi

torch=$place/wheels/torch
compile=(aarch64-linux-gnu-g++ -std=c++20 -O2 -fopenmp -Wno-psabi -DSPDLOG_FMT_EXTERNAL '-DHYPLORA_VERSION="aarch64"' -Ilib -Itests
         -idirafter "$torch/include" -idirafter "$torch/include/torch/csrc/api/include" -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu)
object() {  # of a source, compiled where it is older
  local source=$1 object=$place/objects/${1//\//_}.o
  shift
  [ "$object" -nt "$source" ] || "${compile[@]}" "$@" -c "$source" -o "$object"
}
jobs=0
for source in lib/{core,io,ops,hyperbolic,model}/*.cpp tests/{ops,hyperbolic}/*.cpp tests/support/main.cpp; do
  object "$source" &
  ((++jobs % $(nproc))) || wait
done
wait
for source in lib/ops/kernels/*.cpp; do object "$source" -DHYPLORA_UNITS=baseline -ffp-contract=fast; done
object tests/support/support.cpp "-DHYPLORA_SOURCE=\"$PWD\"" '-DHYPLORA_PROGRAMS="none"' '-DHYPLORA_FAULTS="none"'

aarch64-linux-gnu-ar rcs "$place/lib.a" "$place"/objects/lib_*.o
debian=$place/root/usr/lib/aarch64-linux-gnu
aarch64-linux-gnu-g++ -fopenmp -o "$place/tests" "$place"/objects/tests_*.o "$place/lib.a" "$debian"/lib{simdjson.so.14,crypto.so.3,fmt.so.9,spdlog.so.1.10} \
  "$place/root/lib/aarch64-linux-gnu/libz.so.1" "$torch"/lib/lib{torch_cpu.so,c10.so,gomp.so.1} -Wl,--allow-shlib-undefined
exec qemu-aarch64 -L /usr/aarch64-linux-gnu -E OMP_NUM_THREADS=2 \
  -E LD_LIBRARY_PATH="$torch/lib:$place/wheels/nvidia/cu13/lib:$debian:$place/root/lib/aarch64-linux-gnu:/usr/aarch64-linux-gnu/lib" "$place/tests" "${@:-[ops],[hyperbolic]}"
