#!/usr/bin/env python3
"""Which adapter learns best, each at its own best rate: the runs behind docs/hyperbolic.md.

    scripts/study_variants.py MODEL ROWS... --out DIR [--rates 3e-4 1e-3 3e-3] [--seeds 1 2 3] [--steps 60] [--rows 480] [--held 96]

MODEL: a checkpoint folder. ROWS: files of rows with rationales; the same rows are held back in every run. For each method, rate and seed
one training run of equal length, without warm-up (what a rate does at once is part of the question); its held-back loss, first gradient
norm and seconds go to DIR/runs.jsonl (a run that is there is not done again), the table of best rates with intervals over seeds to
DIR/table.md, loss against rate to DIR/rates.svg. Needs the cpu preset's build.
"""
import argparse
import itertools
import json
import math
import pathlib
import random
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
METHODS = {
    "LoRA": {"adapter": "lora"},
    "DoRA": {"adapter": "dora"},
    "release (k 0.5)": {"hyplora_variant": "release", "curvature": 0.5},
    "lorentz (K 1)": {"hyplora_variant": "lorentz"},
    "lorentz (auto)": {"hyplora_variant": "lorentz", "curvature": "auto"},
    "bounded (K 1)": {"hyplora_variant": "bounded"},
    "bounded (auto)": {"hyplora_variant": "bounded", "curvature": "auto"},
}
T95 = {1: math.inf, 2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57, 7: 2.45, 8: 2.36, 9: 2.31, 10: 2.26}  # of n values: n - 1 degrees
COLOURS = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2"]


def split(files, rows, held, folder):
    """The same rows for every run: some to learn, some held back."""
    taken = [row for file in files for row in json.load(open(file))]
    random.Random(0).shuffle(taken)
    (folder / "held.json").write_text(json.dumps(taken[:held]))
    (folder / "learn.json").write_text(json.dumps(taken[held:held + rows]))


def run(a, method, rate, seed, folder):
    out = folder / "runs" / f"{method}-{rate}-{seed}".replace(" ", "_")
    config = {"base_model": str(a.model), "data_path": str(folder / "learn.json"), "val_data_path": str(folder / "held.json"),
              "output_dir": str(out), "max_steps": a.steps, "learning_rate": rate, "seed": seed, "warmup_steps": 0, "batch_size": a.batch,
              "micro_batch_size": a.batch, "lora_r": a.rank, "lora_alpha": 2 * a.rank, "lora_dropout": 0, "cutoff_len": 448, "over_length": "drop",
              "eval_step": a.steps, "save_step": a.steps, "tensorboard": False, "load_best_model_at_end": False,
              "resume_from_checkpoint": "never", "train_on_inputs": False, "prompt_template": a.template, "lr_scheduler": "linear", **METHODS[method]}
    out.mkdir(parents=True, exist_ok=True)
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    begin = time.time()
    done = subprocess.run([ROOT / "build/cpu/bin/hyplora-train", "--config", path, "--quiet"], capture_output=True, text=True)
    made = {"method": method, "rate": rate, "seed": seed, "seconds": round(time.time() - begin, 1)}
    if done.returncode:
        return {**made, "loss": None, "first_norm": None, "failed": done.stderr.strip()[-200:]}
    lines = [json.loads(line) for line in open(out / "metrics.jsonl")]
    steps, evals = [l for l in lines if "grad_norm" in l], [l for l in lines if l.get("eval_loss") is not None]
    return {**made, "loss": evals[-1]["eval_loss"], "first_norm": steps[0]["grad_norm"]}


def mean_and_half(values):
    mean = sum(values) / len(values)
    deviation = math.sqrt(sum((v - mean) ** 2 for v in values) / max(1, len(values) - 1))
    return mean, T95.get(len(values), 2.0) * deviation / math.sqrt(len(values))


def best_rates(runs):
    """For each method its rate of the lowest mean loss; a rate at which a run failed is none."""
    best = {}
    for method, rate in sorted({(r["method"], r["rate"]) for r in runs}):
        losses = [r["loss"] for r in runs if (r["method"], r["rate"]) == (method, rate)]
        if None in losses:
            continue
        if method not in best or sum(losses) / len(losses) < mean_and_half(best[method][1])[0]:
            best[method] = (rate, losses)
    return best


def table(runs):
    best = best_rates(runs)
    by_seed = lambda method: {r["seed"]: r["loss"] for r in runs if r["method"] == method and r["rate"] == best[method][0]}
    lines = ["| method | best rate | held-back loss (95 % over seeds) | less than LoRA's, paired by seed | first gradient norm at that rate | s a run |",
             "|---|---|---|---|---|---|"]
    for method in METHODS:
        if method not in best:
            continue
        rate, losses = best[method]
        mean, half = mean_and_half(losses)
        lora, own = by_seed("LoRA"), by_seed(method)
        gain, gain_half = mean_and_half([lora[s] - own[s] for s in own if s in lora])
        these = [r for r in runs if r["method"] == method and r["rate"] == rate]
        lines.append(f"| {method} | {rate:g} | {mean:.4f} ± {half:.4f} | {'–' if method == 'LoRA' else f'{gain:+.4f} ± {gain_half:.4f}'} | "
                     f"{max(r['first_norm'] for r in these):.3g} | {sum(r['seconds'] for r in these) / len(these):.1f} |")
    return "\n".join(lines) + "\n"


def picture(runs):
    """Held-back loss against rate; a line a method, a mark a run."""
    points = [(m, r["rate"], r["loss"]) for m in METHODS for r in runs if r["method"] == m and r["loss"] is not None]
    rates, losses = sorted({p[1] for p in points}), sorted(p[2] for p in points)
    top = min(losses[-1], losses[0] + 4 * (losses[len(losses) // 2] - losses[0]) + 1e-9)
    x = lambda rate: 70 + 430 * (math.log(rate / rates[0]) / math.log(rates[-1] / rates[0]) if len(rates) > 1 else 0.5)
    y = lambda loss: 20 + 300 * (1 - (min(loss, top) - losses[0]) / (top - losses[0]))
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 370" font-family="sans-serif" font-size="12">',
             '<rect width="720" height="370" fill="white"/>']
    for rate in rates:
        parts.append(f'<text x="{x(rate):.0f}" y="345" text-anchor="middle">{rate:g}</text>')
    for i in range(5):
        loss = losses[0] + (top - losses[0]) * i / 4
        parts.append(f'<path d="M65 {y(loss):.1f}H510" stroke="#ddd"/><text x="60" y="{y(loss) + 4:.1f}" text-anchor="end">{loss:.3f}</text>')
    for colour, method in zip(COLOURS, METHODS):
        own = [(rate, [p[2] for p in points if p[0] == method and p[1] == rate]) for rate in rates]
        own = [(rate, values) for rate, values in own if values]
        if not own:
            continue
        path = " ".join(f"{'M' if i == 0 else 'L'}{x(rate):.1f} {y(sum(v) / len(v)):.1f}" for i, (rate, v) in enumerate(own))
        parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x(rate):.1f}" cy="{y(value):.1f}" r="2.5" fill="{colour}"/>' for rate, values in own for value in values]
        place = 40 + 18 * list(METHODS).index(method)
        parts.append(f'<path d="M525 {place}h20" stroke="{colour}" stroke-width="2"/><text x="550" y="{place + 4}">{method}</text>')
    parts.append('<text x="285" y="364" text-anchor="middle">peak rate, without warm-up</text>')
    parts.append('<text x="14" y="170" text-anchor="middle" transform="rotate(-90 14 170)">held-back loss</text></svg>')
    return "\n".join(parts) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--rates", nargs="+", type=float, default=[3e-4, 1e-3, 3e-3])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--template", default="none")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    for name, default in {"steps": 60, "rows": 480, "held": 96, "batch": 8, "rank": 32}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    a = parser.parse_args()
    a.model = a.model.resolve()
    folder = a.out.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    split(a.files, a.rows, a.held, folder)
    record = folder / "runs.jsonl"
    runs = [json.loads(line) for line in open(record)] if record.exists() else []
    there = {(r["method"], r["rate"], r["seed"]) for r in runs}
    for seed, rate, method in itertools.product(a.seeds, a.rates, a.methods):
        if (method, rate, seed) in there:
            continue
        runs.append(run(a, method, rate, seed, folder))
        print(json.dumps(runs[-1]), flush=True)
        with open(record, "a") as file:
            file.write(json.dumps(runs[-1]) + "\n")
    (folder / "table.md").write_text(table(runs))
    (folder / "rates.svg").write_text(picture(runs))
    print(table(runs))


if __name__ == "__main__":
    main()
