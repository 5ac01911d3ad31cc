"""Random pairs around the golden ones: the same answers written in other ways, and others that look alike."""

import gzip
import json
import pathlib
import random
import re

SYMBOLS = ["x", "n", "a", "\\pi", "y", "k"]


def load_answers(golden: pathlib.Path) -> list[tuple[str, str]]:
    """(answer, label) of every golden pair that has both as short texts."""
    pairs = []
    for line in gzip.open(golden, "rt"):
        pair = json.loads(line)
        answer = answer_of(pair["response"])
        if answer is not None and isinstance(pair["label"], str) and max(len(answer), len(pair["label"])) <= 300:
            pairs.append((answer, pair["label"]))
    return pairs


def answer_of(response: str) -> str | None:
    start = response.rfind("\\boxed{")
    if start < 0:
        found = re.search(r"Answer: *([^\n]+)", response)
        return found and found.group(1)
    depth = 0
    for at in range(start + 6, len(response)):
        depth += {"{": 1, "}": -1}.get(response[at], 0)
        if depth == 0:
            return response[start + 7 : at]
    return None


def around(text: str, rng: random.Random) -> str:
    """One small change."""
    return rng.choice(CHANGES)(text, rng)


def integer(rng: random.Random) -> int:
    return rng.choice([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 25, 27, 36, 48, 50, 64, 72, 100, 125, 360, 999, 1000, 1024, 12345, 1234567])


def sub_number(text: str, rng: random.Random, make) -> str:
    found = list(re.finditer(r"\d+", text))
    if not found:
        return text
    hit = rng.choice(found)
    return text[: hit.start()] + make(hit.group()) + text[hit.end() :]


def insert(text: str, rng: random.Random, piece: str) -> str:
    at = rng.randint(0, len(text))
    return text[:at] + piece + text[at:]


def swap(text: str, rng: random.Random) -> str:
    parts = re.split(r"([,+*/=-])", text)
    if len(parts) < 3:
        return text
    i = rng.randrange(0, len(parts) - 2, 2)
    parts[i], parts[i + 2] = parts[i + 2], parts[i]
    return "".join(parts)


def replace(pairs: list[tuple[str, str]]):
    def change(text: str, rng: random.Random) -> str:
        fitting = [(a, b) for a, b in pairs if a in text]
        if not fitting:
            return text
        a, b = rng.choice(fitting)
        return text.replace(a, b) if rng.random() < 0.7 else text.replace(a, b, 1)

    return change


def both_ways(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return pairs + [(b, a) for a, b in pairs if b]


SPELLINGS = both_ways(
    [
        ("\\frac", "\\dfrac"), ("\\frac", "\\tfrac"), ("\\frac", "\\cfrac"), ("\\frac", "frac"), ("\\cdot", "*"), ("\\cdot", "\\times"), ("\\times", "\u00d7"), ("\\cdot", ""), ("\\pi", "pi"), ("\\pi", "\u03c0"),
        ("\\sqrt", "sqrt"), ("\\sqrt", "\u221a"), ("\\le", "\\leq"), ("\\infty", "\u221e"), ("\\infty", "infty"), ("\\cup", "\u222a"), ("\\cup", "U"), ("^", "**"), ("-", "\u2212"), ("-", "--"), ("*", ""),
        ("\\left(", "("), ("\\right)", ")"), ("\\left[", "["), ("\\{", "{"), ("\\}", "}"), ("{", "("), ("}", ")"), ("(", "["), (")", "]"), ("\\%", "%"), ("%", " percent"), ("\\$", "$"), ("$", ""),
        ("^\\circ", "^{\\circ}"), ("^\\circ", "\\degree"), ("^\\circ", "\u00b0"), ("^\\circ", " degrees"), ("^\\circ", ""), ("\\text", "\\mathrm"), ("\\text", "\\textbf"), ("\\text", "\\mbox"), ("\\text{ ", "\\text{"),
        (", ", ","), (",", "{,}"), (",", ",\\!"), (",", ";"), (",", ", \\,"), ("\\,", " "), ("\\ ", " "), ("\\;", ""), ("\\quad", " "), (" ", ""), (" ", "~"), ("+", " + "), ("-", " - "), ("=", " = "), ("\\pm", "\u00b1"), ("\\pm", "+-"),
        ("\\log", "log"), ("\\ln", "ln"), ("\\log", "\\ln"), ("\\sin", "sin"), ("\\sin", "\\cos"), ("e", "\\mathrm{e}"), ("!", "\\!"), ("pmatrix", "bmatrix"), ("pmatrix", "matrix"), ("\\\\", "\\\\ "), ("&", " & "),
        ("x", "y"), ("x", "n"), ("n", "k"), ("a", "b"), ("x", "X"), (".", ""), ("/", "\\div "), ("/", "\\over "), ("or", "and"), ("\\in", "="), ("x=", ""), ("=", "\\approx "), ("\\mid", "|"), ("\\ldots", "..."),
        ("\\text{ cm}", "cm"), ("units", "unit"), (" cm", " meters"), ("\\binom", "\\dbinom"), ("\\overline", "\\bar"), ("\\mathbb", ""), ("\\%", "\\text{ percent}"), ("^2", "^{2}"), ("^2", "\u00b2"), ("_1", "_{1}"), ("\\ne", "\\neq"),
    ]
)  # fmt: skip

CHANGES = [
    replace(SPELLINGS), replace(SPELLINGS), replace(SPELLINGS), replace(SPELLINGS),
    lambda t, r: insert(t, r, r.choice([" ", "  ", "\\,", "\\!", "{}", "~", "\\;", "\\ ", "\n", "\t", "\\quad "])),
    lambda t, r: insert(t, r, r.choice(["!!", "!=", "&", "|", ">>", "~", ",}", ",)", "[[", "]]", "\\href{a}{b}", "\\begin{a}", "\\end{b}", "^2.0", "\u00bd", "\\verb|5|"])),
    lambda t, r: insert(t, r, r.choice(["(", ")", "{", "}", "[", "]", "\\left(", "\\right)", "$", ",", ".", "-", "+", "/", "^", "_", "!", "=", "'"])),
    lambda t, r: re.sub(r"\\d?frac\{(-?\w+)\}\{(\w+)\}", r.choice([r"\1/\2", r"(\1)/(\2)", r"\\frac\1\2", r"{\1}/{\2}", r"\1 / \2", r"\1\\cdot\\frac{1}{\2}"]), t),
    lambda t, r: re.sub(r"(-?\d+)/(\d+)", r"\\frac{\1}{\2}", t),
    lambda t, r: sub_number(t, r, lambda d: str(int(d) + r.choice([-1, 1, 10]))),
    lambda t, r: sub_number(t, r, lambda d: r.choice([f"{d}.0", f"{d}.", f"0{d}", f"{d}.00", f"+{d}", f"-{d}", f"({d})", f"{{{d}}}", f"{int(d):,}", f"{d}.5", f"{int(d) * 2}/2", f"{d}\\%", f"{d}^1", f"{d}!", f"1{d}", d[:-1]])),
    lambda t, r: sub_number(t, r, lambda d: str(int(d) / r.choice([1, 2, 4, 5, 8, 10, 3]))),
    lambda t, r: sub_number(t, r, lambda d: f"\\sqrt{{{int(d) ** 2}}}" if len(d) < 6 else d),
    lambda t, r: sub_number(t, r, lambda d: f"\\sqrt{{{d}}}"),
    lambda t, r: sub_number(t, r, lambda d: f"{r.randint(1, 9)}\\sqrt{{{d}}}"),
    lambda t, r: sub_number(t, r, lambda d: f"\\frac{{{d}}}{{{r.randint(1, 9)}}}"),
    lambda t, r: sub_number(t, r, lambda d: f"{r.randint(1, 9)} \\frac{{{d}}}{{{r.randint(1, 9)}}}"),
    lambda t, r: sub_number(t, r, lambda d: f"{d}^{r.choice(['2', '{2}', '-1', '{-1}', 'x', '{1/2}', '3', '(1/2)', '.5', '0'])}"),
    lambda t, r: sub_number(t, r, lambda d: f"{d}{r.choice(SYMBOLS)}"),
    lambda t, r: sub_number(t, r, lambda d: f"{r.choice(['1', '2.5', '3'])} \\times 10^{r.choice(['{3}', '3', '{-2}', '12'])}"),
    lambda t, r: r.choice(["x=", "y = ", "x \\in ", "f(x)=", "=", "S = ", "-", "+", "\\$", "\\approx ", "\\pm ", "{,}"]) + t,
    lambda t, r: t + r.choice([".", "%", "\\%", "^\\circ", "\\text{ cm}", " \\text{cm}^2", " cm", "\\text{ units}", " degrees", " inches", ",", "\\\\", "x", "!", " and 3", "\\,", "^2", "/2", ".0", "\\text{ (mod 7)}"]),
    lambda t, r: r.choice(["\\text{%s}", "(%s)", "{%s}", "[%s]", "\\{%s\\}", "$%s$", "\\left(%s\\right)", "\\mathbf{%s}", "-(%s)", "\\sqrt{%s}", "\\frac{%s}{2}", "\\frac{1}{%s}", "2(%s)/2", "(%s)^2", "\\ln(%s)", "|%s|", "\\mathrm{%s}", "%s,5", "(%s,3)", "1/(%s)", "(%s)+1-1"]).replace("%s", t),
    swap, swap,
    lambda t, r: t.replace("(", "").replace(")", ""),
    lambda t, r: t.lower(), lambda t, r: t.upper(),
    lambda t, r: t.replace(r.choice(list(t) or ["x"]), r.choice(["", " ", "1", "x", "-"]), 1),
    lambda t, r: re.sub(r"([a-z])", lambda m: r.choice(["x", "a", "n", m.group()]), t) if "\\" not in t else t,
]  # fmt: skip


def term(rng: random.Random, depth: int = 0) -> str:
    """An expression of at most two letters, in the dialect that reaches the comparison of values."""
    a, b = rng.randint(1, 12), rng.randint(1, 12)
    s = rng.choice(SYMBOLS[:3])
    leaf = [
        f"{a}", f"{a}.{b}", f"{s}", f"{a}{s}", f"{s}^{rng.randint(1, 4)}", f"\\sqrt{{{a * b}}}", f"{a}\\sqrt{{{b}}}", f"\\frac{{{a}}}{{{b}}}", f"\\sqrt{{{s}}}",
        f"{a}\\pi", f"{s}^(1/{b})", f"{a}^{s}", f"\\frac{{{a}{s}}}{{{b}}}", f"{s}^-{a}", f"\\ln({a})", f"{a}^(1/{b})", f"\\sqrt{{{a}.{b}}}", f"{a}/{b}", f"{s}!", f"{a % 7}!", f"{s}_{a}", f"({s}+{a})",
        f"{a}!!", f"({s})!!", f"(-{a})^.5", f"1e-30{b}{s}", f"{a}{b}e29{a % 10}", f"ln(-{a})", f"({a}&{b})", f"({a}|{b})", f"(({a}^{b % 10})^9)^9", f"sqrt({a},)", f"{s}{{}}" * 40,
    ]  # fmt: skip
    if depth > 2 or rng.random() < 0.4:
        return rng.choice(leaf)
    x, y = term(rng, depth + 1), term(rng, depth + 1)
    return rng.choice(
        [f"{x}+{y}", f"{x}-{y}", f"{x}*{y}", f"{x}({y})", f"({x})/({y})", f"\\frac{{{x}}}{{{y}}}", f"({x})^2", f"\\sqrt({x})", f"({x})({y})", f"{x}/{y}", f"1/({x})", f"({x})**{rng.choice(['2', '3', '-1', '(1/2)', '0.5', 'n'])}", f"{x}{y}", f"sqrt({x})*sqrt({y})"]
    )  # fmt: skip


def rewritten(text: str, rng: random.Random) -> str:
    """Mostly the same value in another form."""
    return rng.choice(
        [f"({text})*1", f"{text}+0", f"0+{text}", f"({text})/1", f"2*({text})/2", f"({text})^1", f"-(-({text}))", f"1/(1/({text}))", f"({text})+1-1", f"({text})*({text})/({text})", f"sqrt(({text})**2)", f"(sqrt({text}))**2", f"({text})**2/({text})", f"\\frac{{{text}}}{{1}}", f"({text})-x+x", f"({text})*x/x", f"x+({text})-x", f"(({text})*3)/3"]
    )  # fmt: skip


def pair(answers: list[tuple[str, str]], rng: random.Random) -> tuple[str, str, bool]:
    """(answer, label, whether it is an expression with decimals, whose value hangs on the order of rounding)"""
    kind = rng.random()
    if kind < 0.15:
        label = term(rng)
        answer = rng.choice([rewritten(label, rng), term(rng), swap(label, rng), around(label, rng), around(rewritten(label, rng), rng)])
        return answer, label, re.search(r"\.\d|\d\.|0\.5", answer + label) is not None
    answer, label = rng.choice(answers)
    if kind < 0.25:
        label = answer
    elif kind < 0.3:
        answer = rng.choice(answers)[1]
    elif kind < 0.4:
        answer, label = label, answer
    for _ in range(rng.choice([0, 1, 1, 1, 2, 2, 3])):
        answer = around(answer, rng)
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        label = around(label, rng)
    return answer, label, False
