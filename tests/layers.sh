#!/usr/bin/env bash
# The rooms of lib/, from the top down, and what each may include: `tests/layers.sh` checks every #include of lib/ and that
# CONTRIBUTING.md shows this table; `tests/layers.sh --ladder` prints it as it stands there.
set -euo pipefail
cd "$(dirname "$0")/.."

# room | what is in it | rooms it may include; rooms of one line of the ladder share a number and never include each other
table='
6|train|loop, batches, checkpoints, reports|core io text data ops dist model adapter
6|eval|run → prepare → evaluate, benchmarks, comparisons|core io text data ops dist model adapter generate
6|analysis|what an adapter does to tokens: fitted, drawn|core io text data ops model hyperbolic adapter
5|adapter|what is trained: kinds, targets, files, folding; what reaches it|core io text data ops hyperbolic model
5|generate|decoding, search, chat|core io text data ops model
4|model|decoder built from a checkpoint; packed batches|core io text data ops
3|data|rows, schemas, prompts, examples, preparation|core io text
2|text|tokenizers|core io
2|ops|tensor functions|core
2|hyperbolic|the paper'"'"'s maths: variants, gates, kernels|core
1|io|bytes, files, pictures|core
1|dist|the processes of a run|core
0|core|Error, option fields, log, device|
'

ladder() {
  echo "apps/        one short file per program: options in, one call of lib, result out"
  local last="" line room text
  while IFS='|' read -r line room text _; do
    [ -n "$line" ] || continue
    [ "$line" = "$last" ] || echo "  │"
    last=$line
    printf '%-12s %s\n' "$room" "$text"
  done <<<"$table"
}

if [ "${1:-}" = --ladder ]; then
  ladder
  exit
fi

declare -A may
while IFS='|' read -r _ room _ rooms; do [ -z "$room" ] || may[$room]=$rooms; done <<<"$table"
bad=0
for folder in lib/*/; do
  room=$(basename "$folder")
  [ -n "${may[$room]+known}" ] || { echo "lib/$room is not in the table of layers"; bad=1; continue; }
  while IFS=: read -r file line include; do
    below=$(sed -E 's/.*"([a-z]+)\/.*/\1/' <<<"$include")
    [[ " $room ${may[$room]} " == *" $below "* ]] || { echo "$file:$line: $room must not include $below"; bad=1; }
  done < <(find "$folder" -name '*.h' -o -name '*.cpp' -o -name '*.cu*' | xargs grep -nHE '#include "[a-z]+/')
done
# Why so few: lib/ops/kernels/kernel.h.
if grep -nHE '#include' lib/ops/kernels/* | grep -vE '#include ("core/cpu_units.h"|"ops/kernels/|<cstdint>|<immintrin.h>)'; then
  echo "a kernel must not include these"
  bad=1
fi
awk '/^```$/ { inside = !inside; next } inside' CONTRIBUTING.md | diff - <(ladder) >/dev/null || {
  echo "CONTRIBUTING.md does not show the ladder that tests/layers.sh --ladder prints"
  bad=1
}
exit $bad
