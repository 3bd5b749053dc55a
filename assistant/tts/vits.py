"""A VITS voice in two halves, so that its first sound comes before its last is made.

The network of a Piper voice first turns the phonemes of a clause into frames, which takes the whole clause at once, and
then frames into samples, which looks only a few frames to either side. The second half, where most of the time goes, is
therefore run on a few frames after another, with as many frames around them as it looks at: the joined pieces are the
samples of one run.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assistant.audio.pcm import Samples
from assistant.host.onnx import Session, Tensor, session

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

FIRST_LAYER = "dec.conv_pre.weight"
"""What Piper's exporter calls the weights of the layer that the second half begins with."""

PIECES = (24, 48, 96)
"""Frames of the first pieces, the last for all that follow. A frame is 11.6 ms of sound.

Measured on two idle x86 cores with en_US-joe-medium, two threads, the median of nine runs: "The capital of France is
Paris." (162 frames) takes 42 ms until its frames are there and then 61 ms in one piece, 17 ms until the first 24
frames; so 59 ms instead of 103 until the first sound. A clause of one word takes 17 ms for its frames.
"""

PROBE = 64
"""Frames of the probe that finds how far the second half looks; the probe's middle is further from its ends than the
largest of Piper's decoders looks (10 frames in "medium" voices)."""

SAME = 1e-5
"""Samples that differ by less are the same."""


class Vits:
    """The network of a Piper voice. One run at a time."""

    def __init__(self, path: Path, threads: int) -> None:
        """Load the network at `path`, each half with `threads`. Raises as `system.onnx.session` does.

        A network whose halves cannot be told apart (a voice of several speakers, another exporter) runs in one.
        """
        halves = _halves(path)
        if halves is None:
            self._whole: Session | None = session(path, threads)
            return
        self._whole = None
        first, second, self._frames_name = halves
        self._first = session(path, threads, first)
        self._second = session(path, threads, second)
        self._hop, self._reach = self._probe()

    @property
    def streams(self) -> bool:
        """Whether the sound of a long clause comes in several pieces."""
        return self._whole is None

    def run(self, feeds: Mapping[str, Tensor]) -> Iterator[Samples]:
        """The sound of one clause, piece by piece; `feeds` are the inputs of Piper's network."""
        if self._whole is not None:
            yield _flat(self._whole.run(None, feeds))
            return
        (frames,) = self._first.run(None, feeds)
        start, length = 0, frames.shape[2]
        sizes = iter(PIECES)
        size = next(sizes)
        while start < length:
            end = min(length, start + size)
            yield self._samples(frames, start, end)
            start, size = end, next(sizes, size)

    def _samples(self, frames: Tensor, start: int, end: int) -> Samples:
        """The samples of the frames from `start` to `end`."""
        first = max(0, start - self._reach)
        sound = _flat(self._second.run(None, {self._frames_name: frames[:, :, first : end + self._reach]}))
        return sound[(start - first) * self._hop : (end - first) * self._hop]

    def _probe(self) -> tuple[int, int]:
        """Samples a frame, and how many frames to either side the second half looks at most."""
        frames = np.random.default_rng(0).standard_normal((1, self._channels, PROBE)).astype(np.float32)
        changed = frames.copy()
        changed[:, :, PROBE // 2] += 1.0
        one, other = (_flat(self._second.run(None, {self._frames_name: probe})) for probe in (frames, changed))
        hop = len(one) // PROBE
        differing = np.flatnonzero(np.abs(one - other) > SAME)
        middle = PROBE // 2
        return hop, int(max(middle - differing[0] // hop, differing[-1] // hop - middle))

    @property
    def _channels(self) -> int:
        return int(self._second.get_inputs()[0].shape[1])


def _flat(outputs: Sequence[Tensor]) -> Samples:
    return np.asarray(outputs[0], np.float32).reshape(-1)


def _halves(path: Path) -> tuple[bytes, bytes, str] | None:
    """The two halves and the name of what flows between them; None when they cannot be told apart."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load(path)
    except (OSError, DecodeError):
        return None  # loading it as a whole says what is wrong with it
    graph = model.graph
    weights = {weight.name: weight for weight in graph.initializer}
    frames = next((node.input[0] for node in graph.node if FIRST_LAYER in node.input), None)
    if frames is None:
        return None
    second, needed = _ancestors(graph.node, [output.name for output in graph.output], until=frames)
    if needed & {given.name for given in graph.input}:
        return None
    first, _ = _ancestors(graph.node, [frames], until=None)
    channels = weights[FIRST_LAYER].dims[1]
    between = onnx.helper.make_tensor_value_info(frames, onnx.TensorProto.FLOAT, [1, channels, "frames"])
    return (
        _part(model, first, graph.input, [between]),
        _part(model, second, [between], graph.output),
        frames,
    )


def _ancestors(
    nodes: Sequence["NodeProto"], names: Sequence[str], until: str | None
) -> tuple[list["NodeProto"], set[str]]:
    """The nodes that `names` are computed by, in order, as far back as `until`, and every name that they read."""
    needed = set(names)
    found = []
    for node in reversed(nodes):  # ONNX demands that a node stands after those that it reads
        if needed & (set(node.output) - {until}):
            found.append(node)
            needed.update(node.input)
    return found[::-1], needed


def _part(model: "ModelProto", nodes: Sequence["NodeProto"], inputs: Any, outputs: Any) -> bytes:
    import onnx

    read = {name for node in nodes for name in node.input}
    weights = [weight for weight in model.graph.initializer if weight.name in read]
    graph = onnx.helper.make_graph(nodes, "half", inputs, outputs, weights)
    part = onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    return bytes(part.SerializeToString())
