"""Runs one statement of a file of the reference, where the function around it needs GPUs: its text and line are the file's own."""

import ast
from pathlib import Path


def run_statement(file, function, contains, names):
    """
    Finds the statement whose source holds `contains`, in `function` of `file`, and runs it with `names` as its variables.
    """
    source = Path(file).read_text()
    tree = ast.parse(source)
    functions = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == function
    ]
    found = [
        node
        for around in functions
        for node in ast.walk(around)
        if isinstance(node, ast.Expr) and contains in (ast.get_source_segment(source, node) or "")
    ]
    # The innermost: a statement inside a function inside this one is found with it.
    statement = min(found, key=lambda node: len(ast.get_source_segment(source, node)))
    exec(compile(ast.Module([statement], []), file, "exec"), names)
