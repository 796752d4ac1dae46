#!/usr/bin/env python3
"""Makes the goldens of adapters that change embedding and head: folders that PEFT saves, each with golden.safetensors, the logits that
PEFT computes when it has loaded the folder again, in float32.

    pip install torch transformers peft safetensors; tests/golden/make_ends.py

Bases: model/tiny_mistral, whose embedding and head are two weights, and model/tiny_qwen2_window, which ties them.
"""
import pathlib
import shutil

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

HERE = pathlib.Path(__file__).resolve().parent
BASES = {"untied": "tiny_mistral", "tied": "tiny_qwen2_window"}
ENDS = ["embed_tokens", "lm_head"]
CASES = {
    "lora_head": dict(target_modules=["q_proj", "lm_head"], layers_to_transform=[0]),
    "lora_embedding": dict(target_modules=["q_proj", "embed_tokens"], rank_pattern={"embed_tokens": 2}),
    "lora_ends": dict(target_modules=ENDS, use_rslora=True),
    "saved_ends": dict(target_modules=["q_proj"], modules_to_save=ENDS),
    "saved_embedding": dict(target_modules=["q_proj"], modules_to_save=["embed_tokens"]),
    "saved_head_lora_embedding": dict(target_modules=["q_proj", "embed_tokens"], modules_to_save=["lm_head"]),
}
TIED_CASES = {
    "lora_embedding_tying": dict(target_modules=["q_proj", "embed_tokens"], ensure_weight_tying=True),
    "saved_embedding_tying": dict(target_modules=["q_proj"], modules_to_save=["embed_tokens"], ensure_weight_tying=True),
}


def base(name):
    return AutoModelForCausalLM.from_pretrained(HERE / "model" / name, dtype=torch.float32, attn_implementation="eager").eval()


def make(kind, name, keys, ids):
    folder = HERE / "ends" / f"{kind}_{name}"
    model = get_peft_model(base(BASES[kind]), LoraConfig(r=3, lora_alpha=4, lora_dropout=0.0, task_type="CAUSAL_LM", **keys))
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for key, weight in model.named_parameters():
            if weight.requires_grad:
                weight.copy_(torch.randn(weight.shape, generator=generator) * 0.2)
    model.peft_config["default"].base_model_name_or_path = f"model/{BASES[kind]}"
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    again = PeftModel.from_pretrained(base(BASES[kind]), folder).eval()
    with torch.no_grad():
        logits, plain = again(input_ids=ids).logits, base(BASES[kind])(input_ids=ids).logits
    save_file({"input_ids": ids, "logits": logits.contiguous()}, folder / "golden.safetensors")
    print(f"{kind}_{name}: changes logits by up to {(logits - plain).abs().max():.3g}")


def main():
    ids = torch.randint(3, 90, (1, 10), generator=torch.Generator().manual_seed(11))
    for name, keys in CASES.items():
        for kind in BASES:
            make(kind, name, keys, ids)
    for name, keys in TIED_CASES.items():
        make("tied", name, keys, ids)


if __name__ == "__main__":
    main()
