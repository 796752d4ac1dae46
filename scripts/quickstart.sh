#!/usr/bin/env bash
# From a clone to a fine-tuned model: installs what is missing, builds, fine-tunes the bundled model with HypLoRA and with LoRA, scores
# base, LoRA and HypLoRA on held-back rows, and prints one table.
#   scripts/quickstart.sh [--short]     --short: few steps and rows, to see that everything runs
set -euo pipefail
cd "$(dirname "$0")/.."

short=()
limit=()
if [ "${1:-}" = --short ]; then
  short=(--set max_steps=20 --set warmup_steps=2 --set val_set_size=16)
  limit=(--limit 16)
fi

scripts/setup.sh
cmake --preset cpu >/dev/null
cmake --build --preset cpu --target hyplora-train hyplora-eval hyplora-generate hyplora-tokenize

bin=build/cpu/bin
out=runs/quickstart
for kind in hyplora lora; do
  $bin/hyplora-train --config data/finetune_$kind.json --set output_dir=$out/$kind --set resume_from_checkpoint=never "${short[@]}"
done

echo
$bin/hyplora-eval --model data/model --adapter none --adapter $out/lora --adapter $out/hyplora \
  --data data/word_problems.json --max-new-tokens 48 --batch-size 32 --output $out/eval "${limit[@]}"
cat <<END

adapters, metrics and loss curves   $out/hyplora  $out/lora
scored rows                         $out/eval
try it:  $bin/hyplora-generate --model data/model --adapter $out/hyplora --template alpaca --prompt "Tom has 7 apples. He gets 5 more apples. How many apples does he have now?"
END
