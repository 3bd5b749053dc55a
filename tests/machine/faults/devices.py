"""Microphone, loudspeaker and sound server go away and come back."""

import time
from typing import Literal

from tests.machine.daemon import LONG_ANSWER, Daemon
from tests.machine.faults.fault import Fault, Outcome
from tests.machine.journal import Entry
from tests.machine.sound import Device

Kind = Literal["microphone", "loudspeaker"]

AWAY_S = 3.0
"""How long what is unplugged stays away."""

GIVEN_UP_S = 90.0
"""Within so long a daemon without a microphone gives up (60 s, and the attempt in progress)."""


def microphone_unplugged(daemon: Daemon) -> Outcome:
    return _unplugged(daemon, "mic", "microphone")


def loudspeaker_unplugged(daemon: Daemon) -> Outcome:
    return _unplugged(daemon, "speaker", "loudspeaker")


def _unplugged(daemon: Daemon, device: Device, kind: Kind) -> Outcome:
    pulled = time.monotonic()
    daemon.room.pull_out(device)
    lost = _device_event(daemon, "device_lost", kind, after=pulled)
    daemon.until_status(f"no {kind}")
    time.sleep(AWAY_S)
    assert daemon.facts.active == "active"
    plugged = time.monotonic()
    daemon.room.plug_in(device)
    back = _device_event(daemon, "device_back", kind, after=plugged)
    daemon.until_status("listening")
    return Outcome(
        f"noticed after {lost.at_s - pulled:.1f} s, STATUS says so; opened again by its name", back.at_s - plugged
    )


def loudspeaker_unplugged_while_speaking(daemon: Daemon) -> Outcome:
    asked = time.monotonic()
    daemon.room.speak(LONG_ANSWER)
    daemon.journal.event("playback_started", after=asked)
    pulled = time.monotonic()
    daemon.room.pull_out("speaker")
    _device_event(daemon, "device_lost", "loudspeaker", after=pulled)
    turn = daemon.journal.event("turn_finished", after=pulled)
    assert turn.fields["ASSISTANT_ERROR"] == "device.failed", turn.message
    time.sleep(AWAY_S)
    plugged = time.monotonic()
    daemon.room.plug_in("speaker")
    back = _device_event(daemon, "device_back", "loudspeaker", after=plugged)
    rest = daemon.journal.event("announced", after=plugged)
    assert rest.fields["ASSISTANT_ERROR"] == "None", rest.message
    daemon.until_status("listening")
    return Outcome("the answer ended; its rest was said when the loudspeaker was back", back.at_s - plugged)


def microphone_stands_still(daemon: Daemon) -> Outcome:
    stopped = time.monotonic()
    daemon.room.unplug("mic")
    lost = _device_event(daemon, "device_lost", "microphone", after=stopped)
    daemon.until_status("no microphone")
    went_on = time.monotonic()
    daemon.room.go_on("mic")
    back = _device_event(daemon, "device_back", "microphone", after=went_on)
    daemon.until_status("listening")
    return Outcome(f"noticed after {lost.at_s - stopped:.1f} s, opened again", back.at_s - went_on)


def sound_server_restarted(daemon: Daemon) -> Outcome:
    stopped = time.monotonic()
    daemon.room.stop()
    daemon.room.start_again()
    started = time.monotonic()
    back = [_device_event(daemon, "device_back", kind, after=stopped) for kind in _KINDS]
    daemon.until_status("listening")
    return Outcome("both devices opened again", max(entry.at_s for entry in back) - started)


def sound_server_away_at_start(daemon: Daemon) -> Outcome:
    daemon.room.stop()
    daemon.systemctl("restart", "--no-block")
    daemon.until_status("waiting")
    assert daemon.facts.active == "activating"
    started = time.monotonic()
    daemon.room.start_again()
    listening = daemon.until_listening(after=started)
    daemon.until_active("active")
    return Outcome("waited for the devices, and was not ready before it had them", listening - started)


def microphone_gone_for_good(daemon: Daemon) -> Outcome:
    pulled = time.monotonic()
    daemon.room.pull_out("mic")
    ended = daemon.journal.until(lambda entry: entry.code == "device.gone", "end", after=pulled, within_s=GIVEN_UP_S)
    daemon.until_status("waiting", within_s=GIVEN_UP_S)
    assert daemon.facts.restarts == 1
    plugged = time.monotonic()
    daemon.room.plug_in("mic")
    listening = daemon.until_listening(after=plugged)
    return Outcome(f"ended after {ended.at_s - pulled:.0f} s, was started anew and waited for it", listening - plugged)


def _device_event(daemon: Daemon, name: str, kind: Kind, *, after: float) -> Entry:
    def is_it(entry: Entry) -> bool:
        return entry.event == name and entry.fields["ASSISTANT_KIND"] == kind

    return daemon.journal.until(is_it, f"{name} of the {kind}", after=after)


_KINDS: tuple[Kind, ...] = ("microphone", "loudspeaker")

FAULTS = (
    Fault("microphone unplugged, and back", microphone_unplugged),
    Fault("loudspeaker unplugged, and back", loudspeaker_unplugged),
    Fault("loudspeaker unplugged in the middle of an answer, and back", loudspeaker_unplugged_while_speaking),
    Fault("microphone delivers nothing any more, then goes on", microphone_stands_still),
    Fault("sound server restarted", sound_server_restarted),
    Fault("no sound server at the start", sound_server_away_at_start),
    Fault("microphone unplugged for good", microphone_gone_for_good),
)
