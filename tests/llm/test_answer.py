"""What is left of a reply is its answer, however the reply is cut into pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.llm.answer import AnswerText


def answer(pieces: list[str]) -> str:
    reply = AnswerText()
    return "".join([reply.feed(piece) for piece in pieces]) + reply.flush()


THOUGHTS = [
    ("<think>\nHm.\n</think>\n\nIt is noon.", "It is noon."),
    ("<think></think>It is noon.", "It is noon."),
    ("It is <think>no, wait</think>noon.", "It is noon."),
    ("<think>a</think>It is <think>b</think>noon.", "It is noon."),
    ("<think>never closed", ""),
    ("<<think>x</think>", "<"),
    ("<thinking>Let me see.</thinking>Four.", "Four."),
    ("<THINK>secret</THINK>Four.", "Four."),
    ('<think duration="3">secret</think>Four.', "Four."),
    ("<thought>secret</thought>Four.", "Four."),
    ("<reasoning>secret</reasoning>Four.", "Four."),
    ("<seed:think>secret</seed:think>Four.", "Four."),
    ("<think>secret</thinking>Four.", "Four."),
    ("<think/>Four.", "Four."),
    ("[THINK]secret[/THINK]Four.", "Four."),
    ("◁think▷secret◁/think▷Four.", "Four."),
    ("<|begin_of_thought|>a<|end_of_thought|><|begin_of_solution|>Four.<|end_of_solution|>", "Four."),
    ("<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>Four.<|END_RESPONSE|>", "Four."),
    ("<|channel>thought\nsecret<channel|>Four.<turn|>", "Four."),
    ("<think>secret</think><answer>Four.</answer>", "Four."),
    ("<think>secret<answer>Four.</answer>", "Four."),
    ("Okay, so the user asks for a sum.\n</think>\n\nFour.", "Four."),
    ("Okay, the user asks 2+2.\n</think>\n\nFour.", "Four."),
    ("好的，用户问二加二。</think>四。", "四。"),
    ("analysisThe user asks for a sum.assistantfinalFour.", "Four."),
    (
        "<|channel|>analysis<|message|>secret<|end|><|start|>assistant<|channel|>final<|message|>Four.<|return|>",
        "Four.",
    ),
    (
        "<|channel|>commentary<|message|>One moment.<|end|><|start|>assistant<|channel|>commentary to=functions.f"
        ' <|constrain|>json<|message|>{"a": 1}<|call|>',
        "One moment.",
    ),
]

CONTROL_TOKENS = [
    ("Hello there!<|im_end|>", "Hello there!"),
    ("Hello there! <|im_end|>\n", "Hello there!"),
    ("<|im_start|>assistant\nHello there!<|im_end|>\n<|im_start|>user\nAnd?", "Hello there!"),
    ("Hello!<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nHello again!", "Hello!"),
    ("<s>Hello!</s>", "Hello!"),
    ("Hello!</s><s>[INST] More? [/INST] Yes.", "Hello!"),
    ("Hello!<end_of_turn>\n<start_of_turn>user\nMore", "Hello!"),
    ("<start_of_turn>model\nHello!", "Hello!"),
    ("<|assistant|>Hello!<|end|><|user|>More", "Hello!"),
    ("Hello!<｜end▁of▁sentence｜><｜User｜>More<｜Assistant｜>Yes.", "Hello!"),
    ("Hello!<|user|>\nMore", "Hello!"),
    ("[gMASK]<sop>Hello!<unused7><|reserved_special_token_9|>", "Hello!"),
    ("Hello!<|endoftext|>The next document", "Hello!"),
    ("Hello!<|im_e", "Hello!"),
    ("<pad><pad>Hello!", "Hello!"),
]

CALLS = [
    ('<tool_call>\n{"name": "set_timer", "arguments": {"minutes": 5}}\n</tool_call>', ""),
    ("One moment. <function=f><parameter=a>1</parameter></function>", "One moment."),
    ('<minimax:tool_call><invoke name="f"></invoke></minimax:tool_call>Done.', "Done."),
    ("<｜tool▁calls▁begin｜>f<｜tool▁calls▁end｜>Done.", "Done."),
    ("<|tool_call_start|>[f(a=1)]<|tool_call_end|>Done.", "Done."),
    ('<|python_tag|>{"name": "f"}', ""),
    ('[TOOL_CALLS][{"name": "f", "arguments": {}}]', ""),
    ('Sure.\n```json\n{"name": "set_timer", "arguments": {"minutes": 5}}\n```\nDone.', "Sure.\n\nDone."),
    ("```tool_code\nset_timer(minutes=5)\n```\nDone.", "Done."),
    ('{"name": "f", "parameters": {"a": "}\\""}} Done.', "Done."),
    ('[{"type": "function", "function": {"name": "f"}}]', ""),
    ('functions.set_timer({"minutes": 5})', ""),
    ('I call functions.set_timer({"minutes": 5}) now.', "I call now."),
    ('[get_weather(city="Paris")]', ""),
    ('{"name": "set_ti', ""),
]

RUN_ON = [
    ("It is four.\nUser: And three plus three?\nAssistant: Six.", "It is four."),
    ("It is four.\n\n**Human:** And three?", "It is four."),
    ("It is four.\n### Instruction:\nAnd three?", "It is four."),
    ("Vier.\nBenutzer: Und drei plus drei?", "Vier."),
    ("四。\n用户：三加三？", "四。"),
    ("Assistant: It is four.", "It is four."),
    ("bar\nfooassistant\n\nHere is the output:\n\nbar\nfoo", "bar\nfoo"),
    ("It is four.\nuser\nAnd three?\nassistant\nSix.", "It is four."),
]

ANSWERS = [
    "It is noon.",
    "Two < three, and <thin> air.",
    "Less than: <",
    "x <| f y, and [1, 2]",
    "The <b> tag makes words bold.",
    "The <think> tag marks thoughts, and the <|im_end|> token ends a turn.",
    "Thoughts stand in `<think>` and “</think>”.",
    "The <s>old</s> price",
    "An <answer> element",
    "User: is a label.",
    "There are two roles:\nUser: who asks.\nAssistant: who answers.",
    "- User: who asks.\n- Assistant: who answers.",
    "He was a\nuser of it.",
    "I am your assistant\n\nand glad to be.",
    '{"name": "Alice", "age": 5}',
    '```json\n{"name": "Alice", "age": 5}\n```',
    "```html\n<think>x</think>\n<|im_end|>\nUser: hi\n```\nThat is how.",
    "Okay, the user asks 2+2. Four.",
    "Okay, the timer is set.",
    "Functions.org has it, and functions. End",
    "Panama",
    "Two  spaces",
    "The analysis: four.",
    "[1] is a source, [a(b)] a formula, ◁ a sign.",
]


@pytest.mark.parametrize(("reply", "expected"), THOUGHTS + CONTROL_TOKENS + CALLS + RUN_ON)
def test_what_is_no_answer_is_left_out_whatever_the_pieces(reply: str, expected: str) -> None:
    assert answer([reply]) == expected
    assert answer(list(reply)) == expected
    assert answer([reply[: len(reply) // 2], reply[len(reply) // 2 :]]) == expected


@pytest.mark.parametrize("reply", ANSWERS)
def test_an_answer_that_mentions_such_forms_survives_whatever_the_pieces(reply: str) -> None:
    assert answer([reply]) == reply
    assert answer(list(reply)) == reply


MARKS = (
    "<think> </think> <|im_end|> <|channel|> analysis final <|message|> <|start|> [THINK] [/THINK] ` ``` json tool_code"
    ' {"name": "f" , "arguments": { } [ ] ( ) functions. assistant user User: Answer: <s> </s> <answer> </answer> tag'
    " Okay, the ask hmm, Four. < | <| > / \\ a"
)
FRAGMENTS = st.sampled_from([*MARKS.split(), "\n", " ", "\n\n", "  ", "assistant\n", "Okay, the user asks"])


@given(st.lists(FRAGMENTS, max_size=25).map("".join), st.data())
def test_the_answer_does_not_depend_on_how_the_reply_was_cut(reply: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(reply)), max_size=12)))
    pieces = [reply[start:end] for start, end in zip([0, *cuts], [*cuts, len(reply)], strict=True)]
    assert answer(pieces) == answer([reply]) == answer(list(reply))


@given(st.lists(FRAGMENTS, max_size=25).map("".join))
def test_an_answer_neither_begins_nor_ends_with_white_space(reply: str) -> None:
    assert answer(list(reply)) == answer(list(reply)).strip()


@given(st.lists(st.from_regex(r"[B-Zb-z0-9,.;!?'-]{1,12}", fullmatch=True), min_size=1, max_size=30))
def test_words_are_delayed_only_while_they_may_begin_a_form(words: list[str]) -> None:
    reply = AnswerText()
    given_back = reply.feed("Yes,")
    for word in words:
        given_back += reply.feed(f" {word}x")
    assert given_back == " ".join(["Yes,", *(f"{word}x" for word in words)])


def test_text_that_cannot_be_a_mark_is_given_back_at_once() -> None:
    reply = AnswerText()
    assert reply.feed("It is <") == "It is"
    assert reply.feed("5") == " <5"


def test_a_reply_that_goes_on_with_another_turn_is_over() -> None:
    reply = AnswerText()
    reply.feed("Four.")
    assert not reply.ended
    reply.feed("\nUser: And")
    assert reply.ended
    assert reply.feed(" three?") == reply.flush() == ""


def test_a_continued_reply_knows_where_it_is() -> None:
    code = AnswerText(after="```\nx = 1")
    assert code.feed("\n<think>") + code.flush() == "\n<think>"
    prose = AnswerText(after="It is")
    assert prose.feed(" noon.\nUser: ") + prose.flush() == " noon."


def test_thoughts_whose_end_never_comes_are_an_answer_in_the_end() -> None:
    reply = "Okay, the user asks. " + "word " * 2000 + "end"
    assert answer([reply]) == answer(list(reply)) == reply


def test_of_a_model_that_does_not_think_nothing_is_held_back_for_sounding_like_it() -> None:
    text = AnswerText(may_think=False)
    assert text.feed("Okay, let me tell you a story. ") == "Okay, let me tell you a story."
