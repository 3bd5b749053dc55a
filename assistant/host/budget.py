"""One budget of processor time: how many threads each stage may use."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """Threads of each stage.

    Recognition is at work beside the end-of-turn model, or the language model that reads along. The voice has the
    machine to itself, for the language model pauses at each clause. Measured on two cores in the chain (11 questions
    and commands, interleaved, voice-to-voice): in turns, the voice with two threads, prompt and generation with one
    each 472 ms, prompt with two 489 ms, both with two 489 ms; voice and language model at the same time with one thread
    each 504 ms. At the same time with two each it was 965 ms where one each made 557 ms (7 of them, a busier machine).
    """

    recognition: int
    """Whisper's decoder gains nothing from a second thread: the six-second window of a 2.8 s question is encoded in
    81 ms with one and 60 ms with two, decoded in 140 and 150 ms, for 0.22 and 0.30 s of processor time."""
    prompt: int
    """llama.cpp while it evaluates the prompt."""
    generation: int
    """llama.cpp while it generates."""
    synthesis: int
    judgement: int
    """The end-of-turn model."""
    answers_beside_recognition: bool
    """Whether there is a core for answering what was understood shortly before the end of speech, while the last pass
    of recognition is at work on another.

    Measured on two cores (11 questions and commands, interleaved): two passes of three are slowed down by it (0.23 s
    instead of 0.19 s) for one that it helps, and voice-to-voice is 534, 521 ms with it and 451, 468 ms without.
    """


def thread_budget(cores: int) -> Budget:
    """The budget for `cores` usable processors (at least 1)."""
    wide = max(1, min(cores, 8))
    half = max(1, wide // 2)
    return Budget(
        recognition=half,
        prompt=half,
        generation=min(half, 4),
        synthesis=wide,
        judgement=1,
        answers_beside_recognition=cores >= 4,
    )
