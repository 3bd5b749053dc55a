"""ALSA's own messages, which would otherwise appear on standard error in the middle of a machine-readable log."""

import ctypes
import logging

log = logging.getLogger(__name__)

HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p)
"""snd_lib_error_handler_t of alsa/error.h: file, line, function, error number, format; then its arguments."""


def _report(file: bytes, line: int, function: bytes, number: int, text: bytes) -> None:
    """Log the format as it is: the types of its arguments cannot be known here."""
    log.debug("%s: %s", function.decode(errors="replace"), text.decode(errors="replace"))


_handler = HANDLER(_report)  # ALSA keeps the pointer, so the object must live as long as the process


def capture_messages() -> None:
    """Send ALSA's messages to the log, at level debug. Does nothing on a machine without ALSA's library."""
    try:
        library = ctypes.CDLL("libasound.so.2")
    except OSError:
        return
    library.snd_lib_error_set_handler(_handler)
