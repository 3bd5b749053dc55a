"""How long a piece of code is."""

import ast
from pathlib import Path
from types import ModuleType

MAX_LINES = 40

Code = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def code_lines(module: ModuleType, *names: str) -> int:
    """Lines of the classes and functions of `module`, with everything in them; of all, or of those called `names`."""
    found = [node for node in _tree(module).body if isinstance(node, Code) and node.name in (names or {node.name})]
    assert len(found) >= max(1, len(names))
    return sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in found)


def imported(module: ModuleType) -> set[str]:
    """The modules of the package that `module` imports."""
    found = {node.module for node in ast.walk(_tree(module)) if isinstance(node, ast.ImportFrom)}
    return {name for name in found if name is not None and name.startswith("assistant")}


def _tree(module: ModuleType) -> ast.Module:
    assert module.__file__ is not None
    return ast.parse(Path(module.__file__).read_text())
