"""Sums, as they are spoken: numbers with operators between, before and behind them."""

import re
from functools import cached_property

from assistant.understanding.vocabulary import Vocabulary, either

MAX_PARTS = 24
"""Numbers and operators in one sum."""

PERCENT = "%"
OF = "of"
OFF = "off"
"""Signs that mean something together: 20 % of, 20 % off."""


class SumReader:
    """Reads sums with the words of `vocabulary`; its values are expressions of Python with + - * / ** and `sqrt`."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        words, spelled = vocabulary.grammar.sums, vocabulary.spelled
        self._signs = {spelled(phrase): sign for sign, phrases in words.signs.items() for phrase in phrases}
        self._numbers = {spelled(phrase): number for phrase, number in words.numbers.items()}

    @cached_property
    def expression(self) -> str:
        """A number with at least one operator."""
        part = either([self._sign, self._number])
        return rf"(?:{part}(?:{self._vocabulary.space}{part}){{1,{MAX_PARTS}}})"

    @cached_property
    def operation(self) -> str:
        """What goes on with a result: plus 5."""
        return rf"(?:{self._sign}{self._vocabulary.space}{self._number}(?:{self._vocabulary.space}{self._sign})?)"

    def read(self, text: str) -> str | None:
        """The expression of a sum; None for what is none: a number alone, an operator without one."""
        tokens = self._tokens(text)
        if tokens is None or len(tokens) < 2 or tokens[0] in {"+", "/", "*", "**"}:
            return None
        return _expression(tokens)

    def read_operation(self, text: str) -> str | None:
        """The rest of an expression that is to be applied to a result: + 5."""
        tokens = self._tokens(text)
        if tokens is None or tokens[0][0].isdigit() or tokens[0] in {"sqrt", "cbrt"}:
            return None
        return _expression(["0", *tokens]) and " ".join(tokens)

    @cached_property
    def _sign(self) -> str:
        return self._vocabulary.begin + self._vocabulary.any_of(self._signs) + self._vocabulary.end

    @cached_property
    def _number(self) -> str:
        named = self._vocabulary.begin + self._vocabulary.any_of(self._numbers) + self._vocabulary.end
        return either([self._vocabulary.number, named])

    @cached_property
    def _parts(self) -> re.Pattern[str]:
        return re.compile(rf"(?P<sign>{self._sign})|(?P<number>{self._number})|(?P<other>\S)")

    def _tokens(self, text: str) -> list[str] | None:
        """Numbers and signs; None where there is anything else."""
        tokens = []
        for match in self._parts.finditer(text):
            if match["other"]:
                return None
            if match["sign"]:
                tokens.append(self._signs[re.sub(r"\s+", " ", match["sign"].strip())])
                continue
            named = self._numbers.get(match["number"])
            value = named if named is not None else self._vocabulary.value(match["number"])
            if value is None:
                return None
            tokens.append(_digits(value))
        return tokens


def applied(result: str, operation: str) -> str | None:
    """The expression of `operation`, as `read_operation` gives it, applied to `result`."""
    return _expression([result, *operation.split()])


def _expression(tokens: list[str]) -> str | None:
    """Python's expression of `tokens`; None where operators and numbers do not alternate."""
    written = ""
    index = 0
    while index < len(tokens):
        token, rest = tokens[index], tokens[index + 1 :]
        match token:
            case "%" if rest[:1] == [OF]:
                written, index = f"{written}/100*", index + 1
            case "%" if rest[:1] == [OFF] and len(rest) > 1:
                return f"({rest[1]})*(1-({written})/100)"
            case "%":
                written = _with_percent(written)
            case "of":
                written += "*"
            case "sqrt" | "cbrt" if rest and _is_number(rest[0]):
                written, index = f"{written}({rest[0]})**(1/{2 if token == 'sqrt' else 3})", index + 1
            case "off" | "sqrt" | "cbrt":
                return None
            case "double" | "half" if not written:
                written = "2*" if token == "double" else "0.5*"
            case _:
                if _is_number(token) and written and (written[-1].isdigit() or written[-1] == ")"):
                    return None
                written += token
        index += 1
    try:
        compile(written, "sum", "eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    return written


def _with_percent(written: str) -> str:
    """80 + 19 % is 80 and 19 % of it."""
    match = re.fullmatch(r"(.+)([+-])([\d.]+)", written)
    return f"({match[1]})*(1{match[2]}{match[3]}/100)" if match else f"{written}/100"


def _is_number(token: str) -> bool:
    return token[0].isdigit()


def _digits(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
