#!/usr/bin/env python3
"""What Jinja2 renders from small templates, in the environment of transformers' apply_chat_template -> cases.jsonl.
The first line's t is the variables, as JSON; each other line has t (template) and e (text, or null where Jinja2 raises).
Pairs that print as Python's tuples are left out: here they are lists.   Needs: pip install jinja2==3.1.6"""
import json
import pathlib

from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
env.filters["tojson"] = tojson
VARIABLES = {
    "s": "Hello, World", "empty": "", "u": "añb水🙂c", "n": 7, "m": -3, "f": 2.5, "t": True, "no": False, "none_": None,
    "l": [3, 1, 2], "w": ["b", "A", "c", "a"], "e": [], "d": {"b": 1, "a": {"x": [1, 2.0, None, True, "q'\"\n"]}},
    "p": "  padded \n", "lines": "one\ntwo\n\nthree", "items": [{"k": "x", "v": 1}, {"k": "y", "v": 2}, {"k": "x", "v": 3}],
    "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "U1"}, {"role": "assistant", "content": "A1"},
                 {"role": "user", "content": "U2", "extra": {"deep": [10, 20]}}],
}
EXPRESSIONS = r"""
s ; s|upper ; s|lower ; s|title ; s|length ; u|length ; u[1] ; u[-1] ; u[2:4] ; u[::-1] ; s[0:5] ; s[:-1] ; s[-3:] ; s[::2] ; s[10:2:-3]
s[100] ; l[5] ; l[-1] ; l[0:2] ; l[::-1] ; d.b ; d['b'] ; d.a.x[0] ; d.missing ; d['missing'] ; d.missing.deep ; nope ; nope.x ; nope|default('D')
none_|default('D') ; none_|default('D', true) ; empty|default('D', true) ; nope|default ; s ~ n ~ f ~ t ~ none_ ~ nope ; 1 + 2 * 3 ; (1 + 2) * 3
7 // 2 ; -7 // 2 ; 7 % 3 ; -7 % 3 ; 7 % -3 ; 7 / 2 ; 6 / 2 ; 2 ** 10 ; 2 ** -1 ; -2 ** 2 ; 1.5 + 1 ; 3.0 ; 1e3 ; 1e20 ; 1.0e-5 ; 0.1 + 0.2 ; 1_000
n / 0 ; n // 0 ; n % 0 ; s + s ; s + n ; l + l ; s * 2 ; 2 * s ; l * 2 ; -n ; +n ; -f ; not t ; not empty ; not e ; t and no ; t or no ; s and n ; empty or n
n > 3 ; 1 < 2 < 3 ; 1 < 3 < 2 ; n == 7.0 ; t == 1 ; s == 'Hello, World' ; s != 'x' ; l == [3, 1, 2] ; d == {'b': 1} ; 'a' < 'b' ; s < n ; none_ == none ; nope == none
'World' in s ; 'x' not in s ; 3 in l ; 'b' in d ; 9 in l ; n in s ; 'a' in nope ; n is defined ; nope is defined ; nope is not defined ; none_ is none ; n is none
s is string ; d is mapping ; l is sequence ; l is iterable ; n is number ; n is integer ; f is float ; t is boolean ; t is true ; no is false ; t is number ; t is integer
n is odd ; n is even ; n is divisibleby 7 ; n is divisibleby(2) ; n is eq 7 ; n is equalto(7) ; n is gt 3 ; n is lt(3) ; 'a' is in w ; s is not string ; n is odd and t
t if n > 3 else no ; 'a' if no ; 'a' if no else 'b' if no else 'c' ; l|join ; l|join(', ') ; w|join('-') ; items|join(',', attribute='k') ; l|first ; l|last ; e|first ; e|last
s|first ; l|sort ; w|sort ; w|sort(case_sensitive=true) ; w|sort(reverse=true) ; items|sort(attribute='k')|map(attribute='v')|list ; l|reverse|list ; s|reverse ; l|sum ; l|max ; l|min
items|map(attribute='k')|list ; items|map(attribute='z', default='-')|list ; w|map('upper')|list ; items|selectattr('k', 'equalto', 'x')|list ; items|selectattr('v', '>', 1)|map(attribute='v')|list
items|rejectattr('k', 'eq', 'x')|list ; items|selectattr('z')|list ; items|selectattr('v')|list|length ; l|select('odd')|list ; l|reject('odd')|list ; l|select|list ; w|unique|list
items|map(attribute='k')|unique|join ; messages|selectattr('extra', 'defined')|list|length ; messages|map(attribute='extra.deep.1')|list|length ; d|items|list|length ; d|dictsort|first|first ; d.items()|length ; d.keys()|list
d.values()|list|length ; d.get('b') ; d.get('z') ; d.get('z', 5) ; d|length ; d|list ; d ; l ; [1, 'a', none, true, 2.5] ; {'k': 'v', 'n': none} ; (1, 2)|list ; [] ; {} ; 'it\'s' ; "a\tb\nc" ; "\u00e9\x41"
['it\'s', "q\"", 'both\'"', 'b\\s', 'n\n'] ; 'a' 'b' ; s.upper() ; s.lower() ; s.split() ; s.split(', ') ; 'a,b,c'.split(',', 1) ; 'a,b,c'.rsplit(',', 1) ; '  a  b '.split() ; ' a b c '.split(None, 1)
p.strip() ; p.lstrip() ; p.rstrip() ; 'xxaxx'.strip('x') ; 'abcba'.strip('ab') ; p|trim ; '--a--'|trim('-') ; s.startswith('Hell') ; s.endswith('d') ; s.startswith(('x', 'H')) ; s.replace('l', 'L') ; s.replace('l', 'L', 1)
s|replace('o', '0') ; 'aaa'|replace('a', 'b', 2) ; 'abc'.replace('', '-') ; s.find('o') ; s.find('zz') ; s.rfind('o') ; u.find('c') ; s.count('l') ; ', '.join(w) ; s.title() ; "they're bill's"|title ; "they're bill's".title()
'hello wORLD'|capitalize ; s.capitalize() ; '12'.isdigit() ; ''.isdigit() ; lines.splitlines() ; lines|indent ; lines|indent(2, true) ; lines|indent(2, first=true, blank=true) ; lines|indent('> ') ; s.removeprefix('Hello')
s.removesuffix('d') ; '5'|int ; 'x'|int ; '3.7'|int ; 3.7|int ; 'x'|int(9) ; '2.5'|float ; 'x'|float ; -5|abs ; m|abs ; f|round ; 2.567|round(2) ; 2.1|round(0, 'ceil') ; 2.9|round(method='floor') ; 3|round
n|string ~ 'x' ; t|string ; s|safe ; s|list ; 'a b c'|wordcount ; d|tojson ; l|tojson ; s|tojson ; u|tojson ; none_|tojson ; t|tojson ; f|tojson ; d|tojson(indent=2) ; [[], {}]|tojson(indent=2) ; messages|tojson(indent=4)
"a\"b\\c\n\t\x01</script>"|tojson ; range(4)|list ; range(1, 4)|list ; range(5, 0, -2)|list ; range(0)|list ; dict(a=1, b='x') ; dict(a=1).a ; namespace(x=1).x ; messages[0].role ; messages[0]['content'] ; messages[-1].extra.deep[1]
messages[1:]|length ; messages[:1][0].content ; (messages|last).content ; messages|map(attribute='role')|join(' ') ; messages[0].role == 'system' and messages[0].content ; n.x ; s.nope ; none_.x ; s.nope() ; nope() ; n|nofilter ; n is notest
l.append(4) ; d.pop('b') ; d.update({}) ; l|length == 3 ; l|length > 2 and s|length > 2 ; -l|length ; - n|abs ; not n is odd ; not 'a' in w ; n in [7, 8] ; [n, m] == [7, -3] ; {'a': [1, {'b': 2}]}['a'][1].b ; 'a' ~ 1 + 1
1 ~ 2 * 3 ; 'x' if 'a' in w and n > 3 else 'y' ; n if n is number else s ; l[n - 6] ; l[-n] ; 'abc'[1:][0] ; ('a' ~ 'b')|upper ; 'a'|upper ~ 'b' ; [1, 2, 3][1] ; 'a' == 'a' == 'a' ; true ; True ; none ; None ; false ; 1.0 ; 100000000000000000.0
12345678901234567 ; 0.00001 ; 123456789.123 ; 1e16 ; 1e15 ; f * 2 ; f // 1 ; f % 1 ; -7.5 // 2 ; -7.5 % 2 ; 2 ** 0.5 ; n is not none and n ; s.split(',')[0] ; s.split(',')|last|trim ; '%s' ; items[0].k ~ items[1]['k'] ; items|length ; messages|list|length
"""
TEMPLATES = [
    "{% for x in l %}{{ x }},{% endfor %}", "{% for x in l %}{{ loop.index }}/{{ loop.length }}{{ loop.first }}{{ loop.last }} {% endfor %}",
    "{% for x in l %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}|{{ loop.previtem }}|{{ loop.nextitem }};{% endfor %}",
    "{% for x in e %}x{% else %}none{% endfor %}", "{% for x in l %}x{% else %}none{% endfor %}", "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for k in d %}{{ k }}{% endfor %}", "{% for c in u %}{{ c }}.{% endfor %}", "{% for x in l if x > 1 %}{{ loop.index }}:{{ x }}/{{ loop.length }} {% endfor %}",
    "{% for x in nope %}x{% endfor %}!", "{% for x in n %}x{% endfor %}", "{% for x in none_ %}x{% endfor %}", "{% for a, b in [[1, 2], [3, 4]] %}{{ a + b }} {% endfor %}",
    "{% for (a, b) in [[1, 2]] %}{{ a }}{{ b }}{% endfor %}", "{% for a, b in [[1, 2, 3]] %}{{ a }}{% endfor %}",
    "{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}", "{% for x in l %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in l %}{% for y in l %}{% if y == 2 %}{% break %}{% endif %}{{ x }}{{ y }} {% endfor %}{{ loop.index }};{% endfor %}",
    "{% if n > 3 %}a{% elif n > 1 %}b{% else %}c{% endif %}", "{% if no %}a{% elif t %}b{% else %}c{% endif %}", "{% if no %}a{% elif no %}b{% else %}c{% endif %}", "{% if no %}a{% endif %}b",
    "{% set x = 5 %}{{ x }}", "{% set x = 1 %}{% for i in l %}{% set x = x + i %}{{ x }},{% endfor %}{{ x }}", "{% set x = 1 %}{% if t %}{% set x = 2 %}{% endif %}{{ x }}",
    "{% set ns = namespace(x=1) %}{% for i in l %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}", "{% set ns = namespace(found=false) %}{{ ns.found }}{% set ns.other = 'o' %}{{ ns.other }}{{ ns.none }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set x = 1, 2 %}{{ x|length }}", "{% set x %}  block {{ n }} {% endset %}[{{ x }}]", "{% set x | trim | upper %}  block {{ n }} {% endset %}[{{ x }}]",
    "{% macro f(a, b='B') %}{{ a }}-{{ b }}{% endmacro %}{{ f(1) }} {{ f(1, 2) }} {{ f(b=3, a=4) }}", "{% macro f(a) %}[{{ a }}]{% endmacro %}{{ f() }}{{ f(1, 2) }}",
    "{% macro f(x) %}{% if x > 0 %}{{ x }}{{ f(x - 1) }}{% endif %}{% endmacro %}{{ f(4) }}", "{% set x = 1 %}{% macro f() %}{{ x }}{% endmacro %}{% set x = 2 %}{{ f() }}",
    "{% macro f() %}{% set x = 9 %}{{ x }}{% endmacro %}{{ f() }}{{ x }}", "{% for x in l %}{% macro f() %}m{% endmacro %}{{ f() }}{% endfor %}", "{{ f() }}{% macro f() %}m{% endmacro %}",
    "a\n{% if t %}\nb\n{% endif %}\nc\n", "a\n  {% if t %}\n  b\n  {% endif %}\n  c\n", "a\n  {%- if t %}\n  b\n  {%- endif %}\n  c", "a  {%- if t -%}  b  {%- endif -%}  c", "a\n{{ n }}\nb", "a\n  {{ n }}\n  b",
    "a {{- n -}} b", "a\n\n {{- n -}} \n\nb", "a\n  {%+ if t %}b{% endif %}", "{% if t +%}\nb{% endif %}", "{# comment #}\na", "a {# comment #} b", "a\n  {# comment #}\nb", "a\n {#- c -#} \nb", "  {% if t %}x{% endif %}", "\n{% if t %}x{% endif %}\n\n",
    "x{% raw %}{{ n }}{% if %}{% endraw %}y", "{% raw %}\n  {{ a }}\n{% endraw %}\nb", "a {%- raw -%} {{ x }} {%- endraw -%} b", "{{ '}}' }}{{ '%}' }}{{ \"{{\" }}", "{{ {'a': {'b': 1}}.a.b }}", "{{ '{%' }}", "{ {{ n }} }", "{}{{n}}", "a{ %}b",
    "\r\na\r\n{% if t %}\r\nb\r{% endif %}", "a\n\n", "a\n", "{{ n }}\n", "{% if t %}a{% endif %}\n\nb", "  {{ n }}", "\t{% if t %}x{% endif %}\t", "{%- if t -%}\n x \n{%- endif -%}", "{% if t %}{% if no %}a{% else %}b{% endif %}{% endif %}",
    "{% for m in messages %}{% if loop.first and m.role == 'system' %}<<SYS>>{{ m.content }}<</SYS>>{% elif m['role'] == 'user' %}[INST] {{ m['content'].strip() }} [/INST]{% else %}{{ m.content }}</s>{% endif %}{% endfor %}",
    "{% for m in messages[1:] %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ bad }}{% endif %}{{ m.role }}{% endfor %}",
    "{% if messages[0].role == 'system' %}{% set loop_messages = messages[1:] %}{% else %}{% set loop_messages = messages %}{% endif %}{{ loop_messages|length }}",
    "{%- for m in messages -%}\n  {{- '<|' + m.role + '|>\\n' + m.content + '\\n' -}}\n{%- endfor -%}", "{{ messages|tojson }}", "{% set x = messages|selectattr('role', 'equalto', 'user')|list %}{{ x[-1].content }}",
    "{% if", "{{ n", "{{ n }", "{% if t %}", "{% endif %}", "{{ }}", "{{ n n }}", "{{ (n }}", "{% for x l %}{% endfor %}", "{% else %}", "{{ 1 + }}", "{% break %}", "{{ 'a }}", "{# a", "{% raw %}a", "{{ n | }}", "{{ [1, }}", "{% set = 1 %}", "{{ n. }}", "{{ $ }}",
    "{{ x.y.z }}", "{{ x['y'] }}", "{{ nope + 1 }}", "{{ nope ~ 'a' }}", "{{ nope|length }}", "{{ nope|upper }}", "{{ nope == nope2 }}", "{% if nope %}a{% else %}b{% endif %}", "{{ nope|tojson }}", "{{ nope|join }}", "{{ -nope }}", "{{ nope < 1 }}",
    "{% set x = [] %}{% for i in l %}{% set x = x + [i * 2] %}{% endfor %}{{ x }}", "{% for x in l|sort %}{{ x }}{% endfor %}", "{% for x in l[::-1] %}{{ x }}{% endfor %}", "{% for x in range(3) %}{{ x }}{% endfor %}", "{% for x in w|map('lower') %}{{ x }}{% endfor %}",
    "{{ 'a' if t }}{{ 'b' if no }}", "{{ loop }}", "{% for x in l %}{{ loop.index is odd }}{% endfor %}", "{% for x in l %}{{ loop.cycle('a', 'b') }}{% endfor %}", "{% for m in messages %}{{ m.get('extra', {}).get('deep', [0])[0] }},{% endfor %}",
    "{% set t2 = 'x' if nope is defined and nope else 'y' %}{{ t2 }}", "{% if n is not defined or not n %}a{% else %}b{% endif %}", "{% if not (t and no) %}a{% endif %}", "{{ not t == no }}", "{{ (not t) == no }}", "{{ not n in l }}", "{{ 1 in l and 2 in l }}",
]
cases = []
for text in [f"{{{{ {e.strip()} }}}}" for e in EXPRESSIONS.replace("\n", ";").split(";") if e.strip()] + TEMPLATES:
    try:
        cases.append((text, env.from_string(text).render(**VARIABLES)))
    except Exception:
        cases.append((text, None))
out = pathlib.Path(__file__).with_name("cases.jsonl")
out.write_text("".join(json.dumps({"t": t, "e": e}, ensure_ascii=False) + "\n" for t, e in [(json.dumps(VARIABLES, ensure_ascii=False), None)] + cases))
