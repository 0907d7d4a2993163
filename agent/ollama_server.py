"""The Ollama server: where it is, which release, which models it has, and fetching one more.

Looking takes a second at most and never fails: no server is an answer, too. Talking to a model is
``agent.planner.ollama``'s.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from typing import Final

from agent.errors import PlannerError
from tools.hub import Progress, silent

LEAST_RELEASE: Final = (0, 31, 2)
"""From this release on a server holds every model to the schema of its answers, thinking ones, too."""

DOWNLOAD: Final = "https://ollama.com/download"

_LOOK_SECONDS = 1.0
_PULL_SECONDS = 600.0  # without a word from the server, as when it checks a large file


@dataclass(frozen=True)
class Server:
    """A server that answers: its address, its release ("0.31.2") and the names of its models."""

    url: str
    release: str
    models: tuple[str, ...]

    @property
    def keeps_to_schemas(self) -> bool:
        """Whether the release is ``LEAST_RELEASE`` or later; one that cannot be read counts as later."""
        numbers = re.match(r"v?(\d+)\.(\d+)\.(\d+)", self.release)
        return numbers is None or tuple(int(each) for each in numbers.groups()) >= LEAST_RELEASE

    def has(self, model: str) -> bool:
        """Whether a model is there; a name without a tag means its ``latest``."""
        return (model if ":" in model else f"{model}:latest") in self.models


def url() -> str:
    """Where Ollama is to be found: OLLAMA_HOST of the environment, read as Ollama's own client does."""
    host = os.environ.get("OLLAMA_HOST", "").strip().rstrip("/") or "127.0.0.1"
    if "://" not in host:
        host = f"http://{host}" if re.search(r":\d+$", host) else f"http://{host}:11434"
    return host.replace("://0.0.0.0", "://127.0.0.1")


def look() -> Server | None:
    """The server, None when none answers within a second."""
    import httpx

    address = url()
    try:
        release = str(httpx.get(f"{address}/api/version", timeout=_LOOK_SECONDS).json()["version"])
        listed = httpx.get(f"{address}/api/tags", timeout=_LOOK_SECONDS).json()["models"]
        return Server(address, release, tuple(str(entry["name"]) for entry in listed))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError):
        return None


def how_to_start() -> str:
    """The command, or the page, that brings a server to this machine."""
    return "ollama serve" if shutil.which("ollama") else f"install it from {DOWNLOAD}"


def pull(model: str, progress: Progress = silent) -> None:
    """Let the server fetch a model; it goes on by itself where an earlier call stopped.

    ``progress`` is told of bytes, as far as the server knows them. Raises ``PlannerError`` when no server
    answers, it has no such model to fetch, or the transfer breaks off.
    """
    import httpx
    import ollama

    layers: dict[str, tuple[int, int]] = {}
    done = False
    try:
        client = ollama.Client(host=url(), timeout=httpx.Timeout(_PULL_SECONDS, connect=5.0))
        for update in client.pull(model, stream=True):
            if update.digest and update.total:
                layers[update.digest] = (update.completed or 0, update.total)
                progress(sum(each for each, _ in layers.values()), sum(each for _, each in layers.values()))
            done = update.status == "success"
    except ollama.ResponseError as error:
        why = " ".join(str(error.error).split())[:150].rstrip(".")
        raise PlannerError(
            f"Ollama cannot fetch {model} ({why}): look at its messages, or at https://ollama.com/library for"
            " the name."
        ) from error
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.InvalidURL, ConnectionError) as error:
        raise PlannerError(
            f"Ollama does not answer at {url()}, so {model} cannot be fetched: {_start_words()}, and say it"
            " again."
        ) from error
    except (httpx.HTTPError, ValueError) as error:
        raise PlannerError(f"Ollama broke off while it fetched {model}: {_go_on(model)}") from error
    if not done:
        raise PlannerError(f"Ollama broke off while it fetched {model}: {_go_on(model)}")


def _start_words() -> str:
    start = how_to_start()
    return start if start.startswith("install") else f"start it with {start}"


def _go_on(model: str) -> str:
    return f"say it again, or ollama pull {model}; what was fetched is kept."
