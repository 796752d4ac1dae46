#!/usr/bin/env python3
"""Writes the rows of the bundled example: pretraining text, word problems to learn from, word problems held back.

Usage: make_rows.py [--build DIR]   (default: build/ beside this file)
Writes DIR/pretrain.jsonl, DIR/tokenizer.txt, and beside this file word_problems_train.json and word_problems.json.
The same seed gives the same files.
"""
import argparse
import json
import pathlib
import random

SEED = 7
LARGEST = 30  # number that sums and differences start from
PRETRAIN_ROWS = 150000
TOKENIZER_LINES = 20000
TRAIN_ROWS = 2400
HELD_BACK_ROWS = 300

ALPACA = ("Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
          "### Instruction:\n{}\n\n### Response:\n")
NAMES = ("Tom Mia Ben Anna Leo Emma Max Lily Sam Nora Jack Ella Adam Rosa Paul Lucy Omar Sara Finn Ivy").split()
THINGS = ("apples pears plums books pens balls cards coins shells stones eggs cakes stamps toys flowers marbles "
          "nuts cups keys buttons").split()
BOXES = "box basket bag jar drawer".split()
PLACES = "garden kitchen school park shop house".split()
COLOURS = "red blue green yellow white black".split()

# (operation, problem, sentence that works it out; {sum} is the written-out operation with its result)
ONE_STEP = [
    ("+", "{a} has {x} {t}. {b} gives {a} {y} more {t}. How many {t} does {a} have now?", "{a} has {sum} {t}."),
    ("+", "{a} has {x} {t} and {b} has {y} {t}. How many {t} do they have together?", "They have {sum} {t}."),
    ("+", "There are {x} {t} in the {box}. {a} puts {y} more {t} into it. How many {t} are in the {box} now?",
     "There are {sum} {t} in the {box}."),
    ("+", "{a} found {x} {t} in the morning and {y} {t} in the evening. How many {t} did {a} find that day?",
     "{a} found {sum} {t}."),
    ("+", "{a} has {x} {c} {t} and {y} {d} {t}. How many {t} does {a} have in all?", "{a} has {sum} {t}."),
    ("-", "{a} has {x} {t}. {a} gives {y} {t} to {b}. How many {t} does {a} have left?", "{a} has {sum} {t}."),
    ("-", "There are {x} {t} in the {box}. {a} takes {y} of them. How many {t} are left in the {box}?",
     "There are {sum} {t} in the {box}."),
    ("-", "{a} has {x} {t} and {b} has {y} {t}. How many more {t} does {a} have than {b}?", "{a} has {sum} more {t}."),
    ("-", "{a} had {x} {t} and lost {y} of them. How many {t} does {a} still have?", "{a} has {sum} {t}."),
    ("-", "{a} needs {x} {t} and has {y} {t}. How many {t} are missing?", "{sum} {t} are missing."),
    ("*", "There are {x} {t} in each {box}. How many {t} are in {y} of them?", "There are {sum} {t}."),
    ("*", "{a} buys {x} {t}. Each of them costs {y} coins. How many coins does {a} pay?", "{a} pays {sum} coins."),
    ("*", "{a} finds {x} {t} every day. How many {t} does {a} find in {y} days?", "{a} finds {sum} {t}."),
    ("*", "{x} children have {y} {t} each. How many {t} do they have together?", "They have {sum} {t}."),
]
TWO_STEP = [
    ("+-", "{a} has {x} {t}. {b} gives {a} {y} more {t}. Then {a} loses {z} {t}. How many {t} does {a} have now?"),
    ("-+", "There are {x} {t} in the {box}. {a} takes {y} of them. {b} puts {z} {t} into it. "
           "How many {t} are in the {box} now?"),
    ("*-", "{a} has {x} rows of {y} {t} each. {a} gives {z} {t} to {b}. How many {t} does {a} have left?"),
    ("*+", "{a} has {x} rows of {y} {t} each. {b} gives {a} {z} more {t}. How many {t} does {a} have now?"),
]


def apply(op, x, y):
    return {"+": x + y, "-": x - y, "*": x * y}[op]


def written(op, x, y):
    """7 + 5 = 12"""
    return f"{x} {op} {y} = {apply(op, x, y)}"


def operands(rng, op):
    """Two numbers from 2 on, small enough that a small model knows the result by heart."""
    if op == "*":
        return rng.randint(2, 9), rng.randint(2, 9)
    x, y = rng.randint(2, LARGEST), rng.randint(2, LARGEST)
    return (max(x, y) + 2, min(x, y)) if op == "-" else (x, y)


def cast(rng):
    """Names and things for one problem."""
    (a, b), (c, d) = rng.sample(NAMES, 2), rng.sample(COLOURS, 2)
    return {"a": a, "b": b, "c": c, "d": d, "t": rng.choice(THINGS), "box": rng.choice(BOXES)}


# Word problems ---------------------------------------------------------------------------------------------------

def problem(instruction, work, answer):
    return {"instruction": instruction, "input": "", "output": f"{work} The answer is {answer}.", "answer": str(answer)}


def one_step(rng):
    op, text, work = rng.choice(ONE_STEP)
    who, (x, y) = cast(rng), operands(rng, op)
    return problem(text.format(x=x, y=y, **who), work.format(sum=written(op, x, y), **who), apply(op, x, y))


def two_step(rng):
    ops, text = rng.choice(TWO_STEP)
    who, (x, y) = cast(rng), operands(rng, ops[0])
    between, z = apply(ops[0], x, y), rng.randint(2, LARGEST)
    result = apply(ops[1], between, z)
    if between > LARGEST or result < 2:
        return two_step(rng)
    work = f"First {written(ops[0], x, y)}. Then {written(ops[1], between, z)}."
    return problem(text.format(x=x, y=y, z=z, **who), work, result)


def word_problems(rng, count):
    rows = {}
    while len(rows) < count:
        row = two_step(rng) if rng.random() < 0.15 else one_step(rng)
        rows.setdefault(row["instruction"], row)
    return list(rows.values())


# Pretraining rows: sums, who has what, copying; bare or in the instruction format, and some plain text -------------

def some_sum(rng):
    op = rng.choice("++--*")
    return (op, *operands(rng, op))


def possessions(rng, count):
    """[(name, number, thing)], each name and thing once."""
    return list(zip(rng.sample(NAMES, count), rng.sample(range(2, 70), count), rng.sample(THINGS, count)))


def has(owner):
    return "{} has {} {}.".format(*owner)


def task_compute(rng):
    asked = [some_sum(rng) for _ in range(rng.randint(1, 4))]
    units = [" " + t for t in rng.sample(THINGS, len(asked))] if rng.random() < 0.5 else [""] * len(asked)
    listed = ", ".join(f"{x} {op} {y}{unit}" for (op, x, y), unit in zip(asked, units))
    return f"Compute {listed}.", " ".join(f"{written(*s)}{unit}." for s, unit in zip(asked, units))


def task_words(rng):
    op, x, y = some_sum(rng)
    word = {"+": "plus", "-": "minus", "*": "times"}[op]
    return f"What is {x} {word} {y}?", written(op, x, y) + "."


def task_recall(rng):
    owners = possessions(rng, rng.randint(1, 3))
    asked = rng.sample(owners, rng.randint(1, len(owners)))
    questions = [f"How many {t} does {name} have?" for name, _, t in asked]
    return " ".join([has(o) for o in owners] + questions), " ".join(map(has, asked))


def task_who(rng):
    owners = possessions(rng, rng.randint(2, 3))
    asked = rng.choice(owners)
    return " ".join(map(has, owners)) + f" Who has {asked[2]}?", f"{asked[0]} has {asked[1]} {asked[2]}."


def task_larger(rng):
    x, y = rng.sample(range(2, 70), 2)
    return f"Which number is larger, {x} or {y}?", f"{max(x, y)} is larger than {min(x, y)}."


def task_repeat(rng):
    words = rng.choices(NAMES + THINGS + BOXES + COLOURS + [str(i) for i in range(2, 70)], k=rng.randint(2, 10))
    return "Repeat " + " ".join(words) + ".", " ".join(words) + "."


def task_list(rng):
    owners = possessions(rng, rng.randint(1, 4))
    return " ".join(map(has, owners)) + " List the numbers.", " ".join(str(n) for _, n, _ in owners) + "."


def task_sequence(rng):
    start, step = rng.randint(2, 50), rng.randint(1, 5)
    numbers = [str(start + step * i) for i in range(6)]
    return "Go on with " + " ".join(numbers[:3]) + ".", " ".join(numbers[3:]) + "."


TASKS = [task_compute] * 5 + [task_words, task_recall, task_recall, task_recall, task_who, task_larger, task_repeat, task_list,
                              task_sequence]


def story(rng):
    """Sentences about people and things."""
    said = [has(o) for o in possessions(rng, 2)] + [
        f"{rng.choice(NAMES)} is in the {rng.choice(PLACES)}.",
        f"There are {rng.randint(2, 70)} {rng.choice(COLOURS)} {rng.choice(THINGS)} in the {rng.choice(BOXES)}.",
        f"{rng.choice(NAMES)} gives {rng.randint(2, 70)} {rng.choice(THINGS)} to {rng.choice(NAMES)}."]
    rng.shuffle(said)
    return " ".join(said)


def pretraining_row(rng):
    """The instruction carries no loss, the output does."""
    if rng.random() < 0.08:
        return {"instruction": "", "output": story(rng)}
    prompt, answer = rng.choice(TASKS)(rng)
    return {"instruction": ALPACA.format(prompt) if rng.random() < 0.5 else prompt + "\n", "output": answer}


# Files -----------------------------------------------------------------------------------------------------------

def write_json(path, rows):
    path.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")


def write_tokenizer_text(path, rows):
    """Plain lines: the tokenizer meets no newline, so that each one stays a byte piece of its own."""
    text = "\n".join(row["instruction"] + row["output"] for row in rows)
    path.write_text("\n".join(line for line in text.split("\n") if line) + "\n")


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=here / "build")
    build = parser.parse_args().build
    build.mkdir(parents=True, exist_ok=True)

    problems = word_problems(random.Random(SEED), TRAIN_ROWS + HELD_BACK_ROWS)
    write_json(here / "word_problems_train.json", problems[:TRAIN_ROWS])
    write_json(here / "word_problems.json", problems[TRAIN_ROWS:])

    rng = random.Random(SEED + 1)
    rows = [pretraining_row(rng) for _ in range(PRETRAIN_ROWS)]
    with open(build / "pretrain.jsonl", "w") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)
    as_text = [{"instruction": row["instruction"] + "\n", "output": row["output"]} for row in problems[:TRAIN_ROWS]]
    write_tokenizer_text(build / "tokenizer.txt", rows[:TOKENIZER_LINES] + as_text)


if __name__ == "__main__":
    main()
