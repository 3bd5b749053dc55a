"""Streaming synthesis with a VITS voice, whose network is split so that the first sound precedes the last computation.

The network of a Piper voice first turns the phonemes of a clause into frames, for which it needs the whole clause, and
then turns frames into samples, for which it looks only a few frames to either side. The second half takes most of the
time. It therefore runs on a few frames at a time, with as many frames of context as it looks at; the joined pieces are
identical to the samples of a single run.
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
"""Name that Piper's exporter gives to the weights of the second half's first layer."""

PIECES = (24, 48, 96)
"""Number of frames in each of the first pieces; the last also applies to all that follow. A frame lasts 11.6 ms.

Measured on two idle x86 cores with en_US-joe-medium, two threads, the median of nine runs: "The capital of France is
Paris." (162 frames) takes 42 ms for its frames and then 61 ms in one piece, or 17 ms for the first 24 frames: 59
ms instead of 103 until the first sound. The frames of a clause of one word take 17 ms.
"""

PROBE_FRAMES = 64
"""Length of the probe that measures how far the second half looks: half of it exceeds what the largest of Piper's
decoders looks at (10 frames in "medium" voices)."""

TOLERANCE = 1e-5
"""Samples that differ by less are equal."""


class Vits:
    """The network of a Piper voice. One run at a time."""

    def __init__(self, path: Path, threads: int) -> None:
        """Load the network at `path`, each half with `threads`. Raises as `host.onnx.session` does.

        A network that cannot be split (a voice of several speakers, another exporter) runs as a whole.
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
        """Whether a long clause is generated in several pieces."""
        return self._whole is None

    def run(self, feeds: Mapping[str, Tensor]) -> Iterator[Samples]:
        """Generate the audio of one clause piece by piece; `feeds` are the inputs of Piper's network."""
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
        """Compute the samples of the frames from `start` to `end`."""
        first = max(0, start - self._reach)
        sound = _flat(self._second.run(None, {self._frames_name: frames[:, :, first : end + self._reach]}))
        return sound[(start - first) * self._hop : (end - first) * self._hop]

    def _probe(self) -> tuple[int, int]:
        """Measure the samples per frame, and how many frames to either side the second half looks at most."""
        frames = np.random.default_rng(0).standard_normal((1, self._channels, PROBE_FRAMES)).astype(np.float32)
        changed = frames.copy()
        changed[:, :, PROBE_FRAMES // 2] += 1.0
        one, other = (_flat(self._second.run(None, {self._frames_name: probe})) for probe in (frames, changed))
        hop = len(one) // PROBE_FRAMES
        differing = np.flatnonzero(np.abs(one - other) > TOLERANCE)
        middle = PROBE_FRAMES // 2
        return hop, int(max(middle - differing[0] // hop, differing[-1] // hop - middle))

    @property
    def _channels(self) -> int:
        return int(self._second.get_inputs()[0].shape[1])


def _flat(outputs: Sequence[Tensor]) -> Samples:
    return np.asarray(outputs[0], np.float32).reshape(-1)


def _halves(path: Path) -> tuple[bytes, bytes, str] | None:
    """Split the network into its halves and the name of the tensor between them; None when it cannot be split."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load(path)
    except (OSError, DecodeError):
        return None  # loading it as a whole reports what is wrong
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
    """Find the nodes that compute `names` from `until`, in order, and every name that they read."""
    needed = set(names)
    found = []
    for node in reversed(nodes):  # ONNX requires a node to follow those whose outputs it reads
        if needed & (set(node.output) - {until}):
            found.append(node)
            needed.update(node.input)
    return found[::-1], needed


def _part(model: "ModelProto", nodes: Sequence["NodeProto"], inputs: Any, outputs: Any) -> bytes:
    """Serialise a network of `nodes` with the weights that they read."""
    import onnx

    read = {name for node in nodes for name in node.input}
    weights = [weight for weight in model.graph.initializer if weight.name in read]
    graph = onnx.helper.make_graph(nodes, "half", inputs, outputs, weights)
    part = onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    return bytes(part.SerializeToString())
