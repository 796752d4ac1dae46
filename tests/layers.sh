#!/usr/bin/env bash
# Includes inside lib/ point down only: core <- io <- text <- data; core <- io, text, ops, dist <- model <- adapter <- train | eval;
# siblings at the top (data, train, eval) never meet.
set -euo pipefail
cd "$(dirname "$0")/../lib"

declare -A may=(
  [core]=""
  [dist]="core"
  [io]="core"
  [text]="core io"
  [data]="core io text"
  [ops]="core"
  [model]="core io text ops"
  [adapter]="core io text ops model"
  [train]="core io text ops model adapter"
  [eval]="core dist io text ops model adapter"
)
bad=0
for layer in */; do
  layer=${layer%/}
  [ -n "${may[$layer]+known}" ] || { echo "lib/$layer is not in the table of layers"; bad=1; continue; }
  while IFS=: read -r file line include; do
    below=$(sed -E 's/.*"([a-z]+)\/.*/\1/' <<<"$include")
    [[ " $layer ${may[$layer]} " == *" $below "* ]] || { echo "lib/$file:$line: $layer must not include $below"; bad=1; }
  done < <(grep -nE '#include "[a-z]+/' "$layer"/*.h "$layer"/*.cpp)
done
exit $bad
