"""Short clauses are synthesised once."""

import numpy as np

from assistant.audio.pcm import Samples
from assistant.blocking import NeverStop
from assistant.testing.scripted import ScriptedVoice
from assistant.tts.clause_cache import MAX_CLAUSES, CachingVoice


class Stopped:
    def is_set(self) -> bool:
        return True


def say(voice: CachingVoice, text: str) -> Samples:
    pieces: list[Samples] = []
    voice.synthesize(text, emit=pieces.append, stop=NeverStop())
    return np.concatenate(pieces)


def test_a_short_clause_is_synthesised_once() -> None:
    inner = ScriptedVoice()
    voice = CachingVoice(inner, [])
    assert np.array_equal(say(voice, "Sure."), say(voice, "Sure."))
    assert inner.spoken == ["Sure."]


def test_fixed_phrases_are_cached_from_the_start_and_stay() -> None:
    inner = ScriptedVoice()
    voice = CachingVoice(inner, ["Sorry."])
    voice.forget()
    say(voice, "Sorry.")
    assert inner.spoken == ["Sorry."]


def test_a_long_clause_is_not_cached() -> None:
    inner = ScriptedVoice()
    voice = CachingVoice(inner, [])
    text = "this is a clause that is never going to be said twice"
    say(voice, text)
    say(voice, text)
    assert len(inner.spoken) == 2


def test_an_interrupted_clause_is_not_cached() -> None:
    inner = ScriptedVoice()
    voice = CachingVoice(inner, [])
    voice.synthesize("Sure.", emit=lambda piece: None, stop=Stopped())
    say(voice, "Sure.")
    assert inner.spoken == ["Sure."]


def test_the_least_recently_used_clause_is_evicted_first() -> None:
    inner = ScriptedVoice()
    voice = CachingVoice(inner, [])
    for number in range(MAX_CLAUSES):
        say(voice, str(number))
    say(voice, "0")
    say(voice, "one more")
    inner.spoken.clear()
    say(voice, "0")
    say(voice, "1")
    assert inner.spoken == ["1"]
