#!/usr/bin/env python3
"""Checks the golden numbers of adapters/ against the plain formulas of docs/maths.md (formulas.py), or makes them anew.

    pip install torch numpy safetensors
    OMP_NUM_THREADS=1 tests/golden/make_adapters.py --check   every tensor within the tolerance that index.json gives it;
                                                              one line a file; exit status 1 where one is not
    OMP_NUM_THREADS=1 tests/golden/make_adapters.py OUT       files of the same layout in the folder OUT

Inputs are the files' own `in.*`, float32 and exact. With L = sum(g * out), autograd gives for each case and tag

    delta, out = x W^T + bias + delta, grad_x, grad_x_delta (through the adapter only), grad_<parameter>;
    grad_k of the release is clamped, grad_k_raw is not; nz_grad_* leave the rows of zeros out

A tag says what a tensor was computed in: f64 float64, f32 float32, bf16 x, W, bias and g in bfloat16 and the adapter in float32.
OUT gets each by the formula in that arithmetic. --check compares with that, and with float64 for all three tags. The committed
f32 and bf16 tensors are the published code's, in another order of operations: OUT has them within the tolerances, not to the
bit. The committed f64 tensors are the published code widened to float64 (hyplora_lorentz, which has none: the formula itself).
index.json is not made: its tolerances were set once, some ten times the distance between the published code and a formula.
"""
import argparse
import json
import pathlib
import shutil
import sys

import torch
from safetensors.torch import load_file, save_file

from formulas import FLOAT32_LEAST, K_GRADIENT_BOUND, VARIANTS, release, v1

FOLDER = pathlib.Path(__file__).resolve().parent / "adapters"
OWN = {  # of x, W, bias and g, and of the adapter
    "f32": (torch.float32, torch.float32), "f64": (torch.float64, torch.float64), "bf16": (torch.bfloat16, torch.float32)}
WIDE = {tag: (torch.float64, torch.float64) for tag in OWN}


class Case:
    """One case in one arithmetic; `inputs` by their names behind "in."; `types` of the base and of the adapter."""

    def __init__(self, variant, inputs, scale, tag, types):
        self.formula, own = VARIANTS[variant]
        self.base_type, self.type = types
        self.names = ["A", "B", *own]
        self.x, self.g, self.W = (inputs[n].to(self.base_type) for n in ("x", "g", "weight"))
        self.bias = inputs["bias"].to(self.base_type) if "bias" in inputs else None
        self.parameters = [inputs[n].to(self.type).requires_grad_() for n in self.names]
        self.more = {"s": scale}
        if variant == "dora":
            self.more["W"] = self.W.to(self.type)
        if self.formula is v1 and tag != "f64":
            self.more["least"] = FLOAT32_LEAST

    def run(self, x, g, base):
        """The sum of base and adapter, and the gradients through what the base's type keeps of it; `base` gives the base's
        output for x."""
        x = x.clone().requires_grad_()
        added = self.formula(x.to(self.type), *self.parameters, **self.more)
        out = base(x) + added
        gradients = torch.autograd.grad(out.to(self.base_type), [x, *self.parameters], g)
        return out.detach(), gradients[0], dict(zip(self.names, gradients[1:]))

    def compute(self):
        """Every tensor of the case, by its name behind the tag."""
        def whole(x):
            return torch.nn.functional.linear(x, self.W, self.bias)

        got = {}
        got["out"], got["grad_x"], gradients = self.run(self.x, self.g, whole)
        got["delta"], got["grad_x_delta"], _ = self.run(self.x, self.g, lambda x: 0)
        got |= {f"grad_{n}": gradient for n, gradient in gradients.items()}
        rows = self.x.abs().sum(-1) > 0
        _, _, gradients = self.run(self.x[rows], self.g[rows], whole)
        got |= {f"nz_grad_{n}": gradient for n, gradient in gradients.items()}
        if "k" in gradients:
            got["grad_k_raw"] = got["grad_k"]
        if self.formula is release:
            got["grad_k"] = got["grad_k"].clamp(-K_GRADIENT_BOUND, K_GRADIENT_BOUND)
        return got


def compute_file(about, committed, types):
    """All tensors of a file that are not inputs."""
    made = {}
    for name, case in about["cases"].items():
        inputs = {key.removeprefix(f"{name}.in."): t for key, t in committed.items() if key.startswith(f"{name}.in.")}
        for tag in types:
            wanted = [key for key in case["tensors"] if key.startswith(f"{name}.{tag}.")]
            if wanted:
                got = Case(about["variant"], inputs, case["scale"], tag, types[tag]).compute()
                made |= {key: got[key.removeprefix(f"{name}.{tag}.")] for key in wanted}
    return made


def make_file(about, committed):
    """As a file holds them."""
    return {key: t.to(committed[key].dtype).contiguous() for key, t in compute_file(about, committed, OWN).items()}


def share_of_tolerance(got, want, tolerance):
    """The largest deviation as a share of what is allowed; infinite where one is a number and the other is not."""
    if got.shape != want.shape or not torch.equal(got.isnan(), want.isnan()):
        return float("inf")
    error, want = (got.double() - want.double()).nan_to_num(), want.double().nan_to_num()
    shares = [error.abs().max() / (tolerance["atol"] + 1e-300)]
    if "row_rtol" in tolerance:
        shares.append((error.norm(dim=-1) / (tolerance["row_rtol"] * want.norm(dim=-1) + 1e-30)).max())
    return max(share.item() for share in shares)


def check(name, about):
    """Prints the file's line; whether all is as it should be."""
    committed = load_file(FOLDER / name)
    rows = {key: row for case in about["cases"].values() for key, row in case["tensors"].items()}
    words, worst = [], 0
    for arithmetic, made in (("in float64", compute_file(about, committed, WIDE)), ("in its type", make_file(about, committed))):
        shares = {key: share_of_tolerance(t, committed[key], rows[key][3]) for key, t in made.items()}
        key = max(shares, key=shares.get)
        words.append(f"{shares[key]:.2g} {arithmetic} ({key})")
        worst = max(worst, shares[key])
    inputs = [key for key in committed if ".in." in key]
    complete = set(committed) == set(rows) == set(made) | set(inputs)
    print(f"{name:33} largest share of the tolerance: {', '.join(words)}; {len(made)} tensors; {len(inputs)} inputs skipped"
          f"{'' if complete else '; names differ from the index'}{'' if worst <= 1 else '; OUTSIDE'}", flush=True)
    return complete and worst <= 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true")
    what.add_argument("out", nargs="?", type=pathlib.Path)
    arguments = parser.parse_args()
    index = json.loads((FOLDER / "index.json").read_text())
    if arguments.check:
        sys.exit(0 if all([check(name, about) for name, about in index.items()]) else 1)
    arguments.out.mkdir(parents=True, exist_ok=True)
    shutil.copy(FOLDER / "index.json", arguments.out)
    for name, about in index.items():
        committed = load_file(FOLDER / name)
        save_file(committed | make_file(about, committed), arguments.out / name, {"variant": about["variant"]})


if __name__ == "__main__":
    main()
