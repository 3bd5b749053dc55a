"""Languages are taken as people and peers write them, and what no model recognises is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.config import file as config_file
from assistant.config.languages import CODE_OF, CODES, code_of
from assistant.errors import AssistantError
from assistant.models import catalog


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("en_US", "en"),
        ("en-GB", "en"),
        ("de_AT.UTF-8", "de"),
        ("de_DE@euro", "de"),
        (" fr ", "fr"),
        ("nb", "no"),
        ("nb-NO", "no"),
        ("nob", "no"),
        ("nn_NO", "nn"),
        ("zh-Hans", "zh"),
        ("zh_Hant_TW", "zh"),
        ("cmn-Hans-CN", "zh"),
        ("zh-yue", "yue"),
        ("sr-Latn", "sr"),
        ("pt-BR", "pt"),
        ("fil", "tl"),
        ("iw", "he"),
        ("in", "id"),
        ("ji", "yi"),
        ("jv", "jw"),
        ("ger", "de"),
        ("deu", "de"),
        ("English", "en"),
        ("Norwegian Bokmål", "no"),
        ("Chinese (simplified)", ""),
    ],
)
def test_a_language_is_what_a_person_means(written: str, code: str) -> None:
    if code:
        assert code_of(written) == code
    else:
        with pytest.raises(ValueError, match="no language"):
            code_of(written)


@pytest.mark.parametrize(
    ("written", "instead"),
    [("jp", "write ja"), ("gb", "write en"), ("germn", "for german write de"), ("xx", "such as en"), ("", "auto")],
)
def test_a_refusal_says_what_to_write(written: str, instead: str) -> None:
    with pytest.raises(ValueError, match=instead):
        code_of(written)


def test_the_languages_are_those_of_the_models_in_the_catalogue() -> None:
    offered = {code for model in catalog.shipped().models if model.task == "asr" for code in model.languages}
    assert offered == CODES


@given(st.sampled_from(sorted(CODE_OF)), st.from_regex(r"([-_][A-Za-z]{2,8}){0,3}(\.UTF-8)?", fullmatch=True))
def test_neither_case_nor_country_nor_script_changes_the_language(name: str, rest: str) -> None:
    if not (name == "zh" and "yue" in rest.casefold()):
        assert code_of(name.upper() + rest) == code_of(name) == CODE_OF[name]


@given(st.text())
def test_any_text_is_a_language_that_is_recognised_or_is_refused(text: str) -> None:
    try:
        code = code_of(text)
    except ValueError:
        return
    assert code in CODES


def test_several_languages_are_given_by_any_of_their_names() -> None:
    asr = config_file.parse("asr: {languages: [English, de_AT, nb]}", "f.yaml").asr
    assert asr.languages == ["en", "de", "no"]
    assert asr.given_language is None


def test_a_single_one_need_not_be_detected() -> None:
    assert config_file.parse("asr: {languages: [de]}", "f.yaml").asr.given_language == "de"


def test_one_that_nobody_recognises_is_named() -> None:
    with pytest.raises(AssistantError, match=r"asr.languages: 'klingon' is no language"):
        config_file.parse("asr: {languages: [en, klingon]}", "f.yaml")
