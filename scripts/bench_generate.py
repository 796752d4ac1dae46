#!/usr/bin/env python3
"""Completions here and by transformers.generate, of the same checkpoint, LoRA adapter and prompts, in turn on this machine.

    bench_generate.py [--rounds 3] [--dir .bench] [--baseline ../shared/bench/baseline.py] [--binary build/cpu/bin/hyplora-generate]

Greedy and with 4 beams, 8 prompts of 64 ids, 64 new ones each, fp32 and bf16; and the way of the paper's scripts, one prompt at a time with
4 beams. A figure is new tokens over the seconds of decoding, prompts included, loading excluded, on both sides. Run scripts/bench.sh once
before: it makes the checkpoints. Leave the machine alone while it runs.
"""
import argparse
import json
import re
import statistics
import subprocess
import sys
from pathlib import Path

PROMPTS, PROMPT, NEW = 8, 64, 64


def theirs(args, precision, batch, beams):
    run = subprocess.run([sys.executable, args.baseline, "generate", "--dir", args.dir, "--size", "small", "--precision", precision,
                          "--batch", str(batch), "--prompt", str(PROMPT), "--new", str(NEW), "--beams", str(beams)],
                         check=True, capture_output=True, text=True)
    return json.loads(run.stdout.strip().splitlines()[-1])["tokens_per_s"]


def write_prompts(args):
    from safetensors.numpy import load_file
    places = sorted(Path(args.dir).glob(f"tokens-v32000-*x{PROMPT}.safetensors"))
    if not places:
        sys.exit(f"{args.dir} holds no tokens of {PROMPT} ids; run the baseline's generate once.")
    ids = load_file(places[0])["input_ids"][:PROMPTS]
    path = Path(args.dir) / "prompts.jsonl"
    path.write_text("".join(json.dumps(row.tolist()) + "\n" for row in ids))
    return path


def ours(args, prompts, precision, beams):
    run = subprocess.run([args.binary, "--model", f"{args.dir}/small-{precision}", "--adapter", f"{args.dir}/small-adapter-lora-r32",
                          "--dtype", {"fp32": "float32", "bf16": "bfloat16"}[precision], "--ids", prompts, "--output-ids",
                          "--ignore-eos", "--max-new-tokens", str(NEW), "--beams", str(beams), "--batch-size", str(PROMPTS)],
                         check=True, capture_output=True, text=True)
    return float(re.search(r"([0-9.]+) tokens/s", run.stderr).group(1))


def shown(values):
    return f"{statistics.median(values):.1f} ({min(values):.1f}-{max(values):.1f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dir", default=".bench")
    parser.add_argument("--baseline", default="../shared/bench/baseline.py")
    parser.add_argument("--binary", default="build/cpu/bin/hyplora-generate")
    args = parser.parse_args()
    for precision in ("fp32", "bf16"):
        for name, batch, beams in (("greedy", PROMPTS, 1), ("4 beams", PROMPTS, 4), ("4 beams, theirs one prompt at a time", 1, 4)):
            pairs = []
            for _ in range(args.rounds):
                their = theirs(args, precision, batch, beams)
                pairs.append((their, ours(args, write_prompts(args), precision, beams)))
            ratio = statistics.median(o / t for t, o in pairs)
            print(f"{precision}, {name}: tokens/s theirs {shown([t for t, _ in pairs])}, ours {shown([o for _, o in pairs])}: "
                  f"{ratio:.2f} x", flush=True)


if __name__ == "__main__":
    main()
