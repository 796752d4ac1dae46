#!/bin/sh
# Makes everything in this folder again: rows, tokenizer, checkpoint. Needs python3, spm_train (Debian's package
# sentencepiece) and the built programs (HYPLORA_BIN, default build/cpu/bin). Run from anywhere.
set -eu
cd "$(dirname "$0")/.."
bin=${HYPLORA_BIN:-build/cpu/bin}
work=data/build
model=data/model

rm -rf $work
python3 data/make_rows.py

# Without newlines in its text the tokenizer keeps each newline as one byte piece, as LLaMA's does.
spm_train --input=$work/tokenizer.txt --model_prefix=$work/tokenizer --model_type=bpe --vocab_size=768 \
  --byte_fallback=true --split_digits=true --normalization_rule_name=identity --remove_extra_whitespaces=false \
  --character_coverage=1.0 --minloglevel=1
cp $work/tokenizer.model $model/

"$bin"/hyplora-train --config data/pretrain.json "$@"  # 12 to 15 minutes on one core
cp $work/pretrain/model.safetensors $model/
