"""What the process says of itself."""

import subprocess
import sys

from assistant.system.process import peak_memory_mb


def test_time_since_start_counts_from_the_process_not_from_the_import() -> None:
    script = (
        "import time; time.sleep(0.3); from assistant.system.process import seconds_since_start as s; "
        "a = s(); assert 0.3 <= a < 60, a; assert s() >= a"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_peak_memory_grows_with_what_is_touched() -> None:
    before = peak_memory_mb()
    block = b"x" * (int(before) + 64) * 1024 * 1024
    assert peak_memory_mb() > before
    del block
