"""The output of `systemctl show`, recorded on Debian 12, in words."""

from assistant.service.layout import of_the_system
from assistant.service.status import parse_status, status_lines

RUNNING = """\
LoadState=loaded
UnitFileState=enabled
ActiveState=active
SubState=running
StatusText=listening for okay_nabu
StateChangeTimestamp=@1795579266
NRestarts=2
Result=success
ExecMainStatus=0
MainPID=374
MemoryCurrent=889192448
"""
ABSENT = "LoadState=not-found\nUnitFileState=\nActiveState=inactive\nSubState=dead\nMemoryCurrent=[not set]\n"


def told(shown: str) -> dict[str, str]:
    """Return the lines that are printed, those of one label joined."""
    found: dict[str, str] = {}
    for name, value in status_lines(parse_status(shown), of_the_system()):
        found[name] = f"{found[name]}\n{value}" if name in found else value
    return found


def failed(result: str, status: int, restarts: int = 0, text: str = "") -> str:
    changed = {
        "ActiveState": "failed", "SubState": "failed", "Result": result, "ExecMainStatus": str(status),
        "NRestarts": str(restarts), "StatusText": text, "MainPID": "0", "MemoryCurrent": "[not set]",
    }  # fmt: skip
    kept = [line for line in RUNNING.splitlines() if line.partition("=")[0] not in changed]
    return "\n".join(kept + [f"{key}={value}" for key, value in changed.items()])


def test_a_healthy_service_needs_nothing() -> None:
    assert told(RUNNING) == {
        "service": "active (running): listening for okay_nabu",
        "since": "2026-11-25T04:01:06+00:00",
        "starts at boot": "yes",
        "restarts": "2",
        "process": "374",
        "memory": "889 MB",
    }
    assert parse_status(RUNNING).is_up


def test_a_service_that_is_not_installed_says_how_to_install_it() -> None:
    assert told(ABSENT) == {"service": "not installed", "to do": "assistant service install"}
    assert not parse_status(ABSENT).is_up
    assert not parse_status("").is_up, "where there is no systemd, nothing is printed"


def test_a_wrong_configuration_is_named_with_the_command_that_explains_it() -> None:
    found = told(failed("exit-code", 2, text="config.invalid: asr.modle: unknown key"))
    assert found["service"] == "failed (failed): config.invalid: asr.modle: unknown key"
    assert found["last failure"] == "the configuration is wrong"
    assert "assistant config check /etc/assistant/config.yaml" in found["to do"]
    assert "journalctl -u assistant.service" in found["to do"]


def test_missing_models_are_fetched_by_installing_again() -> None:
    assert "assistant service install" in told(failed("exit-code", 4))["to do"]


def test_a_file_of_a_newer_program_is_named_with_both_ways_out() -> None:
    found = told(failed("exit-code", 5))
    assert found["last failure"] == "a newer program wrote what it remembers"
    assert "install the newer version again" in found["to do"]
    assert "move the file" in found["to do"]


def test_a_service_that_crashed_too_often_says_that_systemd_gave_up() -> None:
    found = told(failed("exit-code", 1, restarts=8))
    assert found["restarts"] == "8 (gave up)"
    assert "systemctl reset-failed assistant.service && systemctl start assistant.service" in found["to do"]


def test_failures_are_described_in_words() -> None:
    assert "stopped responding" in told(failed("watchdog", 6))["last failure"]
    assert "memory" in told(failed("oom-kill", 9))["last failure"]
    assert told(failed("exit-code", 217))["last failure"] == "its user does not exist (USER)"
    assert "exited with status 99" in told(failed("exit-code", 99))["last failure"]
    assert told(failed("something-new", 1))["last failure"] == "something-new"


def test_the_last_status_line_of_a_stopped_service_is_not_shown() -> None:
    stopped = RUNNING.replace("=active", "=inactive").replace("=running", "=dead")
    assert told(stopped)["service"] == "inactive (dead)"
    assert told(stopped)["to do"] == "systemctl start assistant.service"
