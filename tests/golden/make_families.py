#!/usr/bin/env python3
"""Makes the goldens of the families that came after the first five: random decoders in Hugging Face's layout, each with
golden.safetensors (logits, loss, gradients, greedy ids) computed by transformers in float32.

    pip install torch transformers safetensors; tests/golden/make_families.py

Vocabulary 96; rows of 12 and 8 tokens; the padded side is masked.
"""
import json
import pathlib
import shutil

import torch
from safetensors.torch import save_file
from transformers import (Gemma3Config, Gemma3ForConditionalGeneration, MistralConfig, MistralForCausalLM, Qwen2Config,
                          Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM)

HERE = pathlib.Path(__file__).resolve().parent / "model"
COMMON = dict(vocab_size=96, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
              max_position_embeddings=128, bos_token_id=1, eos_token_id=2, pad_token_id=0)
GEMMA3_TEXT = dict(COMMON, num_hidden_layers=3, head_dim=8, query_pre_attn_scalar=12, sliding_window=4,
                   layer_types=["sliding_attention", "full_attention", "sliding_attention"])
VISION = dict(hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=16, patch_size=8)

FAMILIES = {
    "tiny_mistral": (MistralForCausalLM, MistralConfig(**COMMON, sliding_window=4, tie_word_embeddings=False)),
    "tiny_qwen2_window": (Qwen2ForCausalLM, Qwen2Config(**COMMON, use_sliding_window=True, sliding_window=3, max_window_layers=1,
                                                        tie_word_embeddings=True)),
    "tiny_qwen3": (Qwen3ForCausalLM, Qwen3Config(**COMMON, head_dim=16, tie_word_embeddings=False)),
    "tiny_gemma3_multimodal": (Gemma3ForConditionalGeneration,
                               Gemma3Config(text_config=GEMMA3_TEXT, vision_config=VISION, mm_tokens_per_image=4, image_token_index=95,
                                            boi_token_index=94, eoi_token_index=93)),
}


def batch(side, ids, padding):
    rows, masks = [], []
    for row in ids:
        fill = [0] * (12 - len(row))
        rows.append(fill + row if side == "left" else row + fill)
        masks.append([0] * len(fill) + [1] * len(row) if side == "left" else [1] * len(row) + [0] * len(fill))
    rows, masks = torch.tensor(rows), torch.tensor(masks)
    labels = rows.masked_fill(masks == 0, -100)
    out = {f"{side}.input_ids": rows, f"{side}.attention_mask": masks, f"{side}.labels": labels}
    if side == "left":  # the first real token of a padded row is predicted from padding
        first = labels.clone()
        first[torch.arange(2), masks.argmax(1)] = -100
        out["left.labels_first_masked"] = first
    return out


def make(name, model_class, config):
    torch.manual_seed(7)
    model = model_class(config).float().eval()
    with torch.no_grad():
        for key, weight in model.named_parameters():
            weight.copy_(torch.randn_like(weight) * (0.3 if weight.dim() == 1 else 0.15) + (1.0 if "norm" in key and "gemma" not in name else 0))
    generator = torch.Generator().manual_seed(11)
    ids = [torch.randint(3, 90, (n,), generator=generator).tolist() for n in (12, 8)]
    golden = {}
    for side in ("right", "left"):
        b = batch(side, ids, 0)
        golden |= b
        logits = model(input_ids=b[f"{side}.input_ids"], attention_mask=b[f"{side}.attention_mask"]).logits
        golden[f"{side}.logits"] = logits.detach().clone()
        if side == "left":
            golden["left.logits_maskpos"] = logits.detach().clone()
    rows = [torch.tensor([row]) for row in ids]
    loss_sum, count = 0.0, 0
    for row in rows:
        logits = model(input_ids=row).logits
        loss_sum = loss_sum + torch.nn.functional.cross_entropy(logits[0, :-1], row[0, 1:], reduction="sum")
        count += row.shape[1] - 1
    loss = loss_sum / count
    loss.backward()
    golden["right.loss"] = loss.detach().reshape(1)
    for key, weight in model.named_parameters():
        if weight.grad is not None and any(part in key for part in ("embed_tokens", "layers.0.input_layernorm", "q_proj", "q_norm",
                                                                    "layers.1.mlp.down", "feedforward_layernorm", "k_proj.bias")):
            golden["right.grad." + key.replace("model.language_model.", "language_model.model.")] = weight.grad
    for run in ("greedy", "greedy_eos"):
        made = []
        for row in rows:
            eos = golden.get("greedy_eos.eos_token_id")
            out = model.generate(row, max_new_tokens=16, do_sample=False, eos_token_id=None if eos is None else int(eos), pad_token_id=0,
                                 bos_token_id=None)[0, row.shape[1]:].tolist()
            made.append(out + [0] * (16 - len(out)))
        golden[f"{run}.new_ids"] = torch.tensor(made)
        if run == "greedy":
            golden["greedy_eos.eos_token_id"] = torch.tensor([made[0][5]])
    shutil.rmtree(HERE / name, ignore_errors=True)
    model.save_pretrained(HERE / name)
    saved = json.load(open(HERE / name / "config.json"))
    print(name, saved.get("model_type"), sorted(golden)[-6:])
    save_file({k: v.detach().clone().contiguous() for k, v in golden.items()}, HERE / name / "golden.safetensors")


for name, (model_class, config) in FAMILIES.items():
    make(name, model_class, config)
