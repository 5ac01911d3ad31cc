"""Records packages/reward/golden/latex-text.golden.jsonl.gz: what pylatexenc makes of every command and environment that it knows.

    python record_latex.py

One line is [LaTeX, its text, or null where the conversion raises]. Left out is what hangs on the day (`\\today`, `\\maketitle`),
what never reaches the converter (`$`, `%`), and the commands of its exercise sheets.
"""

import gzip
import json
import logging
import pathlib
import re

from pylatexenc import latex2text, latexwalker

TARGET = pathlib.Path(__file__).resolve().parents[3] / "packages/reward/golden/latex-text.golden.jsonl.gz"
LEFT_OUT = re.compile(r"[$%]|(?i:uebung)|exercise|today|maketitle|texorpdfstring")
OF_COMMANDS = [
    "\\%s{a}{b}{c}", "\\%s 5 6", "\\%s[x]{a}{b}", "x\\%s", "\\frac\\%s5", "\\sqrt[\\%s]{2}", "\\label{\\%s}y",
    "\\begin{pmatrix}\\%s&a\\\\b&\\%s{c}\\end{pmatrix}", "\\%s{\\%s{a}}", "\\%s*{a}b",
]  # fmt: skip
OF_ENVIRONMENTS = [
    "\\begin{%s}a&b\\\\c&d\\end{%s}", "\\begin{%s}[t]{cc}a&b\\end{%s}x", "y\\begin{%s}\\end{%s}x", "\\begin{%s}a", "a\\end{%s}b",
    "\\begin{%s}a\\end{b}c", "\\begin{%s} \n a \\\\[2pt] b \\\\* c \\end{%s}", "\\begin{%s}\\item a\\item b\\end{%s}",
    "\\begin{%s}\\begin{%s}a&b\\\\c&d\\end{%s}&2\\end{%s}", "\\frac\\begin{%s}1\\end{%s}2", "\\begin {%s}a\\end {%s}b",
]  # fmt: skip
MORE = [
    "\\sqrt[[3]]{8}", "\\sqrt[[3]{8}", "\\sqrt[a[b]c]{8}", "\\sqrt[{[}3]{8}", "\\\\[[2]]5", "\\verb|5|6", "\\verb*5", "\\verb {a}{b}",
    "\\begin{verbatim}a&b\\end{verbatim}c", "\\title\\sqrt", "\\input\\date", "\\mbox\\sqrt2", "\\cite[a][b]{c}",
]  # fmt: skip


def text_of(latex: str) -> str | None:
    try:
        return latex2text.LatexNodes2Text().latex_to_text(latex)
    except Exception:  # whatever it is, the grader goes on with the text as it is
        return None


def main() -> None:
    logging.disable(logging.WARNING)
    databases = [latexwalker.get_default_latex_context_db(), latex2text.get_default_latex_context_db()]
    commands = {spec.macroname for database in databases for spec in database.iter_macro_specs()}
    environments = {spec.environmentname for database in databases for spec in database.iter_environment_specs()}
    sources = [form.replace("%s", name) for name in sorted(commands) for form in OF_COMMANDS]
    sources += [form.replace("%s", name) for name in sorted(environments) + ["cases", "a"] for form in OF_ENVIRONMENTS]
    lines = [json.dumps([latex, text_of(latex)]) + "\n" for latex in sources + MORE if not LEFT_OUT.search(latex)]
    with TARGET.open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, compresslevel=9) as packed:
        packed.write("".join(lines).encode())
    print(f"{len(lines)} conversions, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
