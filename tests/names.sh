#!/usr/bin/env bash
# A kind, variant, type, family, template or benchmark is asked for what it does, never for its name: outside the files that hold
# the rows nothing in lib/ or apps/ compares a text with one of their names. Prints the places that do.
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

names() {
  grep -rhoE '\.name = "[a-z_0-9]+"|\.peft_type = "[A-Z_]+"|constexpr const char\* (name|published_as) = "[a-z_0-9]+"' lib/adapter lib/hyperbolic |
    grep -oE '"[A-Za-z_0-9]+"'
  grep -hoE '^    \{"[a-z_0-9]+", Verdict::|^    \{"[a-z_0-9]+", verdict' lib/eval/tasks.cpp | grep -oE '"[a-z_0-9]+"'
  grep -hoE '\.model_type = "[a-z_0-9]+"' lib/model/spec.cpp | grep -oE '"[a-z_0-9]+"'
  grep -hoE '^    \{"[a-z_0-9]+",$' lib/data/prompt.cpp | grep -oE '"[a-z_0-9]+"'
  # What no row spells in a form that can be found.
  printf '"%s"\n' float32 bfloat16 float16 hyplora lora dora series parallel prefix full lorentz release simplified v1 v1_rot tangent \
    LORA HYPLORA BOTTLENECK PREFIX_TUNING alpaca llama3 qwen gemma none loss gsm8k aqua math500 boolq llama mistral qwen2 qwen3 gemma3_text gemma3
}

pattern="([=!]= *($(names | sort -u | paste -sd'|')))|(($(names | sort -u | paste -sd'|')) *[=!]=)"
found=$(grep -rnE "$pattern" lib apps --include=*.h --include=*.cpp --include=*.cu |
  grep -vE '^lib/(adapter/(kinds|lora_type|convert)\.cpp|model/spec\.cpp|model/rope\.cpp|model/load\.cpp|data/prompt\.cpp|eval/tasks\.cpp):' || true)
[ -z "$found" ] || { echo "$found"; exit 1; }
