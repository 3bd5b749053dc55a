import shutil
import threading
from pathlib import Path

from assistant.models.download import bytes_under


def test_files_in_nested_folders_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "one").write_bytes(b"1" * 10)
    (tmp_path / "a" / "b" / "two").write_bytes(b"2" * 200)
    assert bytes_under(tmp_path) == 210
    assert bytes_under(tmp_path / "nowhere") == 0


def test_folders_that_vanish_meanwhile_are_not_a_failure(tmp_path: Path) -> None:
    """pip unpacks into a folder of its own and removes it. `Path.rglob` failed here at once."""
    (tmp_path / "kept").write_bytes(b"k" * 7)
    done = threading.Event()

    def come_and_go() -> None:
        while not done.is_set():
            for name in "abcdef":
                (tmp_path / name / "deep").mkdir(parents=True)
                (tmp_path / name / "deep" / "file").write_bytes(b"x")
            for name in "abcdef":
                shutil.rmtree(tmp_path / name)

    busy = threading.Thread(target=come_and_go)
    busy.start()
    try:
        sizes = [bytes_under(tmp_path) for _ in range(3000)]
    finally:
        done.set()
        busy.join()
    assert all(7 <= size <= 13 for size in sizes)
