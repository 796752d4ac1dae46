#!/usr/bin/env python3
"""Reads a run's event files with the real tensorboard package and compares every scalar with metrics.jsonl.

    python3 -m venv venv && venv/bin/pip install tensorboard
    venv/bin/python scripts/check_tensorboard.py OUTPUT_DIR...

Not part of the tests, which need no Python. Exit code 1 where a scalar is missing, doubled or other than in metrics.jsonl (TensorBoard
keeps float32: compared to 1e-6 relative).
"""
import json
import math
import pathlib
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

TAGS = {
    "loss": "train/loss",
    "learning_rate": "train/learning_rate",
    "grad_norm": "train/grad_norm",
    "tokens_per_second": "train/tokens_per_second",
    "eval_loss": "eval/loss",
    "eval_perplexity": "eval/perplexity",
    "curvature.min": "train/curvature_min",
    "curvature.mean": "train/curvature_mean",
    "curvature.max": "train/curvature_max",
}


def expected(folder):
    """tag -> [(step, value)] as metrics.jsonl has them."""
    found = {}
    for text in (folder / "metrics.jsonl").read_text().splitlines():
        line = json.loads(text)
        if "event" in line:
            continue
        for key, tag in TAGS.items():
            value = line
            for part in key.split("."):
                value = value.get(part) if isinstance(value, dict) else None
            if value is not None:
                found.setdefault(tag, []).append((line["step"], value))
    return found


def check(folder):
    events = EventAccumulator(str(folder / "tensorboard"), size_guidance={"scalars": 0})
    events.Reload()
    wanted, bad = expected(folder), 0
    if set(events.Tags()["scalars"]) != set(wanted):
        print(f"{folder}: tags {sorted(events.Tags()['scalars'])}, expected {sorted(wanted)}")
        bad += 1
    for tag, points in wanted.items():
        seen = [(event.step, event.value) for event in events.Scalars(tag)] if tag in events.Tags()["scalars"] else []
        same = len(seen) == len(points) and all(
            a[0] == b[0] and math.isclose(a[1], b[1], rel_tol=1e-6, abs_tol=1e-30) for a, b in zip(seen, points))
        print(f"{folder}: {tag}: {len(points)} points {'equal' if same else 'DIFFER'}")
        bad += not same
    return bad


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(1 if sum(check(pathlib.Path(name)) for name in sys.argv[1:]) else 0)
