#!/usr/bin/env python3
"""Checks adapters against stock PEFT and transformers (PyPI packages torch, transformers, peft).

    python3 scripts/check_peft.py MODEL [BIN]

MODEL: a checkpoint folder small enough to train on the CPU. BIN: the programs' folder (default build/cpu/bin).
Trains small LoRA, DoRA and hyperbolic adapters with hyplora-train and compares:
  - PEFT's loss and greedy ids with hyplora-eval's and hyplora-generate's, for the same folder;
  - a folder that PEFT saved, read by hyplora-eval;
  - the merged checkpoint's logits in transformers with PEFT's;
  - the linear approximation of a hyperbolic adapter, as above;
  - that PEFT refuses a hyperbolic folder.
Ends with 1 when a check fails.
"""
import json
import os
import random
import subprocess
import sys
import tempfile

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, logging

LOSS_TOLERANCE = 2e-5
LOGIT_TOLERANCE = 2e-4
NEW_TOKENS = 16
failures = []


def check(name, good, figure):
    print(f"{'ok  ' if good else 'FAIL'} {name}: {figure}", flush=True)
    if not good:
        failures.append(name)


class Place:
    def __init__(self, model, programs, folder):
        self.model, self.programs, self.folder = model, programs, folder
        vocab = json.load(open(os.path.join(model, "config.json")))["vocab_size"]
        rng = random.Random(1)
        # Rows with something to learn: each counts upwards from a random id.
        self.rows = []
        for _ in range(32):
            start, step = rng.randrange(3, vocab), rng.randrange(1, 5)
            self.rows.append([(start + i * step) % (vocab - 3) + 3 for i in range(24)])
        self.prompts = [row[:8] for row in self.rows[:6]]
        self.write("rows.jsonl", [{"input_ids": row} for row in self.rows])
        self.write("prompts.jsonl", self.prompts)

    def at(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, lines):
        with open(self.at(name), "w") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)

    def run(self, program, *arguments):
        command = [os.path.join(self.programs, program), *map(str, arguments), "--quiet"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}: ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def train(self, name, **keys):
        config = {"base_model": self.model, "data_path": self.at("rows.jsonl"), "output_dir": self.at(name), "val_set_size": 0,
                  "batch_size": 8, "micro_batch_size": 8, "max_steps": 25, "warmup_steps": 0, "learning_rate": 1e-2, "lora_r": 4,
                  "lora_alpha": 8, "dtype": "float32", **keys}
        with open(self.at("config.json"), "w") as file:
            json.dump(config, file)
        self.run("hyplora-train", "--config", self.at("config.json"))
        return self.at(name)

    def our_loss(self, model, adapter=None):
        output = tempfile.mkdtemp(dir=self.folder)
        adapters = ["--adapter", adapter] if adapter else []
        self.run("hyplora-eval", "--model", model, *adapters, "--data", self.at("rows.jsonl"), "--benchmark", "loss", "--dtype",
                 "float32", "--output", output)
        return json.load(open(os.path.join(output, "results.json")))["loss"]

    def our_greedy(self, model, adapter=None):
        adapters = ["--adapter", adapter] if adapter else []
        lines = self.run("hyplora-generate", "--model", model, *adapters, "--ids", self.at("prompts.jsonl"), "--output-ids",
                         "--ignore-eos", "--max-new-tokens", NEW_TOKENS, "--dtype", "float32")
        return [json.loads(line) for line in lines.splitlines()]


def base(model):
    return AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()


@torch.no_grad()
def logits(model, rows):
    return model(input_ids=torch.tensor(rows)).logits.float()


def loss(model, rows):
    ids = torch.tensor(rows)
    return torch.nn.functional.cross_entropy(logits(model, rows)[:, :-1].flatten(0, 1), ids[:, 1:].flatten()).item()


def greedy(model, prompts):
    ids = [list(prompt) for prompt in prompts]
    for _ in range(NEW_TOKENS):
        for row in ids:
            row.append(int(logits(model, [row])[0, -1].argmax()))
    return [row[len(prompt):] for row, prompt in zip(ids, prompts)]


def compare(place, name, adapter):
    """One adapter folder in both programs."""
    theirs = PeftModel.from_pretrained(base(place.model), adapter).eval()
    ours, peft = place.our_loss(place.model, adapter), loss(theirs, place.rows)
    check(f"{name}, loss", abs(ours - peft) < LOSS_TOLERANCE, f"hyplora {ours:.6f}, PEFT {peft:.6f}")
    same = sum(a == b for a, b in zip(place.our_greedy(place.model, adapter), greedy(theirs, place.prompts)))
    check(f"{name}, greedy ids", same == len(place.prompts), f"{same} of {len(place.prompts)} prompts equal")
    return theirs


def compare_merged(place, name, adapter, theirs):
    merged = place.at(name.replace(" ", "-") + "-merged")
    said = place.run("hyplora-adapter", "merge", "--model", place.model, "--adapter", adapter, "--output", merged)
    with_adapter = logits(theirs, place.rows)
    difference = (logits(base(merged), place.rows) - with_adapter).abs().max().item()
    check(f"{name}, merged in transformers", difference < LOGIT_TOLERANCE * with_adapter.abs().max().item(),
          f"largest logit difference {difference:.2e} of {with_adapter.abs().max().item():.2f}; {said.splitlines()[0]}")
    check(f"{name}, merged in hyplora", abs(place.our_loss(merged) - loss(theirs, place.rows)) < LOSS_TOLERANCE,
          f"loss {place.our_loss(merged):.6f}")


def check_saved_by_peft(place, name, adapter, theirs):
    saved = place.at(name.replace(" ", "-") + "-saved")
    theirs.save_pretrained(saved)
    a, b = place.our_loss(place.model, saved), place.our_loss(place.model, adapter)
    check(f"{name}, saved by PEFT", a == b, f"loss {a:.6f}, from our folder {b:.6f}")


def check_refused(place, name, adapter):
    try:
        PeftModel.from_pretrained(base(place.model), adapter)
    except Exception as error:  # whatever it is, it must not load
        check(f"{name}, refused by PEFT", True, f"{type(error).__name__}: {str(error).splitlines()[0][:90]}")
    else:
        check(f"{name}, refused by PEFT", False, "it was loaded")


def main():
    model = sys.argv[1]
    programs = sys.argv[2] if len(sys.argv) > 2 else os.path.join(os.path.dirname(__file__), "..", "build", "cpu", "bin")
    torch.manual_seed(0)
    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        place = Place(model, programs, folder)
        print(f"base: hyplora loss {place.our_loss(model):.6f}, transformers {loss(base(model), place.rows):.6f}")
        everything = {"use_rslora": True, "target_modules": "all-linear", "rank_pattern": {"layers.1.self_attn.q_proj": 2},
                      "alpha_pattern": {"up_proj": 3}}
        for name, keys in {"lora": {"adapter": "lora"}, "dora": {"adapter": "dora"},
                           "lora with patterns": {"adapter": "lora", **everything},
                           "dora with patterns": {"adapter": "dora", **everything}}.items():
            adapter = place.train(name.replace(" ", "-"), **keys)
            theirs = compare(place, name, adapter)
            compare_merged(place, name, adapter, theirs)
            check_saved_by_peft(place, name, adapter, theirs)
        hyperbolic = place.train("lorentz", adapter="hyplora", hyplora_variant="lorentz")
        check_refused(place, "hyplora lorentz", hyperbolic)
        linear = place.at("linear")
        place.run("hyplora-adapter", "linearize", "--model", model, "--adapter", hyperbolic, "--data", place.at("rows.jsonl"),
                  "--output", linear, "--rows", 24, "--heldout", 8)
        theirs = compare(place, "linearized lorentz", linear)
        compare_merged(place, "linearized lorentz", linear, theirs)
        print(f"     hyperbolic loss {place.our_loss(model, hyperbolic):.6f}")
        tangent = place.train("tangent", adapter="hyplora", hyplora_variant="tangent")
        place.run("hyplora-adapter", "convert", "--adapter", tangent, "--to", "peft", "--output", place.at("tangent-peft"))
        compare(place, "tangent converted to PEFT", place.at("tangent-peft"))
    print("all checks passed" if not failures else f"{len(failures)} checks failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
