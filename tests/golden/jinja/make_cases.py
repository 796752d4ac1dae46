#!/usr/bin/env python3
"""What Jinja2 renders from small templates, in the environment of transformers' apply_chat_template -> cases.json.
[variables, [[template, text or null where Jinja2 raises], ...]]. What prints an address in memory is left out.
Needs: pip install jinja2==3.1.6"""
import copy
import json
import pathlib
import re

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

HERE = pathlib.Path(__file__).parent


class Generation(Extension):
    """As transformers parses {% generation %}: a call block."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_mark"), [], [], body).set_lineno(line)

    def _mark(self, caller):
        return caller()


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


ENV = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
ENV.filters["tojson"] = tojson
ENV.globals["raise_exception"] = raise_exception
VARIABLES = json.loads((HERE / "variables.json").read_text())


def templates():
    """expressions.txt: one a line, put into {{ }}; templates.txt: parts between lines of %%%%; and products of small pieces."""
    for line in (HERE / "expressions.txt").read_text().split("\n"):
        for one in line.split(" ;; "):
            if one.strip():
                yield "{{ " + one.strip() + " }}"
    yield from (HERE / "templates.txt").read_text().split("\n%%%%\n")
    values = ["s", "u", "n", "m", "f", "t", "none_", "nope", "l", "e", "d", "w", "(1, 'a')", "range(3)", "'12'", "' 3.5 '"]
    filters = ["upper", "lower", "title", "capitalize", "length", "list", "first", "last", "string", "int", "float", "abs", "round",
               "trim", "tojson", "join('-')", "sort|list", "unique|list", "reverse|list", "sum", "min", "max", "wordcount", "e",
               "default('D')", "default('D', true)", "replace('a', 'X')", "indent(2)", "batch(2)|list", "slice(2)|list", "items|list",
               "select|list", "map('string')|list", "urlencode", "center(9)", "truncate(4, true)", "dictsort"]
    tests = ["defined", "none", "string", "number", "integer", "float", "boolean", "mapping", "sequence", "iterable", "callable", "odd",
             "even", "true", "false", "lower", "upper", "escaped", "in l", "eq 7", "divisibleby 7", "sameas none"]
    signs = ["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", "in", "and", "or"]
    for value in values:
        for filter_ in filters:
            yield "{{ %s|%s }}" % (value, filter_)
        for test in tests:
            yield "{{ %s is %s }}" % (value, test)
    for i, a in enumerate(values):
        for j, sign in enumerate(signs):
            yield "{{ %s %s %s }}" % (a, sign, values[(i * 3 + j * 5) % len(values)])


def rendered(template):
    try:
        return ENV.from_string(template).render(**copy.deepcopy(VARIABLES))
    except Exception:
        return None


def main():
    cases = []
    for template in dict.fromkeys(templates()):
        text = rendered(template)
        if text is None or not re.search(r"0x[0-9a-f]{6}", text):
            cases.append([template, text])
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    (HERE / "cases.json").write_text("[%s,[\n%s\n]]\n" % (json.dumps(VARIABLES, ensure_ascii=False), lines))
    print(len(cases), "cases,", sum(text is None for _, text in cases), "errors")


if __name__ == "__main__":
    main()
