"""LaTeX as language models write it, turned into signs that the language's table says."""

import re

DELIMITER = re.compile(r"\\[()\[\]]|\$\$?")
FORMULA = re.compile(r"\\[(\[]|\$\$?[^\s\d$].*\$|\$[\d.,]*[\\^_{].*\$")
SIGNS = {
    "times": "×",
    "cdot": "×",
    "div": "÷",
    "pm": "±",
    "le": "≤",
    "leq": "≤",
    "ge": "≥",
    "geq": "≥",
    "ne": "≠",
    "neq": "≠",
    "approx": "≈",
    "to": "→",
    "rightarrow": "→",
    "Rightarrow": "⇒",
    "implies": "⇒",
    "infty": "∞",
    "sqrt": "√",
    "circ": "°",
    "degree": "°",
    "sum": "∑",
    "int": "∫",
    "ldots": "…",
    "cdots": "…",
}
SILENT = frozenset(
    {
        "left",
        "right",
        "big",
        "Big",
        "quad",
        "qquad",
        "displaystyle",
        "text",
        "textbf",
        "textit",
        "mathrm",
        "mathbf",
        "mathit",
        "mathbb",
        "operatorname",
        "boxed",
        "begin",
        "end",
    }
)
"""Commands that say how something looks. Any other command that is no sign is said by its name: pi, sin, alpha."""

COMMAND = re.compile(r"\\([A-Za-z]+)\s*")
SPACING = re.compile(r"\\[,;:! \\]|&")
GROUP = r"\{([^{}]*)\}"
FRACTION = re.compile(rf"\\[dtc]?frac\s*(?:{GROUP}|(\d))\s*(?:{GROUP}|(\d))")
WORDS = re.compile(rf"\\(?:text|mathrm|operatorname)\s*{GROUP}")
SIMPLE = re.compile(r"\d+")
MAX_NESTING = 8


def is_latex(text: str) -> bool:
    """Whether `text` has a command of LaTeX, or is a formula between its delimiters."""
    return (
        COMMAND.search(text) is not None
        or re.match(r"\\[(\[]|\$\$?[^\s\d$].*\$|\$[\d.,]*[\\^_{].*\$", text) is not None
    )


def signs(formula: str) -> str:
    """Return `formula` without delimiters, commands and braces: "\\frac{1}{2}" is "1/2", "x_1" is "x 1"."""
    text = DELIMITER.sub(" ", formula)
    text = WORDS.sub(r" \1 ", text)
    for _ in range(MAX_NESTING):
        simpler = re.sub(rf"\\sqrt\s*{GROUP}", r" √ \1 ", FRACTION.sub(_fraction, text))
        simpler = re.sub(r"\^\s*\{([\w+−-]+)\}", r"^\1", re.sub(r"_\s*\{(\w+)\}", r" \1 ", simpler))
        simpler = re.sub(rf"(?<![A-Za-z\^_\]]){GROUP}(?!\s*\{{)", r"\1", simpler) if simpler == text else simpler
        if simpler == text:
            break
        text = simpler
    text = re.sub(r"\^\s*\{?\\circ\}?", "°", text)
    text = COMMAND.sub(_command, SPACING.sub(" ", text.replace(r"\%", "%")))
    text = re.sub(r"\{([^{}]*)\}", r"\1", re.sub(r"_\s*\{?(\w+)\}?", r" \1 ", text))
    text = re.sub(r"(?<=[\w)])\s*-\s*(?=[\w(\\])", " − ", text.replace("{", "").replace("}", ""))
    text = re.sub(r"(?<=\d)(?=[A-Za-z])", " ", text)
    text = " ".join(re.sub(r"([=+<>≤≥≠×÷≈])", r" \1 ", text).split())
    return re.sub(r" ([.,;:!?])", r"\1", text)


def _fraction(fraction: re.Match[str]) -> str:
    over, under = fraction[1] or fraction[2] or "", fraction[3] or fraction[4] or ""
    if SIMPLE.fullmatch(over) and SIMPLE.fullmatch(under):
        return f" {over}/{under} "
    return f" {over} ⁄ {under} "


def _command(command: re.Match[str]) -> str:
    name = command[1]
    return " " if name in SILENT else f" {SIGNS.get(name, name)} "
