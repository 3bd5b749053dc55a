"""`assistant devices`: list microphones and loudspeakers, and their names for the configuration."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from assistant.cli.options import Json
from assistant.cli.output import print_json
from assistant.telemetry.printable import printable

if TYPE_CHECKING:
    from assistant.audio.devices.portaudio import Device, Direction


def devices(json: Json = False) -> None:
    """List microphones and loudspeakers. In the configuration, any unique part of a name will do."""
    from assistant.audio.devices.portaudio import Direction, list_devices

    found = list_devices()
    if json:
        print_json(found)
        return
    for direction in Direction:
        _show(direction, [device for device in found if device.channels(direction)])


def _show(direction: "Direction", able: "list[Device]") -> None:
    from assistant.audio.devices.portaudio import NOUN, no_device

    console = Console()
    if not able:
        console.print(no_device(direction), markup=False, soft_wrap=True)
        return
    title = f"{NOUN[direction].capitalize()}s (audio.{direction}; * is the default)"
    table = Table("", "index", "name", "host", "channels", "default rate", title=title, title_justify="left")
    for device in able:
        mark = "*" if device.is_default(direction) else ""
        channels, rate = str(device.channels(direction)), f"{device.default_rate} Hz"
        table.add_row(mark, str(device.index), escape(printable(device.name)), device.host_api, channels, rate)
    console.print(table)
