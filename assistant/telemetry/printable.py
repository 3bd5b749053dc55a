"""Text that comes from elsewhere, made harmless for terminals and logs; everything that prints such text asks here.

A reply, a device's name or a server's complaint may contain the control sequences of a terminal, with which it could
change what was printed before, the window's title or the clipboard, forge a line of the log, or show it in another
order than it has.
"""

import re

UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]")
"""Control characters (C0 and C1, of which U+009B begins sequences as ESC does), line ends of Unicode, what turns the
direction of the text around it, and half surrogate pairs, which no terminal's encoding has."""

SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def printable(text: str, *, keep: str = "") -> str:
    r"""Write each control character of `text` as JSON would, such as `\u001b`, except those in `keep`.

    A JSON document stays the same document.
    """
    return UNPRINTABLE.sub(lambda found: found[0] if found[0] in keep else _escaped(found[0]), text)


def _escaped(character: str) -> str:
    return SHORT.get(character) or f"\\u{ord(character):04x}"
