"""Every attack, in the order in which they are carried out."""

from tests.attacks import crowds, descriptors, disk, messages, network, recordings, texts
from tests.attacks.attack import EVERY

__all__ = ["EVERY"]

MODULES = (messages, crowds, descriptors, recordings, texts, network, disk)
"""Each adds its attacks when it is imported."""
