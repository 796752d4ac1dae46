#!/usr/bin/env python3
"""Checks the golden numbers of model/ against plain formulas in float64, or makes them anew.

    pip install torch numpy safetensors
    OMP_NUM_THREADS=1 tests/golden/make_decoders.py --check [NAME..]   what tests/model/golden_model.cpp reads, within its
                                                                       tolerances; one line a decoder; exit status 1 where
                                                                       something is outside
    OMP_NUM_THREADS=1 tests/golden/make_decoders.py OUT                the same files in the folder OUT

The committed numbers are transformers' in float32. Here a decoder is written out once for all families, as its config.json
describes it, and each row goes through it alone, without padding or cache:

    x = E[ids] (Gemma: times sqrt(hidden_size))
    x = x + P1(attention(N1(x)));  x = x + P2(down(act(gate(N2 x)) * up(N2 x)))        P1, P2: Gemma 3's norms behind
    logits = N(x) H^T                                                                  H = E where tied
    N(x) = x / sqrt(mean x^2 + eps) * w                                                Gemma: 1 + w
    attention: softmax(q k^T / sqrt(head_dim or query_pre_attn_scalar)) v over the window's keys, q and k normed (Qwen3,
    Gemma 3) and rotated by position times frequency (rope_type default, linear or llama3: arXiv 2407.21783, section 3.2)

Weights, rows, labels and end-of-sequence ids are the files' own. OUT's logits are 0 where a row is padded; nobody reads those.
"""
import argparse
import json
import math
import pathlib
import sys

import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy, gelu, linear, silu

FOLDER = pathlib.Path(__file__).resolve().parent / "model"
NEW, BEAMS = 16, 4  # tokens of a completion
COPIED = ("input_ids", "attention_mask", "labels", "labels_first_masked", "eos_token_id")
UNREAD = ("left.loss", "left.loss_sdpa")  # with first tokens predicted from padding: no plain formula, and no test


class Decoder:
    def __init__(self, folder):
        config = json.loads((folder / "config.json").read_text())
        self.config = config.get("text_config", config)
        self.weights = {key: t.double().requires_grad_() for key, t in load_file(folder / "model.safetensors").items()}
        self.embedding = next(key for key in self.weights if key.endswith("embed_tokens.weight"))
        self.root = self.embedding.removesuffix("embed_tokens.weight")
        self.gemma = self.config["model_type"].startswith("gemma")
        self.head_dim = self.config.get("head_dim") or self.config["hidden_size"] // self.config["num_attention_heads"]

    def project(self, path, x):
        return linear(x, self.weights[path + ".weight"], self.weights.get(path + ".bias"))

    def norm(self, path, x):
        """x itself where the family has no such norm."""
        w = self.weights.get(path + ".weight")
        return x if w is None else x * torch.rsqrt((x * x).mean(-1, keepdim=True) + self.config["rms_norm_eps"]) * (self.gemma + w)

    def layer_type(self, layer):
        types = self.config.get("layer_types")
        return types[layer] if types else "sliding_attention" if self.config.get("sliding_window") else "full_attention"

    def frequencies(self, layer):
        rope = self.config["rope_parameters"]
        rope = rope.get(self.layer_type(layer), rope)
        plain = rope["rope_theta"] ** -(torch.arange(0, self.head_dim, 2, dtype=torch.float64) / self.head_dim)
        if rope["rope_type"] == "linear":
            return plain / rope["factor"]
        if rope["rope_type"] == "llama3":
            turns = plain * rope["original_max_position_embeddings"] / (2 * math.pi)  # in the original context
            low, high = rope["low_freq_factor"], rope["high_freq_factor"]
            kept = ((turns - low) / (high - low)).clamp(0, 1)
            return plain * (kept + (1 - kept) / rope["factor"])
        return plain

    def rotated(self, layer, x):
        """x [heads, T, head_dim]: the halves turned."""
        angles = torch.outer(torch.arange(x.shape[-2], dtype=torch.float64), self.frequencies(layer))
        a, b = x.chunk(2, -1)
        return torch.cat([a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()], -1)

    def attention(self, layer, x):
        path, T = f"{self.root}layers.{layer}.self_attn", len(x)

        def heads(name):
            return self.norm(f"{path}.{name}_norm", self.project(f"{path}.{name}_proj", x).view(T, -1, self.head_dim)).transpose(0, 1)

        shared = self.config["num_attention_heads"] // self.config["num_key_value_heads"]
        q, k, v = self.rotated(layer, heads("q")), self.rotated(layer, heads("k")), heads("v")
        scores = q @ k.repeat_interleave(shared, 0).mT / math.sqrt(self.config.get("query_pre_attn_scalar") or self.head_dim)
        distance = torch.arange(T)[:, None] - torch.arange(T)
        window = self.config["sliding_window"] if self.layer_type(layer) == "sliding_attention" else T
        scores = scores.masked_fill((distance < 0) | (distance >= window), -torch.inf)
        mixed = scores.softmax(-1) @ v.repeat_interleave(shared, 0)
        return self.project(f"{path}.o_proj", mixed.transpose(0, 1).reshape(T, -1))

    def feed_forward(self, path, x):
        gate, up = self.project(f"{path}.gate_proj", x), self.project(f"{path}.up_proj", x)
        return self.project(f"{path}.down_proj", (gelu(gate, approximate="tanh") if self.gemma else silu(gate)) * up)

    def logits(self, ids):
        """Of one row [T]."""
        x = self.weights[self.embedding][ids] * (math.sqrt(self.config["hidden_size"]) if self.gemma else 1)
        for i in range(self.config["num_hidden_layers"]):
            layer = f"{self.root}layers.{i}"
            sandwich = f"{layer}.pre_feedforward_layernorm.weight" in self.weights
            added = self.attention(i, self.norm(f"{layer}.input_layernorm", x))
            x = x + (self.norm(f"{layer}.post_attention_layernorm", added) if sandwich else added)
            before = "pre_feedforward_layernorm" if sandwich else "post_attention_layernorm"
            added = self.feed_forward(f"{layer}.mlp", self.norm(f"{layer}.{before}", x))
            x = x + self.norm(f"{layer}.post_feedforward_layernorm", added)
        head = self.weights.get("lm_head.weight")
        if self.config.get("tie_word_embeddings", self.gemma):
            head = self.weights[self.embedding]
        return linear(self.norm(f"{self.root}norm", x), head)


def rows_of(golden, side):
    return [ids[mask.bool()] for ids, mask in zip(golden[f"{side}.input_ids"], golden[f"{side}.attention_mask"])]


def mean_loss(decoder, golden):
    """Over all tokens that have a label and stand behind another."""
    summed, labelled = 0, 0
    for row, labels, mask in zip(rows_of(golden, "right"), golden["right.labels"], golden["right.attention_mask"]):
        targets = labels[mask.bool()][1:]
        summed = summed + cross_entropy(decoder.logits(row)[:-1], targets, ignore_index=-100, reduction="sum")
        labelled += (targets != -100).sum()
    return summed / labelled


@torch.no_grad()
def next_scores(decoder, ids):
    return decoder.logits(torch.tensor(ids))[-1].log_softmax(-1)


def greedy(decoder, prompt, eos):
    """New ids, filled up with 0 behind an end."""
    made = []
    while len(made) < NEW and (not made or made[-1] != eos):
        made.append(next_scores(decoder, prompt + made).argmax().item())
    return made + [0] * (NEW - len(made))


def beam_search(decoder, prompt, eos):
    """The best completions, filled up with `eos`, and their scores, sum log P / tokens. Of the 2 BEAMS best continuations of a
    step those among the first BEAMS that end are done, and the best others go on; over when no beam that goes on scores more
    than the last of the done."""
    going, done = [(0.0, [])], []
    for length in range(1, NEW + 1):
        candidates = []
        for total, made in going:
            scores, ids = next_scores(decoder, prompt + made).topk(2 * BEAMS)
            candidates += [(total + s, made + [i]) for s, i in zip(scores.tolist(), ids.tolist())]
        candidates = sorted(candidates, reverse=True)[:2 * BEAMS]
        ends = [made[-1] == eos or length == NEW for _, made in candidates]
        done += [(total / length, made) for (total, made), end in zip(candidates[:BEAMS], ends) if end]
        done = sorted(done, reverse=True)[:BEAMS]
        going = [candidate for candidate, end in zip(candidates, ends) if not end][:BEAMS]
        if len(done) == BEAMS and (not going or going[0][0] / length <= done[-1][0]):
            break
    return [made + [eos] * (NEW - len(made)) for _, made in done], [score for score, _ in done]


def compute(decoder, golden):
    """What golden.safetensors holds, float64, by the same names."""
    out = {key: t for key, t in golden.items() if key.split(".")[-1] in COPIED}
    for key, wanted in golden.items():
        if ".logits" in key:
            side = key.split(".")[0]
            out[key] = torch.zeros(wanted.shape, dtype=torch.float64)
            with torch.no_grad():
                for i, row in enumerate(rows_of(golden, side)):
                    out[key][i][golden[f"{side}.attention_mask"][i].bool()] = decoder.logits(row)
    loss = mean_loss(decoder, golden)
    loss.backward()
    for key in golden:
        if key in ("right.loss", "left.loss_first_masked"):
            out[key] = loss.detach().reshape(1)
        elif key.startswith("right.grad."):
            out[key] = decoder.weights[key.removeprefix("right.grad.")].grad
    for run in sorted({key.split(".")[0] for key in golden if key.endswith(".new_ids")}):
        eos = golden[f"{run}.eos_token_id"].item() if run.endswith("_eos") else None
        prompts = [row.tolist() for row in rows_of(golden, "left")]
        if run.startswith("greedy"):
            out[f"{run}.new_ids"] = torch.tensor([greedy(decoder, prompt, eos) for prompt in prompts])
        else:
            ids, scores = zip(*(beam_search(decoder, prompt, eos) for prompt in prompts))
            out[f"{run}.new_ids"], out[f"{run}.scores"] = torch.tensor(ids), torch.tensor(scores, dtype=torch.float64)
    return out


def apart(key, got, want, golden):
    """How far the two are from each other, as a share of what golden_model.cpp allows."""
    if want.dtype == torch.int64:
        return 0.0 if torch.equal(got, want) else math.inf
    difference = (got - want.double()).abs()
    if ".logits" in key:
        return difference[golden[key.split(".")[0] + ".attention_mask"].bool()].max().item() / 1e-4
    if ".grad." in key:
        return (difference.max() / want.abs().max()).item() / 2e-5
    return (difference / want.double().abs()).max().item() / (1e-5 if key.endswith(".scores") else 1e-6)


def check(name):
    """Prints the decoder's line; whether all is within the tolerances."""
    golden = load_file(FOLDER / name / "golden.safetensors")
    made = compute(Decoder(FOLDER / name), golden)
    shares = {}
    for key in golden.keys() - set(UNREAD):
        what = next((w for w in ("logits", "grad", "loss", "scores", "new_ids") if w in key), "copied")
        shares[what] = max(shares.get(what, 0), apart(key, made[key], golden[key], golden))
    inside = all(share <= 1 for share in shares.values())
    words = ", ".join(f"{what} {share:.2g}" for what, share in sorted(shares.items()) if what not in ("new_ids", "copied"))
    ids = "ids equal" if shares["new_ids"] == 0 else "ids DIFFER"
    print(f"{name:23} of the tolerances: {words}; {ids}{'' if inside else '; OUTSIDE'}", flush=True)
    return inside


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("names", nargs="*", metavar="OUT or NAME")
    arguments = parser.parse_args()
    names = sorted(file.parent.name for file in FOLDER.glob("*/golden.safetensors"))
    if arguments.check:
        if unknown := set(arguments.names) - set(names):
            parser.error(f"no decoder {', '.join(sorted(unknown))}; there are {', '.join(names)}.")
        sys.exit(0 if all([check(name) for name in arguments.names or names]) else 1)
    if len(arguments.names) != 1:
        parser.error("expected --check or one folder OUT.")
    for name in names:
        out = pathlib.Path(arguments.names[0]) / name
        out.mkdir(parents=True, exist_ok=True)
        made = compute(Decoder(FOLDER / name), load_file(FOLDER / name / "golden.safetensors"))
        save_file({key: (t.float() if t.is_floating_point() else t).contiguous() for key, t in made.items()},
                  out / "golden.safetensors")


if __name__ == "__main__":
    main()
