"""The forms in which models write what is no answer: thoughts, control tokens, calls of tools, other people's turns.

This is the one place that names them. `answer` removes them from replies, `content` keeps them out of prompts. Sources:
the chat templates of the models named here, and the parsers of llama.cpp (`common/chat.cpp`) and vLLM.
"""

import re
from collections.abc import Iterable
from enum import Enum, auto
from itertools import product
from typing import NamedTuple

MAX_NAME = 48
"""Characters of a control token's name; the longest in use, of Kimi's tool calls, has 27."""

MAX_ATTRIBUTES = 200
"""Characters of the attributes of a tag, as in `<think duration="3">`."""


class Role(Enum):
    """What a mark does to the text after it."""

    NOTHING = auto()
    """The mark alone is removed."""
    THOUGHT = auto()
    THOUGHT_END = auto()
    CALL = auto()
    CALL_END = auto()
    WRAPPER = auto()
    """Surrounds an answer, as `<answer>` does; only where an answer may begin, and then its end."""
    ANSWER = auto()
    """An answer begins, also out of a thought."""
    START = auto()
    """Begin of sequence; `<s>` is an element of HTML elsewhere than at the beginning."""
    TURN_END = auto()
    OWN_TURN = auto()
    OTHER_TURN = auto()
    HEADER = auto()
    """Names who speaks, or in which channel, in the words after it."""
    HEADER_END = auto()


def _named(roles: dict[Role, str]) -> dict[str, Role]:
    return {name: role for role, names in roles.items() for name in names.split()}


THOUGHTS = (
    "think thinking thought thoughts reasoning reason reflection scratchpad analysis antthinking inner_thoughts"
    " inner_monologue internal_monologue chain_of_thought cot begin_of_thought"
)
CALLS = (
    "tool_call tool_calls toolcall function_call function_calls functioncall tool_code tool_use use_tool tool_response"
    " tool_result tool_results invoke tools start_function_call start_function_response"
)
ENDS_OF_CALLS = "end_function_call end_function_response"

TAGS = _named(
    {
        Role.THOUGHT: THOUGHTS,
        Role.CALL: CALLS,
        Role.CALL_END: ENDS_OF_CALLS,
        Role.WRAPPER: "answer response final final_answer output",
        Role.START: "s bos sop",
        Role.TURN_END: "eos eop eod end_of_turn end_of_utterance endoftext end_of_text",
        Role.HEADER: "start_of_turn",
        Role.NOTHING: "pad unk mask start_of_image end_of_image sep cls",
    }
)
"""Between angle brackets, in any case, with attributes; in `NAME_SPACES` too, as in `<seed:think>`."""

NAME_SPACES = ("", "seed:", "mm:", "minimax:", "antml:", "ns:")

PIPES = _named(
    {
        Role.THOUGHT: "begin_of_thought start_thinking inner_prefix begin_thinking thought_start think_start",
        Role.THOUGHT_END: "end_of_thought end_thinking inner_suffix thought_end think_end /think",
        Role.CALL: "tool_call tool_calls tool_calls_begin tool_call_begin tool_calls_section_begin tool_call_start"
        " start_action python_tag tool_outputs_begin tool_output_begin tool_response tool_list_start function_call"
        " start_tool_result tool_response_start action_start",
        Role.CALL_END: "/tool_call tool_calls_end tool_call_end tool_calls_section_end end_action tool_outputs_end"
        " tool_output_end /tool_response tool_list_end /function_call end_tool_result tool_response_end action_end",
        Role.ANSWER: "start_response begin_of_solution",
        Role.TURN_END: "im_end eot_id eom_id eot eos eom end endoftext end_of_text end_of_sentence endofturn"
        " end_of_turn end_of_turn_token return call stop endofprompt",
        Role.OWN_TURN: "assistant bot chatbot_token assistant_start assistant_prefix",
        Role.OTHER_TURN: "user system observation tool human user_token system_token developer ipython user_start"
        " system_start",
        Role.HEADER: "im_start start_header_id start_of_turn_token start_of_role start channel header_start role_start",
        Role.HEADER_END: "end_header_id message end_of_role im_sep im_middle header_end role_end",
    }
)
"""Between angle brackets with bars, `<|` and `|>`, or DeepSeek's wide ones; whatever is not named is removed alone."""

OPEN_PIPES = _named(
    {Role.THOUGHT: "channel think", Role.CALL: "tool_call tool_response tool", Role.HEADER: "turn", Role.NOTHING: '"'}
)
"""Gemma 4: `<|channel>` begins what `<channel|>` ends."""

SHUT_PIPES = _named(
    {
        Role.THOUGHT_END: "channel think",
        Role.CALL_END: "tool_call tool_response tool",
        Role.TURN_END: "turn",
        Role.NOTHING: '"',
    }
)

BRACKETS = _named(
    {
        Role.THOUGHT: "THINK",
        Role.THOUGHT_END: "/THINK",
        Role.CALL: "TOOL_CALLS AVAILABLE_TOOLS TOOL_RESULTS TOOL_CONTENT ARGS CALL_ID",
        Role.CALL_END: "/TOOL_CALLS /AVAILABLE_TOOLS /TOOL_RESULTS /TOOL_CONTENT",
        Role.OTHER_TURN: "INST SYSTEM_PROMPT",
        Role.OWN_TURN: "/INST /SYSTEM_PROMPT",
        Role.TURN_END: "EOS EOT",
        Role.NOTHING: "BOS PAD UNK CLS SEP MASK gMASK sMASK",
    }
)
"""Between square brackets, in this case only (Mistral, GLM, BERT's descendants)."""

_LABELS = {
    Role.OTHER_TURN: "user human question instruction customer system benutzer nutzer frage utilisateur usuario utente"
    " usuário 用户 问题",
    Role.OWN_TURN: "assistant ai bot response answer model assistent asistente assistente 助手 回答",
}
LABELS = _named(_LABELS)
"""Words before a colon at the beginning of a line, as base models continue a dialogue."""

ROLE_WORDS = ("assistant", "user", "model", "system")
"""What is left of a header whose control tokens the server removed: the word alone in its line."""

HEADERS_OF_ANSWERS = ("assistant", "model", "final", "commentary", "bot", "")
"""First words of a header before what is to be heard. Commentary with a recipient (`to=`) is a call."""

CALL_FENCES = ("tool_code", "tool_call", "tool_calls", "function_call", "tool")

NAME_KEYS = ("name", "tool", "tool_name", "function", "function_name", "action")
ARGUMENT_KEYS = ("arguments", "parameters", "args", "kwargs", "params", "tool_input", "action_input", "input")
NESTED_KEYS = ("tool_calls", "tool_call", "function_call", "function_calls", "function")

_HESITATIONS = ("", "okay, ", "okay, so ", "ok, ", "ok, so ", "alright, ", "alright, so ", "hmm, ", "so, ", "so ")
_SUBJECTS = (
    "the user ask",
    "the user is ",
    "the user want",
    "the user said",
    "the user say",
    "the user just ",
    "the user has ",
    "the user's ",
    "the user wrote",
    "the user greet",
    "user ask",
    "user want",
    "user says",
    "i need to figure",
    "i need to answer",
    "i need to respond",
    "we need to answer",
    "we need to respond",
    "we need to produce",
    "let me think",
    "let's think about what the user",
    "here's a thinking process",
    "here's my thinking process",
    "here is my thought process",
)
UNOPENED = (
    *map("".join, product(_HESITATIONS, _SUBJECTS)),
    *(f"{before}{subject}" for before in ("okay, ", "ok, ", "alright, ") for subject in ("let me ", "let's see")),
    "hmm, ",
    "thinking process:",
    "好的，用户",
    "嗯，用户",
    "首先，用户",
    "用户问",
    "okay, der nutzer",
    "okay, der benutzer",
    "d'accord, l'utilisateur",
    "okay, l'utilisateur",
    "bien, el usuario",
)
"""How thoughts begin that a template opened in the prompt, so that the reply has only their end (Qwen 3)."""


class Shape:
    """A pattern of which also the beginning can be recognised.

    It is a sequence of regular expressions, each of which the end of the text may follow, and of tuples of literals,
    which may be cut anywhere. Each is bounded, so that a match takes bounded time.
    """

    def __init__(self, *parts: str | Iterable[str], flags: int = 0) -> None:
        pieces = [part if isinstance(part, str) else tuple(part) for part in parts]
        self._whole = re.compile("".join(map(_alternatives, pieces)), flags)
        pattern = ""
        for piece in reversed(pieces):
            pattern = _cut(piece, pattern)
        self._cut = re.compile(pattern, flags)

    def match(self, text: str, position: int) -> re.Match[str] | None:
        """Match at `position`."""
        return self._whole.match(text, position)

    def may_begin(self, text: str, position: int) -> bool:
        """Whether all of `text` from `position` on may be the beginning of a match."""
        match = self._cut.match(text, position)
        return match is not None and match.end() == len(text)


def _alternatives(part: str | tuple[str, ...]) -> str:
    if isinstance(part, str):
        return part
    return "(" + "|".join(map(re.escape, sorted(part, key=len, reverse=True))) + ")"


def _cut(part: str | tuple[str, ...], rest: str) -> str:
    following = rf"(?:\Z|{rest})" if rest else r"\Z"
    if isinstance(part, str):
        return part + following
    prefixes = {literal[:length] for literal in part for length in range(len(literal))}
    begun = "|".join(map(re.escape, sorted(prefixes, key=len, reverse=True)))
    return rf"(?:{_alternatives(part)}{following}|(?:{begun})\Z)"


_SPACE = r"\s{0,40}"
_ATTRIBUTES = rf"(?:\s[^<>]{{0,{MAX_ATTRIBUTES}}}+)?+/?"

TAG = Shape(
    "<",
    "/?",
    NAME_SPACES,
    (*TAGS, "function"),
    _ATTRIBUTES,
    ">",
    flags=re.IGNORECASE,
)
RESERVED = Shape("<", ("unused", "special_", "extra_id_", "reserved_token_"), r"\d{1,5}", ">", flags=re.IGNORECASE)
"""Tags that a vocabulary reserves (Gemma, Mistral, T5)."""
FUNCTION = Shape("<", ("function=", "parameter="), r"[^<>]{1,64}", ">")
PIPE = Shape("<", "[|｜]", rf"([^|｜<>\s]{{1,{MAX_NAME}}}+)", "[|｜]", ">")
OPEN_PIPE = Shape("<", r"\|", tuple(OPEN_PIPES), ">")
SHUT_PIPE = Shape("<", tuple(SHUT_PIPES), r"\|", ">")
SYSTEM = Shape("<", "<", "/?", ("SYS",), ">", ">")
BRACKET = Shape(r"\[", tuple(BRACKETS), r"\]")
TRIANGLE = Shape("◁", "/?", ("think", "thinking"), "▷")

MENTION = Shape(r"\s?", ("tag", "token", "element", "marker"))
"""What follows a mark that is talked about."""

LABEL = Shape(r"[*#_ ]{0,6}", tuple(LABELS), r"[*_]{0,3}", r"\s?", "[:：]", r"[*_]{0,3}", flags=re.IGNORECASE)
ROLE_LINE = Shape(ROLE_WORDS, r"[ \t]{0,4}", "\n")
GLUED = Shape(("assistant",), "\n")
STRIPPED_HARMONY = Shape(("analysis",), "[A-Z]")
"""The analysis of gpt-oss without its control tokens, up to `FINAL`."""
FINAL = Shape(("assistantfinal",))
BEGUN_THOUGHT = Shape(UNOPENED, flags=re.IGNORECASE)

JSON_CALLS = (
    Shape(
        r"\[?",
        _SPACE,
        r"\{",
        _SPACE,
        (f'"{key}"' for key in NAME_KEYS),
        _SPACE,
        ":",
        _SPACE,
        '"',
        r"[\w.:/-]{1,64}",
        '"',
        _SPACE,
        ",",
        _SPACE,
        (f'"{key}"' for key in ARGUMENT_KEYS),
    ),
    Shape(r"\[?", _SPACE, r"\{", _SPACE, ('"type"',), _SPACE, ":", _SPACE, ('"function"',)),
    Shape(r"\[?", _SPACE, r"\{", _SPACE, (f'"{key}"' for key in NESTED_KEYS), _SPACE, ":", _SPACE, r"[\[{]"),
    Shape(r"\[?", _SPACE, r"\{", _SPACE, ('"arguments"',), _SPACE, ":", _SPACE, r"\{"),
)
"""Objects that call a tool: its name and arguments in this order, or what calls are wrapped in."""
CALLED = Shape(("functions.",), r"[A-Za-z_]\w{0,63}", r"[(:]")
LISTED = Shape(r"\[", r"[A-Za-z_][\w.]{1,48}", r"\(", r"\w{1,40}", r"\s?", "=")
"""Calls in Python's notation, as Llama writes them: `[get_weather(city="Paris")]`."""
FENCE = Shape("`", "`", "`", r"([\w+-]{0,20})", r"[ \t]{0,4}", "\n")


class Mark(NamedTuple):
    """A mark in a text, up to `end`."""

    end: int
    role: Role
    name: str


MARK_STARTS = "<[◁"


def find_mark(text: str, position: int) -> Mark | None:
    """Recognise a mark at `position`."""
    for shape, read in _READERS:
        if (match := shape.match(text, position)) and (mark := read(match)):
            return mark
    return None


def may_be_mark(text: str, position: int) -> bool:
    """Whether all of `text` from `position` on may be the beginning of a mark."""
    return any(shape.may_begin(text, position) for shape, _ in _READERS)


def _tag(match: re.Match[str]) -> Mark:
    name = match[2].lower()
    role = TAGS.get(name, Role.CALL)
    if match[0].startswith("</"):
        ends = {Role.THOUGHT: Role.THOUGHT_END, Role.CALL: Role.CALL_END, Role.START: Role.TURN_END}
        return Mark(match.end(), ends.get(role, role), f"/{name}")
    if match[0].endswith("/>"):
        role = Role.NOTHING
    return Mark(match.end(), role, name)


def _pipe(match: re.Match[str]) -> Mark:
    name = match[1].lower().replace("▁", "_")
    return Mark(match.end(), PIPES.get(name, Role.NOTHING), name)


def _function(match: re.Match[str]) -> Mark:
    return Mark(match.end(), Role.CALL, "function")


def _triangle(match: re.Match[str]) -> Mark:
    is_end = match[0].startswith("◁/")
    return Mark(match.end(), Role.THOUGHT_END if is_end else Role.THOUGHT, match[1])


_READERS = (
    (TAG, _tag),
    (RESERVED, lambda match: Mark(match.end(), Role.NOTHING, "reserved")),
    (FUNCTION, _function),
    (PIPE, _pipe),
    (OPEN_PIPE, lambda match: Mark(match.end(), OPEN_PIPES[match[1]], match[1])),
    (SHUT_PIPE, lambda match: Mark(match.end(), SHUT_PIPES[match[1]], match[1])),
    (SYSTEM, lambda match: Mark(match.end(), Role.NOTHING, "sys")),
    (BRACKET, lambda match: Mark(match.end(), BRACKETS[match[1]], match[1])),
    (TRIANGLE, _triangle),
)
