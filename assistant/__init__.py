"""An on-device voice assistant daemon: microphone in, spoken answer out, nothing leaves the machine.

Importing it decides how the threads of the libraries it loads wait for work, and that they send nothing to anybody.
"""

import os

from assistant.host.budget import apply_waiting_policy

__version__ = "0.1.0"

apply_waiting_policy()

# ONNX Runtime 1.32 for Linux reports its use to its maker unless this is set before it is imported: it asked the name
# server and wrote ~/.cache/Microsoft (strace of one InferenceSession), with this neither.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
