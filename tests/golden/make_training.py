#!/usr/bin/env python3
"""Checks the golden training runs of training/ against the plain formulas in float64, or makes them anew.

    pip install torch numpy safetensors
    OMP_NUM_THREADS=1 tests/golden/make_training.py --check [RUN..]   losses, gradient norms, rates and final weights within the
                                                                      tolerances below; one line a run; exit status 1 where
                                                                      one is not
    OMP_NUM_THREADS=1 tests/golden/make_training.py OUT               the same files in the folder OUT
    --float32 with either: in float32 instead, which shows what rounding alone does to a run

A run is 24 optimiser steps on model/tiny_llama, as trajectories.json describes it: adapters by the formulas of docs/maths.md
(formulas.py) on five modules of each layer, starting from the run's init file; AdamW, gradients clipped to norm 1, a linear
rate with warm-up. The decoder is LLaMA's forward pass, written out here. The committed runs are the published code's in
float32; those of hyplora_lorentz, which has none, are the formula in float64 in a decoder whose norms, rotary angles and
softmax were float32. So a deviation is their rounding. Where it is large the tolerance is, and the line says why.
"""
import argparse
import json
import pathlib
import shutil
import sys

import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy, linear, silu

from formulas import FLOAT32_LEAST, K_GRADIENT_BOUND, VARIANTS, release, v1

GOLDEN = pathlib.Path(__file__).resolve().parent
FOLDER = GOLDEN / "training"
PARAMETERS = {"lora_A.weight": "A", "lora_B.weight": "B", "lora_magnitude_vector": "magnitude", "lora_k": "k", "k": "k",
              "lora_norm_scale": "norm_scale", "norm_scale": "norm_scale"}

NEAR_ONE = "arccosh near 1 has few digits in float32"

# Of loss and gradient norm relative, of final weights absolute, by how a run's name begins; golden_training.cpp has the same.
TOLERANCES = {
    "hyplora_k1_fast": ((5e-3, 0.3, 5e-2), "crosses the flat zone's edge, where the derivative is singular"),
    "hyperbolic_rot": ((1e-3, 0.1, 4e-2), NEAR_ONE),
    "hyperbolic": ((1e-4, 1e-2, 1e-2), NEAR_ONE),
    "": ((1e-5, 1e-4, 1e-4), ""),
}
NORM_SCALE_ALLOWED = 1e-3  # hyplora_k1: all rows stay in the flat zone, where Adam turns float32's rounding into steps


class Adapters:
    """The adapters of a run by module; `parameters` by PEFT's names."""

    def __init__(self, run, config, dtype):
        variant = max((v for v in VARIANTS if run["variant"].startswith(v)), key=len)
        self.formula, own = VARIANTS[variant]
        self.names, self.scale = ["A", "B", *own], run["alpha"] / config["r"]
        self.parameters = {key: t.to(dtype).requires_grad_() for key, t in load_file(FOLDER / run["init"]).items()}
        self.modules = {}
        for key, parameter in self.parameters.items():
            path, what = key.removeprefix("base_model.model.").split("_proj.")
            self.modules.setdefault(path + "_proj", {})[PARAMETERS[what]] = parameter
            # The first release trains what has lora_ in its name.
            parameter.requires_grad_("lora_" in what or run["variant"] == "hyperbolic_trainable_k")
            if self.formula is release and what == "lora_k":  # before micro-batches are summed
                parameter.register_hook(lambda gradient: gradient.clamp(-K_GRADIENT_BOUND, K_GRADIENT_BOUND))

    def trained(self):
        return [parameter for parameter in self.parameters.values() if parameter.requires_grad]

    def added(self, path, x, W):
        """What the adapter of this module adds to x W^T."""
        if path not in self.modules:
            return 0
        more = {"W": W} if "magnitude" in self.names else {"least": FLOAT32_LEAST} if self.formula is v1 else {}
        return self.formula(x, *(self.modules[path][name] for name in self.names), s=self.scale, **more)


class Llama:
    """A LLaMA decoder of Hugging Face's layout, for rows padded on the right: causal attention never looks at the padding."""

    def __init__(self, folder, dtype):
        self.config = json.loads((folder / "config.json").read_text())
        self.weights = {key: t.to(dtype) for key, t in load_file(folder / "model.safetensors").items()}

    def project(self, path, x, adapters):
        W = self.weights[path + ".weight"]
        return linear(x, W) + adapters.added(path, x, W)

    def norm(self, path, x):
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + self.config["rms_norm_eps"]) * self.weights[path + ".weight"]

    def rotated(self, x):
        """x [rows, heads, T, head_dim]: the halves turned by position times frequency."""
        half = x.shape[-1] // 2
        exponents = torch.arange(half, dtype=x.dtype) / half
        frequencies = self.config["rope_parameters"]["rope_theta"] ** -exponents
        angles = torch.outer(torch.arange(x.shape[-2], dtype=x.dtype), frequencies)
        a, b = x[..., :half], x[..., half:]
        return torch.cat([a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()], -1)

    def attention(self, path, x, adapters):
        rows, T, _ = x.shape

        def heads(name):
            return self.project(f"{path}.{name}_proj", x, adapters).view(rows, T, -1, self.config["head_dim"]).transpose(1, 2)

        shared = self.config["num_attention_heads"] // self.config["num_key_value_heads"]
        q, k, v = self.rotated(heads("q")), self.rotated(heads("k")), heads("v")
        scores = q @ k.repeat_interleave(shared, 1).mT / self.config["head_dim"] ** 0.5
        later = torch.ones(T, T, dtype=torch.bool).triu(1)
        mixed = scores.masked_fill(later, -torch.inf).softmax(-1) @ v.repeat_interleave(shared, 1)
        return self.project(f"{path}.o_proj", mixed.transpose(1, 2).reshape(rows, T, -1), adapters)

    def feed_forward(self, path, x, adapters):
        gate, up = (self.project(f"{path}.{name}_proj", x, adapters) for name in ("gate", "up"))
        return self.project(f"{path}.down_proj", silu(gate) * up, adapters)

    def logits(self, ids, adapters):
        x = self.weights["model.embed_tokens.weight"][ids]
        for i in range(self.config["num_hidden_layers"]):
            layer = f"model.layers.{i}"
            x = x + self.attention(f"{layer}.self_attn", self.norm(f"{layer}.input_layernorm", x), adapters)
            x = x + self.feed_forward(f"{layer}.mlp", self.norm(f"{layer}.post_attention_layernorm", x), adapters)
        return linear(self.norm("model.norm", x), self.weights["lm_head.weight"])


def rate(step, peak, config):
    warmup, steps = config["warmup_steps"], config["steps"]
    return peak * step / warmup if step < warmup else peak * (steps - step) / (steps - warmup)


def micro_batches(run, config):
    """The micro-batches of each step: in order, again and again; the last group of a pass may be short."""
    batches = load_file(FOLDER / "batches.safetensors")
    pairs = list(zip(batches["input_ids"], batches["labels"]))
    groups = [pairs[i:i + run["accumulation"]] for i in range(0, len(pairs), run["accumulation"])]
    return [groups[step % len(groups)] for step in range(config["steps"])]


def backpropagate(model, adapters, group, by_mean):
    """One step's gradients; its loss: cross entropy over all labels of the group, or the mean of the micro-batches' means."""
    counts = [(labels[:, 1:] != -100).sum().item() for _, labels in group]
    loss = 0
    for (ids, labels), count in zip(group, counts):
        logits = model.logits(ids, adapters)[:, :-1]
        summed = cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten(), ignore_index=-100, reduction="sum")
        part = summed / (count * len(group) if by_mean else sum(counts))
        part.backward()
        loss += part.item()
    return loss


def train(run, config, dtype):
    """Losses, gradient norms before clipping and rates of the steps; final weights by PEFT's names."""
    model, adapters = Llama(GOLDEN / config["base_model"], dtype), Adapters(run, config, dtype)
    optimizer = torch.optim.AdamW(adapters.trained(), betas=(0.9, 0.999), eps=1e-8, weight_decay=0)
    record = {"loss": [], "grad_norm": [], "lr": []}
    for step, group in enumerate(micro_batches(run, config)):
        optimizer.zero_grad()
        record["loss"].append(backpropagate(model, adapters, group, run["mode"].endswith("_mean")))
        norm = torch.nn.utils.clip_grad_norm_(adapters.trained(), config["clip_grad_norm"])
        record["grad_norm"].append(norm.item())
        optimizer.param_groups[0]["lr"] = rate(step, run["lr_peak"], config)
        record["lr"].append(optimizer.param_groups[0]["lr"])
        optimizer.step()
    return record, {key: parameter.detach() for key, parameter in adapters.parameters.items()}


def check(name, run, config, dtype):
    """Prints the run's line; whether it is within the tolerances."""
    record, weights = train(run, config, dtype)
    (loss, norm, weight), why = next(row for prefix, row in TOLERANCES.items() if name.startswith(prefix))
    rows = []
    for what, allowed in (("loss", loss), ("grad_norm", norm), ("lr", 1e-9)):
        got, want = torch.tensor(record[what], dtype=torch.float64), torch.tensor(run[what], dtype=torch.float64)
        rows.append((what, ((got - want).abs() / torch.where(want != 0, want, 1)).max().item(), allowed))
    if run["final"]:
        want = load_file(FOLDER / run["final"])
        apart = {key: (weights[key] - t).abs().max() for key, t in want.items()}
        noise = {key for key in apart if name.startswith("hyplora_k1.") and key.endswith("lora_norm_scale")}
        rows.append(("weights", torch.stack([apart[key] for key in apart if key not in noise]).max().item(), weight))
        if noise:
            rows.append(("norm_scale (noise)", torch.stack([apart[key] for key in noise]).max().item(), NORM_SCALE_ALLOWED))
    inside = all(found <= allowed for _, found, allowed in rows)
    words = ", ".join(f"{what} {found:.1e} of {allowed:.0e}" for what, found, allowed in rows)
    print(f"{name:33} {words}{'' if run['final'] else ', no final weights'}{'; ' + why if why else ''}"
          f"{'' if inside else '; OUTSIDE'}", flush=True)
    return inside


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--float32", action="store_true")
    parser.add_argument("names", nargs="*", metavar="OUT or RUN")
    arguments = parser.parse_args()
    trajectories = json.loads((FOLDER / "trajectories.json").read_text())
    runs, config, dtype = trajectories["runs"], trajectories["config"], torch.float32 if arguments.float32 else torch.float64
    if arguments.check:
        if unknown := set(arguments.names) - set(runs):
            parser.error(f"no run {', '.join(sorted(unknown))}; there are {', '.join(runs)}.")
        sys.exit(0 if all([check(n, runs[n], config, dtype) for n in arguments.names or runs]) else 1)
    if len(arguments.names) != 1:
        parser.error("expected --check or one folder OUT.")
    out = pathlib.Path(arguments.names[0])
    out.mkdir(parents=True, exist_ok=True)
    for given in [*FOLDER.glob("*.init.safetensors"), FOLDER / "batches.safetensors"]:
        shutil.copy(given, out)
    for run in runs.values():
        record, weights = train(run, config, dtype)
        run.update(record)
        if run["final"]:
            save_file({key: t.float() for key, t in weights.items()}, out / run["final"])
    (out / "trajectories.json").write_text(json.dumps(trajectories, indent=1) + "\n")


if __name__ == "__main__":
    main()
