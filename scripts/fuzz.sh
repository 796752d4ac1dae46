#!/usr/bin/env bash
# Fuzzes every parser for some seconds each, starting from real files; stops at the first finding, which it leaves in build/fuzz/.
#   scripts/fuzz.sh [seconds]                      default: 60
#   PARSERS="json latex" scripts/fuzz.sh 600       only these; LIGHT=1: all that need no tensors, which build in minutes
# Needs clang and its runtimes (Debian: clang libclang-rt-14-dev libomp-dev).
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-60}
cmake --preset fuzz >/dev/null
light="json records progress metrics prompt_template launch pattern latex assignment jinja"
all="$light safetensors tokenizer_json rows config model_config adapter_config answers weight_index generation_config"
parsers=${PARSERS:-${LIGHT:+$light}}
parsers=${parsers:-$all}
cmake --build --preset fuzz --target $(printf 'fuzz-%s ' $parsers)
corpus=build/fuzz/corpus
for parser in $all; do mkdir -p $corpus/$parser; done
cp -n tests/golden/model/tiny_mistral/golden.safetensors $corpus/safetensors/
cp -n tests/fuzz/seeds/tokenizer*.json $corpus/tokenizer_json/
head -c 2000 data/word_problems.json >$corpus/rows/start.json
cp -n tests/fuzz/seeds/rows* $corpus/rows/
cp -n data/finetune_*.json $corpus/config/
for folder in tests/golden/model/*/; do cp -n "$folder/config.json" "$corpus/model_config/$(basename "$folder").json"; done
cp -n tests/fuzz/seeds/adapter_config*.json $corpus/adapter_config/
cp -n tests/fuzz/seeds/answer*.txt $corpus/answers/
cp -n tests/fuzz/seeds/answer_latex.txt $corpus/latex/
cp -n tests/fuzz/seeds/*.json data/finetune_*.json $corpus/json/
for parser in records progress metrics prompt_template launch pattern assignment jinja weight_index generation_config; do
  cp -n tests/fuzz/seeds/$parser* $corpus/$parser/
done
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1
for parser in $parsers; do
  echo "== $parser"
  build/fuzz/bin/fuzz-$parser -max_total_time="$seconds" -timeout=10 -rss_limit_mb=4096 -max_len=20000 -print_final_stats=1 \
    -artifact_prefix=build/fuzz/ $corpus/$parser 2>&1 | grep -E "ERROR|SUMMARY|stat::number_of_executed|DONE|runtime error" || true
done
if ls build/fuzz/{crash,timeout,oom,leak}-* >/dev/null 2>&1; then
  echo "findings in build/fuzz/" >&2
  exit 1
fi
