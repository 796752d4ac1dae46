#!/usr/bin/env python3
"""A real pretrained model, SmolLM2-135M-Instruct in fp32, through the programs: what they make of it against what transformers and PEFT
made of it (tests/golden/smollm2.json).

    scripts/check_smollm2.py MODEL [BIN]        compares; needs numpy and safetensors from PyPI
    scripts/check_smollm2.py MODEL --write      makes the figures anew; needs torch, transformers and peft, too

Compared: ids of texts in many scripts, of all texts of ../shared/data (where that is), and of conversations in the model's chat template;
losses of rows, greedy ids, and five LoRA steps from a start that both sides are given. Ends with 1 when one differs.
"""
import hashlib
import json
import math
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from safetensors.numpy import save_file

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIGURES = ROOT / "tests/golden/smollm2.json"
DATA = ROOT.parent / "shared/data"
RANK, ALPHA, RATE, STEPS = 8, 16, 1e-3, 5
TARGETS = ["q_proj", "v_proj", "down_proj"]
LOSS_TOLERANCE, STEP_TOLERANCE = 2e-5, 5e-5

TEXTS = [
    "", " ", "\n\n", "Hello, world!", "In 1984, 12345678 people (3.14%) paid $9,999.50.", "  leading and trailing  ", "tabs\tand\r\nbreaks\n",
    "don't we'll they've I'M", "naïve café Ελληνικά русский 中文字符 日本語 한국어 العربية हिन्दी", "👩‍👩‍👧‍👦 emoji 🇩🇪 ❤️", "x = [i**2 for i in range(10)]  # code",
    "<|im_start|>user\nspecial tokens written out<|im_end|>", "a" * 300, "0123456789" * 20, "º ½ ² ٣ ৪ Ⅷ", "\u00a0non\u2003breaking\u200bspaces",
    "https://example.org/a_b?c=d&e=%20f#g", "MixedCASEWords snake_case kebab-case", "…—–''\"\"«»", "e\u0301 \u1e9b\u0323 ﬁ",
]
QUESTIONS = [("What is 2 + 3?", "2 + 3 = 5. The answer is 5."), ("Name a color of the sky.", "Blue."),
             ("Tom has 4 apples and eats one. How many are left?", "He has 4 - 1 = 3 apples. The answer is 3."),
             ("Spell cat.", "C-A-T."), ("Is fire cold?", "No, fire is hot."), ("Add 10 and 7.", "10 + 7 = 17.")]
CONVERSATIONS = [
    {"messages": [{"role": "user", "content": "Hi"}], "add_generation_prompt": True},
    {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]},
    {"messages": [m for q, a in QUESTIONS for m in ({"role": "user", "content": q}, {"role": "assistant", "content": a})]},
]


def shared_texts():
    """Instructions, inputs and outputs of the shared row files; none where the folder is absent."""
    rows = [row for file in sorted(DATA.glob("eval/*.json")) + sorted(DATA.glob("train/*.json")) for row in json.load(open(file))]
    return [row[key] for row in rows for key in ("instruction", "input", "output") if isinstance(row.get(key), str)]


def hashed(lists):
    return hashlib.sha256("".join(json.dumps(ids) + "\n" for ids in lists).encode()).hexdigest()


def start_of(model, folder):
    """A LoRA folder whose values are a formula's, so that both sides start from the same one."""
    config = json.load(open(model / "config.json"))
    width, inner = config["hidden_size"], config["intermediate_size"]
    kv = width // config["num_attention_heads"] * config["num_key_value_heads"]
    sizes = {"q_proj": (width, width), "v_proj": (width, kv), "down_proj": (inner, width)}
    tensors = {}
    for layer in range(config["num_hidden_layers"]):
        for place, name in enumerate(TARGETS):
            fan_in, out = sizes[name]
            block = "mlp" if name == "down_proj" else "self_attn"
            path = f"base_model.model.model.layers.{layer}.{block}.{name}"
            angles = np.arange(RANK * fan_in, dtype=np.float64) * (1 + 0.1 * place) + layer
            tensors[f"{path}.lora_A.weight"] = (np.sin(angles) / math.sqrt(fan_in)).astype(np.float32).reshape(RANK, fan_in)
            tensors[f"{path}.lora_B.weight"] = np.zeros((out, RANK), np.float32)
    folder.mkdir()
    save_file(tensors, folder / "adapter_model.safetensors")
    json.dump({"peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": str(model), "r": RANK, "lora_alpha": ALPHA,
               "lora_dropout": 0.0, "bias": "none", "target_modules": TARGETS, "inference_mode": False},
              open(folder / "adapter_config.json", "w"))
    return folder


class Ours:
    def __init__(self, model, programs, place):
        self.model, self.programs, self.place = model, programs, place

    def run(self, program, *arguments):
        done = subprocess.run([self.programs / program, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{program}: {done.stderr}")
        return done.stdout

    def file(self, name, lines):
        path = self.place / name
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return path

    def lines(self, *arguments):
        return [json.loads(line) for line in self.run(*arguments).splitlines()]

    def ids(self, texts):
        path = self.place / "texts.json"
        path.write_text(json.dumps(texts))
        return self.lines("hyplora-tokenize", "--model", self.model, "--file", path)

    def chat_ids(self):
        return self.lines("hyplora-tokenize", "--model", self.model, "--chat", self.file("chats.jsonl", CONVERSATIONS))

    def loss(self, rows):
        self.run("hyplora-eval", "--model", self.model, "--data", self.file("rows.jsonl", [{"input_ids": r} for r in rows]), "--benchmark", "loss",
                 "--output", self.place / "loss", "--quiet")
        return json.load(open(self.place / "loss/results.json"))["results"][0]["loss"]

    def greedy(self, prompts, count):
        return self.lines("hyplora-generate", "--model", self.model, "--ids", self.file("prompts.jsonl", prompts), "--max-new-tokens", count,
                          "--output-ids", "--quiet")

    def steps(self, rows, start):
        config = {"base_model": str(self.model), "init_adapter": str(start), "adapter": "lora", "lora_dropout": 0, "data_path":
                  str(self.file("train.jsonl", [{"input_ids": r} for r in rows])), "output_dir": str(self.place / "run"), "batch_size": len(rows),
                  "micro_batch_size": len(rows), "max_steps": STEPS, "learning_rate": RATE, "lr_scheduler": "constant", "warmup_steps": 0,
                  "val_set_size": 0, "max_grad_norm": 0, "logging_steps": 1, "tensorboard": False}
        path = self.place / "config.json"
        path.write_text(json.dumps(config))
        self.run("hyplora-train", "--config", path, "--quiet")
        lines = [json.loads(line) for line in open(self.place / "run/metrics.jsonl")]
        return [line["loss"] for line in lines if "loss" in line]


class Theirs:
    def __init__(self, model):
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
        self.torch, self.path = torch, model
        self.tokenizer = AutoTokenizer.from_pretrained(model)
        self.model = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()

    def ids(self, texts):
        return self.tokenizer(texts)["input_ids"]

    def chat_ids(self):
        return [self.tokenizer.apply_chat_template(c["messages"], add_generation_prompt=c.get("add_generation_prompt", False), tokenize=True,
                                                   return_dict=False) for c in CONVERSATIONS]

    def loss_of(self, model, rows):
        total, count = 0, 0
        for row in rows:
            ids = self.torch.tensor([row])
            logits = model(ids).logits[0, :-1].float()
            total = total + self.torch.nn.functional.cross_entropy(logits, ids[0, 1:], reduction="sum")
            count += len(row) - 1
        return total / count

    def loss(self, rows):
        with self.torch.no_grad():
            return self.loss_of(self.model, rows).item()

    def greedy(self, prompts, count):
        made = []
        for prompt in prompts:
            ids = self.torch.tensor([prompt])
            out = self.model.generate(ids, attention_mask=self.torch.ones_like(ids), max_new_tokens=count, do_sample=False)
            made.append(out[0, len(prompt):].tolist())
        return made

    def steps(self, rows, start):
        from peft import PeftModel
        model = PeftModel.from_pretrained(self.model, start, is_trainable=True)
        optimizer = self.torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=RATE, weight_decay=0)
        losses = []
        for _ in range(STEPS):
            loss = self.loss_of(model, rows)
            losses.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return losses


def figures_of(side, place):
    chats = side.chat_ids()
    texts, shared = side.ids(TEXTS), shared_texts()
    rows = [ids for ids in texts if len(ids) > 4][:8]
    return {"text_ids": hashed(texts), "shared_texts": len(shared), "shared_ids": hashed(side.ids(shared)) if shared else None, "chat_ids": hashed(chats), "loss": side.loss(rows), "greedy": side.greedy([chats[0], rows[0]], 24),
            "steps": side.steps(chats[2:] + rows[:3], start_of(side.path if isinstance(side, Theirs) else side.model, place / "start"))}


def differences(ours, theirs):
    if ours["shared_texts"]:
        yield "shared texts", f"{ours['shared_texts']} of {theirs['shared_texts']}", ours["shared_ids"] == theirs["shared_ids"]
    for key in ("text_ids", "chat_ids", "greedy"):
        yield key, "equal" if ours[key] == theirs[key] else f"{ours[key]}, expected {theirs[key]}", ours[key] == theirs[key]
    off = abs(ours["loss"] - theirs["loss"])
    yield "loss", f"{ours['loss']:.6f}, off by {off:.1e}", off <= LOSS_TOLERANCE
    off = max(abs(a - b) for a, b in zip(ours["steps"], theirs["steps"]))
    yield "five LoRA steps", f"{', '.join(f'{l:.5f}' for l in ours['steps'])}, off by {off:.1e} at most", (
        off <= STEP_TOLERANCE and len(ours["steps"]) == len(theirs["steps"]))


def main():
    model, rest = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        if rest == ["--write"]:
            FIGURES.write_text(json.dumps(figures_of(Theirs(model), place)) + "\n")
            return
        ours = figures_of(Ours(model, pathlib.Path(rest[0] if rest else ROOT / "build/cpu/bin").resolve(), place), place)
    bad = 0
    for name, told, good in differences(ours, json.load(open(FIGURES))):
        print(f"{'ok  ' if good else 'FAIL'} {name}: {told}")
        bad |= not good
    sys.exit(bad)


if __name__ == "__main__":
    main()
