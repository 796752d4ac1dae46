#!/usr/bin/env bash
# A row owns every fact of what it names; nothing else compares names. `tests/names.sh` reads the names of kinds, variants, dtypes,
# families and so on from their rows, looks for comparisons with them in lib/ and apps/, and prints each as
# file:line:column.
set -euo pipefail
cd "$(dirname "$0")/.."

# of FILES, what stands in quotes after PATTERN
quoted() { grep -ohE "$1\"[A-Za-z0-9_-]+\"" "${@:2}" | sed -E 's/.*"([^"]+)"$/\1/' | sort -u | paste -sd'|'; }

# what | its names | what the other side must hold where such a word also means something else
table="
kind|$(quoted '\.name = ' lib/adapter/*.cpp)|
peft_type|$(quoted 'peft_type = ' lib/adapter/*.cpp)|
variant|$(quoted '\*?(name|published_as) = ' lib/hyperbolic/*.h)|
dtype|$(quoted '\{' lib/model/load.cpp)|
family|$(quoted '\.(model_type|inside) = ' lib/model/spec.cpp)|
rope scaling|$(quoted '^ *(constexpr Scaling scalings\[\] = \{)?\{' lib/model/rope.cpp)|rope
prompt template|$(quoted '^ *\{' lib/data/prompt.cpp)|template
benchmark|$(quoted '^ *\{' lib/eval/tasks.cpp)|benchmark,task
"

bad=0
all=""
while IFS= read -r row; do
  [ -n "$row" ] || continue
  what=${row%%|*} other=${row##*|} names=${row#*|}
  names=${names%|*}
  [[ $names == *'|'* ]] || { echo "no names were found in the rows of each $what; tests/names.sh says where they stand"; bad=1; continue; }
  found=$(WHAT=$what NAMES=$names OTHER=${other//,/|} perl -0777 -ne '
    my $name = qr/"(?:$ENV{NAMES})"/;
    while (/([\w.\[\]()>-]+)\s*[!=]=\s*($name)|($name)\s*[!=]=\s*([\w.\[\]()>-]+)|([\w.()>-]+)\.(?:starts|ends)_with\(($name)\)/g) {
      my $before = substr($_, 0, $-[0]);
      my ($line, $column) = (1 + ($before =~ tr/\n//), $-[0] - rindex($before, "\n"));
      my ($side, $found) = defined $2 ? ($1, $2) : defined $3 ? ($4, $3) : ($5, $6);
      next if $ENV{OTHER} && $side !~ /$ENV{OTHER}/;
      print "$ARGV:$line:$column: compares with $ENV{WHAT} $found; ask its row\n";
    }' $(find lib apps -name '*.h' -o -name '*.cpp' -o -name '*.cu' | sort))
  all+=${found:+$found$'\n'}
done <<<"$table"
[ -z "$all" ] || { awk -F: '!seen[$1, $2, $3]++' <<<"${all%$'\n'}" | sort -t: -k1,1 -k2,2n; bad=1; }
exit $bad
