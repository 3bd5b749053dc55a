"""An on-device voice assistant daemon: microphone in, spoken answer out, nothing leaves the machine.

Importing it decides how the threads of the libraries it loads wait for work.
"""

from assistant.system.budget import apply_waiting_policy

__version__ = "0.1.0"

apply_waiting_policy()
