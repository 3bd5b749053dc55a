"""What of a changed configuration a running daemon can follow."""

from assistant.config.changes import changed_keys, merge
from assistant.config.schema import Asr, Audio, Config, Ipc, Sound, Wake


def test_nothing_has_changed() -> None:
    assert changed_keys(Config(), Config()) == ([], [])
    assert merge(Config(), Config()) == Config()


def test_keys_are_told_apart_by_whether_they_need_a_restart() -> None:
    after = Config(
        sound=Sound(volume=0.5, wake=False),
        asr=Asr(language="de", model="whisper-small"),
        ipc=Ipc(control=["me"], max_clients=3),
    )
    live, restart = changed_keys(Config(), after)
    assert live == ["asr.model", "asr.language", "sound.volume", "sound.wake", "ipc.control"]
    assert restart == ["ipc.max_clients"]


def test_only_what_can_be_followed_is() -> None:
    after = Config(sound=Sound(volume=0.5), audio=Audio(echo_cancellation="off"))
    merged = merge(Config(), after)
    assert merged == Config(sound=Sound(volume=0.5))


def test_a_section_in_place_of_a_word_is_one_change() -> None:
    assert changed_keys(Config(wake="none"), Config()) == (["wake"], [])
    assert changed_keys(Config(), Config(wake="none")) == (["wake"], [])
    assert changed_keys(Config(), Config(wake=Wake(listen_s=3))) == (["wake.listen_s"], [])
    assert merge(Config(wake="none"), Config()) == Config()
    assert merge(Config(), Config(wake="none")) == Config(wake="none")
