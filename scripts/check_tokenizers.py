#!/usr/bin/env python3
"""Real tokenizers against Hugging Face's: the same ids over all texts, then the speed of one thread, in one run.

    scripts/check_tokenizers.py [TOKENIZERS [DATA]]

TOKENIZERS: a folder of tokenizer folders, or of packed ones with an unpack.sh (default ../shared/tokenizers/real); DATA: folders
eval/ and train/ of row files (default ../shared/data). Needs tokenizers and tiktoken from PyPI, and the cpu preset's build.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import tiktoken
from tokenizers import Tokenizer

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = ROOT / "build/cpu/bin"
ROUNDS = 5


def texts_of(data):
    texts = []
    for file in sorted(data.glob("*/*.json")):
        for row in json.load(open(file)):
            texts += [row[key] for key in ("instruction", "input", "output") if isinstance(row.get(key), str) and row[key]]
    return texts


def ours_ids(folder, file):
    out = subprocess.run([BIN / "hyplora-tokenize", "--model", folder, "--file", file], check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def ours_speed(folder, file):
    out = subprocess.run([BIN / "hyplora-bench-tokenizer", folder, file, str(ROUNDS)], check=True, capture_output=True, text=True).stdout
    loading, speed, count = out.split()
    return float(loading), float(speed), int(count)


def speed_of(encode, texts):
    """MB/s of the best round, and the number of ids."""
    best = 1e9
    for _ in range(ROUNDS):
        start = time.perf_counter()
        count = sum(len(encode(text)) for text in texts)
        best = min(best, time.perf_counter() - start)
    return sum(len(t.encode()) for t in texts) / best / 1e6, count


def tiktoken_of(folder):
    """The same byte-level vocabulary and regular expression in tiktoken; nothing for the others."""
    spec = json.load(open(folder / "tokenizer.json"))
    steps = (spec["pre_tokenizer"] or {}).get("pretokenizers", [])
    if not any(step["type"] == "ByteLevel" for step in steps):
        return None
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in printable]
    byte_of = {chr(b): b for b in printable} | {chr(0x100 + i): b for i, b in enumerate(others)}
    ranks = {bytes(byte_of[c] for c in token): i for token, i in spec["model"]["vocab"].items() if all(c in byte_of for c in token)}
    return tiktoken.Encoding("same", pat_str=steps[0]["pattern"]["Regex"], mergeable_ranks=ranks, special_tokens={})


def check(folder, texts, file):
    oracle = Tokenizer.from_file(str(folder / "tokenizer.json"))
    wrong = [text for text, ids in zip(texts, ours_ids(folder, file)) if oracle.encode(text).ids != ids]
    if wrong:
        print(f"{folder.name}: first text that differs: {wrong[0][:200]!r}")
    return len(wrong)


def main():
    packed = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT.parent / "shared/tokenizers/real")
    data = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ROOT.parent / "shared/data")
    failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        place = pathlib.Path(temporary)
        if (packed / "unpack.sh").exists():
            subprocess.run(["sh", packed / "unpack.sh", place / "tokenizers"], check=True)
            packed = place / "tokenizers"
        texts = texts_of(data)
        everything, gsm8k = place / "texts.json", place / "gsm8k.json"
        json.dump(texts, open(everything, "w"))
        rows = [row["instruction"] + row["output"] for row in json.load(open(data / "eval/gsm8k.json"))]
        json.dump(rows, open(gsm8k, "w"))
        print(f"{len(texts)} texts; speeds in MB/s, one thread, gsm8k's {sum(len(r.encode()) for r in rows) / 1e6:.2f} MB")
        for folder in sorted(p for p in packed.iterdir() if (p / "tokenizer.json").exists()):
            differing = check(folder, texts, everything)
            failed += differing
            turns = []
            for _ in range(3):
                hf = Tokenizer.from_file(str(folder / "tokenizer.json"))
                turns.append((ours_speed(folder, gsm8k), speed_of(lambda t: hf.encode(t, add_special_tokens=False).ids, rows)))
            loading = statistics.median(ours[0] for ours, _ in turns)
            ours, theirs = (statistics.median(turn[i][1 - i] for turn in turns) for i in (0, 1))
            line = f"{folder.name:8} {differing} differ; loaded in {loading:.0f} ms; ours {ours:.1f}, Hugging Face {theirs:.2f}: {ours / theirs:.1f} x"
            if (tik := tiktoken_of(folder)) is not None:
                speed = statistics.median(speed_of(tik.encode_ordinary, rows)[0] for _ in range(3))
                line += f"; tiktoken {speed:.1f}: {ours / speed:.2f} x"
            print(line, flush=True)
    sys.exit(failed > 0)


main()
