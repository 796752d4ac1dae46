#!/usr/bin/env python3
"""Reading and printing for bench.sh.

bench_report.py machine        CPU, its flags that matter, and measured matmul peaks
bench_report.py collect DIR    one run's metrics.jsonl as one JSON line
bench_report.py print DIR      the table of ratios over all rounds
"""
import json
import statistics
import sys
import time
from pathlib import Path

WARMUP = 2


def machine():
    import torch
    text = Path("/proc/cpuinfo").read_text()
    name = next(line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name"))
    flags = next(line for line in text.splitlines() if line.startswith("flags")).split()
    print(f"CPU: {name}, {torch.get_num_threads()} threads; flags:",
          *[f for f in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if f in flags])
    for dtype in (torch.float32, torch.bfloat16):
        a, b = (torch.randn(2048, 2048).to(dtype) for _ in range(2))
        times = []
        for _ in range(9):
            start = time.perf_counter()
            a @ b.t()
            times.append(time.perf_counter() - start)
        print(f"matmul peak {str(dtype)[6:]}: {2 * 2048 ** 3 / statistics.median(times) / 1e9:.0f} GFLOP/s")


def collect(folder):
    lines = [json.loads(line) for line in open(Path(folder) / "metrics.jsonl")]
    steps = [line for line in lines if "loss" in line]
    seconds = [s["step_seconds"] for s in steps[min(WARMUP, len(steps) - 1):]]
    print(json.dumps({"median_step_s": statistics.median(seconds), "losses": [s["loss"] for s in steps],
                      "grad_norms": [s["grad_norm"] for s in steps], "peak_mb": lines[-1]["peak_memory_bytes"] / 2 ** 20}))


def rows(folder, name):
    return [json.loads(line) for line in open(Path(folder) / f"results-{name}")]


def spread(values):
    return f"{statistics.median(values):.3f} ({min(values):.3f}-{max(values):.3f})"


def compare(folder, precision):
    peft, lora = rows(folder, f"peft-{precision}"), rows(folder, f"lora-{precision}")
    speed = [p["median_step_s"] for p in peft], [r["median_step_s"] for r in lora]
    memory = [p["peak_mb"]["rss"] for p in peft], [r["peak_mb"] for r in lora]
    loss = max(abs(a - b) for a, b in zip(peft[0]["losses"], lora[0]["losses"]))
    print(f"{precision}: step seconds PEFT {spread(speed[0])}, ours {spread(speed[1])}: "
          f"{statistics.median(speed[0]) / statistics.median(speed[1]):.3f} x PEFT's tokens/s")
    print(f"{precision}: peak memory PEFT {statistics.median(memory[0]):.0f} MB, ours {statistics.median(memory[1]):.0f} MB; "
          f"largest loss difference {loss:.1e}, first gradient norm {peft[0]['grad_norms'][0]:.6f} / {lora[0]['grad_norms'][0]:.6f}")


def print_all(folder):
    for precision in ("fp32", "bf16"):
        compare(folder, precision)
        lora, hyplora = ([r["median_step_s"] for r in rows(folder, f"{a}-{precision}")] for a in ("lora", "hyplora"))
        ratios = [h / r for h, r in zip(hyplora, lora)]
        print(f"{precision}: HypLoRA step over our LoRA step {spread(ratios)}")
    peft = [r["startup_s"]["total"] for r in rows(folder, "start-peft")]
    ours = [float(line) for line in open(Path(folder) / "results-start-ours")]
    print(f"process start to first step (nano): PEFT {spread(peft)} s, ours {spread(ours)} s: "
          f"{statistics.median(ours) / statistics.median(peft):.3f} of PEFT's")


if __name__ == "__main__":
    {"machine": machine, "collect": collect, "print": print_all}[sys.argv[1]](*sys.argv[2:])
