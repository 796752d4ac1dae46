#!/usr/bin/env python3
"""Which adapter learns best, each at its own best rate: the runs behind docs/hyperbolic.md.

    scripts/study_variants.py MODEL ROWS... --out DIR [--rates 3e-4 1e-3 3e-3] [--seeds 1 2 3] [--steps 60] [--rows 480] [--held 96]
                              [--benchmark addsub]

MODEL: a checkpoint folder. ROWS: files of rows with rationales; the same rows are held back in every run. For each method, rate and seed
one training run of equal length, without warm-up (what a rate does at once is part of the question); its held-back loss, first gradient
norm and seconds go to DIR/runs.jsonl (a run that is there is not done again), the table of best rates with intervals over seeds to
DIR/table.md, loss against rate to DIR/rates.svg.

Then, at each method's best rate: how hyperbolic the adapters of the first seed have become (DIR/modules.md, by kind of module: where
tokens lie and what share of the output no linear map explains; DIR/radii.svg: where they lie with one K for all and where with each
module's own), and with --benchmark the accuracy of all seeds' adapters on the held-back rows, with intervals over rows. Needs the cpu
preset's build.
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
    "bounded (auto), K's rate x 10": {"hyplora_variant": "bounded", "curvature": "auto", "times_for_K": 10},
}
BEFORE, AFTER = "lorentz (K 1)", "bounded (auto)"  # of the picture
T95 = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57, 7: 2.45, 8: 2.36, 9: 2.31, 10: 2.26}  # of n values: n - 1 degrees
COLOURS = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f"]


def split(files, rows, held, folder):
    """The same rows for every run: some to learn, some held back."""
    taken = [row for file in files for row in json.load(open(file))]
    random.Random(0).shuffle(taken)
    (folder / "held.json").write_text(json.dumps(taken[:held]))
    (folder / "learn.json").write_text(json.dumps(taken[held:held + rows]))


def adapter_folder(folder, method, rate, seed):
    return folder / "runs" / f"{method}-{rate}-{seed}".replace(" ", "_")


def called(program, *arguments):
    return subprocess.run([ROOT / "build/cpu/bin" / program, *map(str, arguments)], capture_output=True, text=True)


def run(a, method, rate, seed, folder):
    out = adapter_folder(folder, method, rate, seed)
    config = {"base_model": str(a.model), "data_path": str(folder / "learn.json"), "val_data_path": str(folder / "held.json"),
              "output_dir": str(out), "max_steps": a.steps, "learning_rate": rate, "seed": seed, "warmup_steps": 0, "batch_size": a.batch,
              "micro_batch_size": a.batch, "lora_r": a.rank, "lora_alpha": 2 * a.rank, "lora_dropout": 0, "cutoff_len": 448, "over_length": "drop",
              "eval_step": a.steps, "save_step": a.steps, "tensorboard": False, "load_best_model_at_end": False,
              "resume_from_checkpoint": "never", "train_on_inputs": False, "prompt_template": a.template, "lr_scheduler": "linear", **METHODS[method]}
    if times := config.pop("times_for_K", None):
        config["curvature_learning_rate"] = times * rate
    out.mkdir(parents=True, exist_ok=True)
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    begin = time.time()
    done = called("hyplora-train", "--config", path, "--quiet")
    made = {"method": method, "rate": rate, "seed": seed, "seconds": round(time.time() - begin, 1)}
    if done.returncode:
        return {**made, "loss": None, "first_norm": None, "failed": done.stderr.strip()[-200:]}
    lines = [json.loads(line) for line in open(out / "metrics.jsonl")]
    steps, evals = [l for l in lines if "grad_norm" in l], [l for l in lines if l.get("eval_loss") is not None]
    return {**made, "loss": evals[-1]["eval_loss"], "first_norm": steps[0]["grad_norm"]}


def mean_and_half(values):
    mean = sum(values) / len(values)
    if len(values) == 1:
        return mean, math.inf
    deviation = math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))
    return mean, T95.get(len(values), 2.0) * deviation / math.sqrt(len(values))


def best_rates(runs):
    """For each method its rate of the lowest mean loss, over the seeds that ran at all its rates; a rate at which a run failed is none."""
    best = {}
    for method in dict.fromkeys(r["method"] for r in runs):
        own = [r for r in runs if r["method"] == method]
        rates = sorted({r["rate"] for r in own if all(o["loss"] is not None for o in own if o["rate"] == r["rate"])})
        losses = {rate: {r["seed"]: r["loss"] for r in own if r["rate"] == rate} for rate in rates}
        shared = set.intersection(*map(set, losses.values())) if losses else set()
        if shared:
            rate = min(rates, key=lambda rate: sum(losses[rate][seed] for seed in shared))
            best[method] = (rate, list(losses[rate].values()))
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


def geometry(a, method, rate, folder):
    """hyplora-adapter report of one adapter on held-back rows; None for a method that has no radius."""
    out = adapter_folder(folder, method, rate, a.seeds[0])
    report = out / "report" / "summary.json"
    if not report.exists():
        called("hyplora-adapter", "report", out, "--model", a.model, "--data", folder / "held.json", "--rows", a.looked_at, "--cutoff-len", 448,
               "--output", out / "report")
    return json.load(open(report))["modules"] if report.exists() else None


def by_module(reports):
    """For each method and kind of module: medians over layers, and the largest."""
    lines = ["| method | modules | th of the tokens: 5 %, median, 95 % | furthest token | share that no linear map explains: mean, largest | "
             "th of rare, of frequent tokens | their shares |",
             "|---|---|---|---|---|---|---|"]
    middle = lambda values: sorted(values)[len(values) // 2]
    mean = lambda values: sum(values) / len(values)
    for method, modules in reports.items():
        kinds = list(dict.fromkeys(m["path"].split(".")[-1] for m in modules))
        for kind in kinds:
            these = [m for m in modules if m["path"].endswith(kind)]
            th = [m["sinh_argument"] for m in these if m["sinh_argument"]]
            shares = [m["unexplained"] for m in these]
            lies = ", ".join(f"{middle([t[q] for t in th]):.2g}" for q in ("q05", "q50", "q95")) if th else ""
            both = [[m[tokens] for m in these] for tokens in ("rare", "frequent")]
            lie_apart = ", ".join(f"{middle([t['sinh_argument'] for t in some]):.2g}" for some in both) if th else ""
            apart = ", ".join(f"{100 * mean([t['unexplained'] for t in some]):.2g} %" for some in both)
            lines.append(f"| {method} | {kind} | {lies} | {max(t['max'] for t in th) if th else 0:.3g} | "
                         f"{100 * mean(shares):.2g} %, {100 * max(shares):.2g} % | {lie_apart} | {apart} |")
    return "\n".join(lines) + "\n"


def radii_picture(reports):
    """th against layer, a colour a kind of module: a bar from 5 % to 95 % of the tokens with the median, a cross for the furthest."""
    kinds = list(dict.fromkeys(m["path"].split(".")[-1] for m in reports[BEFORE]))
    layers = 1 + max(int(m["path"].split(".")[2]) for m in reports[BEFORE])
    low, high = -2, 3
    y = lambda th: 40 + 250 * (high - min(max(math.log10(max(th, 1e-9)), low), high)) / (high - low)
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 350" font-family="sans-serif" font-size="12">',
             '<rect width="960" height="350" fill="white"/>']
    for panel, method in enumerate((BEFORE, AFTER)):
        left, width = 50 + panel * 410, 390
        parts.append(f'<text x="{left + width / 2:.0f}" y="25" text-anchor="middle" font-size="14">{method}</text>')
        for power in range(low, high + 1):
            parts.append(f'<path d="M{left} {y(10 ** power):.1f}h{width}" stroke="{"#888" if power == 0 else "#ddd"}"/>')
            if panel == 0:
                parts.append(f'<text x="{left - 6}" y="{y(10 ** power) + 4:.1f}" text-anchor="end">{10.0 ** power:g}</text>')
        for module in reports[method]:
            layer, kind, th = int(module["path"].split(".")[2]), module["path"].split(".")[-1], module["sinh_argument"]
            place = left + width * (layer + (kinds.index(kind) + 1) / (len(kinds) + 1)) / layers
            colour = COLOURS[kinds.index(kind)]
            parts.append(f'<path d="M{place:.1f} {y(th["q05"]):.1f}V{y(th["q95"]):.1f}" stroke="{colour}" stroke-width="2"/>'
                         f'<circle cx="{place:.1f}" cy="{y(th["q50"]):.1f}" r="1.8" fill="{colour}"/>'
                         f'<path d="M{place - 2:.1f} {y(th["max"]) - 2:.1f}l4 4m0 -4l-4 4" stroke="{colour}"/>')
        parts.append(f'<text x="{left + width / 2:.0f}" y="312" text-anchor="middle">layer 0 to {layers - 1}</text>')
    for i, kind in enumerate(kinds):
        parts.append(f'<path d="M868 {60 + 20 * i}h16" stroke="{COLOURS[i]}" stroke-width="3"/><text x="890" y="{64 + 20 * i}">{kind}</text>')
    parts.append('<text x="14" y="165" text-anchor="middle" transform="rotate(-90 14 165)">th: distance in radii</text>')
    parts.append('<text x="50" y="338">bar: 5 % to 95 % of the tokens; dot: median; cross: the furthest token</text></svg>')
    return "\n".join(parts) + "\n"


def verdicts(a, method, rate, seed, folder):
    """For each held-back row whether the adapter's answer is right."""
    out = adapter_folder(folder, method, rate, seed)
    if not (out / "scored" / "results.json").exists():
        called("hyplora-eval", "--model", a.model, "--adapter", out, "--data", folder / "held.json", "--benchmark", a.benchmark, "--max-new-tokens", 96,
               "--batch-size", 16, "--output", out / "scored")
    records = next(f for f in (out / "scored").glob("*.json") if f.name != "results.json")
    return [row["flag_strict"] for row in json.load(open(records))]


def accuracies(a, runs, folder):
    """Right answers of all seeds; the difference to LoRA's is paired by row, its interval over rows."""
    best, shares = best_rates(runs), {}
    has_all = lambda m: set(a.seeds) <= {r["seed"] for r in runs if (r["method"], r["rate"]) == (m, best[m][0])}
    for method in (m for m in METHODS if m in best and has_all(m)):
        each = [verdicts(a, method, best[method][0], seed, folder) for seed in a.seeds]
        shares[method] = [sum(row) / len(row) for row in zip(*each)]
    lines = ["| method | accuracy | above LoRA's, paired by row (95 %) |", "|---|---|---|"]
    for method, own in shares.items():
        gain, half = mean_and_half([x - y for x, y in zip(own, shares["LoRA"])])
        lines.append(f"| {method} | {100 * sum(own) / len(own):.1f} % | {'–' if method == 'LoRA' else f'{100 * gain:+.1f} ± {100 * half:.1f}'} |")
    return "\n".join(lines) + "\n"


def look_closer(a, runs, folder):
    best = best_rates(runs)
    reports = {m: geometry(a, m, best[m][0], folder) for m in METHODS if m in best}
    reports = {method: modules for method, modules in reports.items() if modules}
    (folder / "modules.md").write_text(by_module(reports))
    if BEFORE in reports and AFTER in reports:
        (folder / "radii.svg").write_text(radii_picture(reports))
    if a.benchmark:
        (folder / "accuracy.md").write_text(accuracies(a, runs, folder))


def round_values(low, high):
    """Some four multiples of 1, 2 or 5 times a power of ten between the two."""
    step = next(s for s in sorted(m * 10.0 ** e for m in (1, 2, 5) for e in range(-6, 4)) if (high - low) / s < 6)
    return [round(i * step, 9) for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


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
    for loss in round_values(losses[0], top):
        parts.append(f'<path d="M65 {y(loss):.1f}H510" stroke="#ddd"/><text x="60" y="{y(loss) + 4:.1f}" text-anchor="end">{loss:g}</text>')
    shown = [method for method in METHODS if any(p[0] == method for p in points)]
    for colour, method in zip(COLOURS, METHODS):
        own = [(rate, [p[2] for p in points if p[0] == method and p[1] == rate]) for rate in rates]
        own = [(rate, values) for rate, values in own if values]
        if not own:
            continue
        path = " ".join(f"{'M' if i == 0 else 'L'}{x(rate):.1f} {y(sum(v) / len(v)):.1f}" for i, (rate, v) in enumerate(own))
        parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x(rate):.1f}" cy="{y(value):.1f}" r="2.5" fill="{colour}"/>' for rate, values in own for value in values]
        place = 40 + 18 * shown.index(method)
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
    parser.add_argument("--benchmark", help="how answers to the held-back rows are judged (hyplora-eval --benchmark)")
    for name, default in {"steps": 60, "rows": 480, "held": 96, "batch": 8, "rank": 32, "looked_at": 16}.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default)
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
    look_closer(a, runs, folder)
    for name in ("table.md", "modules.md", "accuracy.md"):
        if (folder / name).exists():
            print((folder / name).read_text())


if __name__ == "__main__":
    main()
