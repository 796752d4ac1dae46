#!/usr/bin/env bash
# The same training work here and in Hugging Face transformers + PEFT, in turn on this machine; prints ratios.
#   scripts/bench.sh [rounds]        default: 3
# Needs python3 with torch, transformers, peft and safetensors in PYTHON (default: python3), and the baseline program in
# BASELINE (default: ../shared/bench/baseline.py). Leave the machine alone while it runs: a busy neighbour spoils every figure.
set -euo pipefail
cd "$(dirname "$0")/.."

rounds=${1:-3}
python=${PYTHON:-python3}
baseline=${BASELINE:-../shared/bench/baseline.py}
cache=.bench
train=build/cpu/bin/hyplora-train
[ -x $train ] || { echo "build first: cmake --preset cpu && cmake --build --preset cpu" >&2; exit 2; }
[ -e "$baseline" ] || { echo "the baseline program $baseline is not there; name it in BASELINE" >&2; exit 2; }
mkdir -p $cache
rm -f $cache/results-*

for precision in fp32 bf16; do
  "$python" "$baseline" make --dir $cache --size small --precision $precision --method lora >/dev/null 2>&1
  "$python" "$baseline" make --dir $cache --size nano --precision $precision --method lora >/dev/null 2>&1
done
"$python" scripts/bench_report.py machine

# ours PRECISION SIZE STEPS ADAPTER  -> .bench/ours/metrics.jsonl
ours() {
  local dtype=float32 vocab=32000
  [ "$1" = bf16 ] && dtype=bfloat16
  [ "$2" = nano ] && vocab=4096
  rm -rf $cache/ours
  cat >$cache/config.json <<END
{"base_model": "$cache/$2-$1", "dtype": "$dtype", "adapter": "$4", "data_path": "$cache/tokens-v$vocab-16x256.safetensors",
 "lora_r": 32, "lora_alpha": 64, "lora_dropout": 0, "batch_size": 4, "micro_batch_size": 4, "max_steps": $3, "shuffle": false,
 "val_set_size": 0, "lr_scheduler": "constant", "warmup_steps": 0, "tensorboard": false, "output_dir": "$cache/ours"}
END
  if [ "$4" = lora ]; then
    $train --quiet --config $cache/config.json --set init_adapter=$cache/$2-adapter-lora-r32 >/dev/null
  else
    $train --quiet --config $cache/config.json >/dev/null
  fi
}

for ((round = 0; round < rounds; ++round)); do
  for precision in fp32 bf16; do
    "$python" "$baseline" train --dir $cache --size small --precision $precision --method lora --steps 6 --warmup 2 \
      2>/dev/null >>$cache/results-peft-$precision
    for adapter in lora hyplora lora hyplora; do
      ours $precision small 8 $adapter
      "$python" scripts/bench_report.py collect $cache/ours >>$cache/results-$adapter-$precision
    done
  done
  # From process start to the first finished step, on a model whose step is short.
  start=$(date +%s.%N)
  BENCH_T0=$start "$python" "$baseline" train --dir $cache --size nano --precision fp32 --steps 0 --warmup 1 2>/dev/null >>$cache/results-start-peft
  start=$(date +%s.%N)
  ours fp32 nano 1 lora
  echo "$(date +%s.%N) $start" | awk '{printf "%.3f\n", $1 - $2}' >>$cache/results-start-ours
done
"$python" scripts/bench_report.py print $cache
