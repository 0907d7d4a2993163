"""The Ollama server: where it is, the clients for it, which release, which models it has, fetching one more.

Every connection to it is made here, so that one rule holds for all: what is for this machine goes through no
proxy and follows no redirect. Looking takes a second at most and never fails: no server is an answer, too.
Talking to a model is ``agent.planner.ollama_planner``'s.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import shutil
import socket
import ssl
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from agent.errors import ModelMissingError, PlannerError
from agent.safe_text import plain
from tools.engines.download import TransferProgress, silent

if TYPE_CHECKING:
    import httpx
    import ollama

LEAST_RELEASE: Final = (0, 31, 2)
"""From this release on a server holds every model to the schema of its answers, thinking ones, too."""

DOWNLOAD: Final = "https://ollama.com/download"

MOST_BYTES = 64 * 2**20
"""An answer of more bytes is broken off. Fetching a model sends some megabytes of progress."""

PORT: Final = 11434
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)  # no answer of Ollama's
_UNSETTLING = re.compile(r"(?i:\w+_proxy|SSL_CERT_\w+|OLLAMA_\w+)")
_importing = threading.Lock()
_HOST = re.compile(r"[A-Za-z0-9_.:%-]+")
_OWN_NAMES = frozenset({"localhost", "localhost.localdomain", "localhost6", "ip6-localhost", "ip6-loopback"})
_NEARLY_ALL = 0.95
_LOOK_SECONDS = 1.0
_PULL_SECONDS = 600.0  # without a word from the server, as when it checks a large file


@dataclass(frozen=True)
class Server:
    """A server that answers: its address, its release ("0.31.2") and the names of its models.

    ``shares`` are the parts of the loaded ones that lie on the card, 0…1, by name.
    """

    url: str
    release: str
    models: tuple[str, ...]
    shares: Mapping[str, float] = field(default_factory=dict)

    @property
    def keeps_to_schemas(self) -> bool:
        """Whether the release is ``LEAST_RELEASE`` or later; one that cannot be read counts as later."""
        numbers = re.match(r"v?(\d+)\.(\d+)\.(\d+)", self.release)
        return numbers is None or tuple(int(each) for each in numbers.groups()) >= LEAST_RELEASE

    def has(self, model: str) -> bool:
        """Whether a model is there; a name without a tag means its ``latest``."""
        return _full_name(model) in self.models

    def share(self, model: str) -> float | None:
        """The part of a model that lies on the card, 0…1; None for one that is not loaded."""
        return self.shares.get(_full_name(model))


@dataclass(frozen=True)
class Absent:
    """No server of Ollama's: ``why`` in a few words, the beginning of a sentence. ``is_silent``: nothing
    answered at all.
    """

    why: str
    is_silent: bool = False


def share_on_card(size: int | None, size_vram: int | None) -> float:
    """The part of a loaded model that lies on the card, 0…1, by what a server tells; all of it counts as 1
    when it is nearly all, as some tables are better kept in RAM.
    """
    share = min(1.0, (size_vram or 0) / size) if size else 1.0
    return 1.0 if share > _NEARLY_ALL else share


def on_processor_words(model: str, share: float) -> str:
    """What to say of a model that is not on the card as a whole."""
    part = f"{1 - share:.0%} of {model}" if share else model
    why = "because the card had no room for it" if share else "because the card is full or has no driver"
    return (
        f"Ollama keeps {part} on the processor, {why}: planning is slow. Free memory on the card and"
        f" run `ollama stop {model}`, or use a smaller model."
    )


def _full_name(model: str) -> str:
    return model if ":" in model else f"{model}:latest"


@dataclass(frozen=True)
class Address:
    """Where a server is: its URL without a slash at the end, and whether that is this machine itself."""

    url: str
    is_here: bool


def address(given: str | None = None) -> Address:
    """Where Ollama is to be found: ``given``, else OLLAMA_HOST of the environment, else its usual place.

    It is read as the server itself reads it: without a scheme the port is 11434; quotes around it, a port
    alone (":21200") and a path behind it are allowed. Raises ``PlannerError`` for what is no address.
    """
    text = (given or os.environ.get("OLLAMA_HOST", "")).strip().strip("\"'").strip() or "127.0.0.1"
    scheme, said, rest = text.partition("://")
    if not said:
        scheme, rest = "http", text
    usual = {"http": 80, "https": 443}.get(scheme.lower())
    if rest.startswith(":") and not rest.startswith("::"):
        rest = f"127.0.0.1{rest}"
    with suppress(ValueError):
        rest = f"[{ipaddress.IPv6Address(rest)}]"
    try:
        parts = urlsplit(f"//{rest}")
        host, port = parts.hostname or "127.0.0.1", parts.port
    except ValueError:
        host, port = "", None
    if usual is None or port == 0 or not text.isprintable() or not _HOST.fullmatch(host):
        raise PlannerError(
            f"OLLAMA_HOST is {text[:80]!r}, which is not an address: set it to one such as"
            " 127.0.0.1:11434, or unset it."
        )
    host = _spelt_out(host)
    path = parts.path.strip("/")
    shown = f"[{host}]" if ":" in host else host
    port = port or (None if said else PORT)
    url = f"{scheme.lower()}://{shown}" + (f":{port}" if port else "") + (f"/{path}" if path else "")
    return Address(url, _is_here(host))


def _spelt_out(host: str) -> str:
    """A host in its usual spelling: "127.1" and "0x7f.1" are 127.0.0.1, as the system reads them."""
    host = host.rstrip(".").lower()
    with suppress(OSError):
        host = socket.inet_ntoa(socket.inet_aton(host))
    with suppress(ValueError):
        mapped = ipaddress.IPv6Address(host).ipv4_mapped
        host = str(mapped) if mapped is not None else host
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def _is_here(host: str) -> bool:
    """Whether a host, spelt out, is this machine: one of its own addresses or its own name."""
    if host in _OWN_NAMES or host.endswith(".localhost") or host == socket.gethostname().lower():
        return True
    try:
        where = ipaddress.ip_address(host)
        if where.is_loopback:
            return True
        family = socket.AF_INET if where.version == 4 else socket.AF_INET6
        with socket.socket(family, socket.SOCK_DGRAM) as own:
            own.bind((host, 0))  # no other machine's address can be bound to
    except (ValueError, OSError):
        return False
    return True


def _options(where: Address, timeout: float | httpx.Timeout, hooks: Callable[..., object]) -> dict[str, Any]:
    return {
        "timeout": timeout,
        # What is for this machine goes to no proxy; of its own the client would follow HTTP_PROXY.
        "trust_env": not where.is_here,
        # Nor does it go on to another place because an answer says so: it holds the picture.
        "follow_redirects": False,
        "event_hooks": {"response": [hooks]},
    }


def library() -> ModuleType:
    """Ollama's own package. It makes a client of its own while it is imported, from settings that may be none
    of ours: these are out of its sight meanwhile.
    """
    with _importing:
        if "ollama" not in sys.modules:
            hidden = {name: os.environ.pop(name) for name in list(os.environ) if _UNSETTLING.fullmatch(name)}
            try:
                import ollama  # noqa: F401
            finally:
                os.environ.update(hidden)
    return sys.modules["ollama"]


@contextmanager
def client(
    given: str | None = None, timeout: float | httpx.Timeout = _LOOK_SECONDS
) -> Iterator[ollama.Client]:
    """A client for the server at an address (see ``address``); this and ``async_client`` make all there are.

    Raises ``PlannerError`` where none can be made, and what ``ollama.Client`` raises when it is used.
    """
    where = address(given)
    with _made(where):
        most = float(timeout) if isinstance(timeout, int | float) else None
        made = library().Client(where.url, **_options(where, timeout, partial(_bound, seconds=most)))
    with made:
        yield made


def async_client(given: str | None, timeout: float | httpx.Timeout) -> ollama.AsyncClient:
    """A client for one event loop. Raises ``PlannerError`` where none can be made."""
    where = address(given)
    with _made(where):
        made: ollama.AsyncClient = library().AsyncClient(where.url, **_options(where, timeout, _bound_later))
    return made


@contextmanager
def _made(where: Address) -> Iterator[None]:
    """Put into words what may be wrong with the settings that a client is made from."""
    try:
        yield
    except Exception as error:  # a proxy without its package, a file of certificates that is not there, …
        why = " ".join(str(error).split())[:150].rstrip(".") or type(error).__name__
        raise PlannerError(
            f"Cannot connect to {where.url} ({why}): check HTTP_PROXY, ALL_PROXY, NO_PROXY and"
            " SSL_CERT_FILE, or use `--planner builtin`."
        ) from error


def _bound(response: httpx.Response, *, seconds: float | None) -> None:
    """Have an answer end as broken when it becomes longer than anything that a planner says, or takes more
    than so many seconds as a whole: a client's own limit is for each part of it.
    """
    import httpx

    until = None if seconds is None else time.monotonic() + seconds

    stream = response.stream

    class Bounded(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            read = 0
            for part in cast(httpx.SyncByteStream, stream):
                read += len(part)
                if until is not None and time.monotonic() > until:
                    raise httpx.ReadTimeout("a dripping answer")
                if read > MOST_BYTES:
                    raise httpx.ReadError("an endless answer")
                yield part

        def close(self) -> None:
            cast(httpx.SyncByteStream, stream).close()

    response.headers.pop("content-encoding", None)  # none was asked for, and unpacked it may be any size
    response.stream = Bounded()


async def _bound_later(response: httpx.Response) -> None:
    """See ``_bound``."""
    import httpx

    stream = response.stream

    class Bounded(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            read = 0
            async for part in cast(httpx.AsyncByteStream, stream):
                read += len(part)
                if read > MOST_BYTES:
                    raise httpx.ReadError("an endless answer")
                yield part

        async def aclose(self) -> None:
            await cast(httpx.AsyncByteStream, stream).aclose()

    response.headers.pop("content-encoding", None)
    response.stream = Bounded()


@contextmanager
def told(model: str, given: str | None, seconds: float) -> Iterator[None]:
    """Put into a sentence what goes wrong while a model is asked: a ``PlannerError`` with what mends it.

    What it cannot put into words passes, such as an answer that breaks off or is no answer of Ollama's.
    """
    import httpx

    try:
        yield
    except library().ResponseError as error:
        raise _refused(error, model, given) from error
    except (TimeoutError, httpx.TimeoutException) as error:
        raise PlannerError(
            f"Ollama did not answer within {seconds:g} seconds; try a smaller model or look at"
            " `ollama ps`, or use `--planner builtin`."
        ) from error
    except (httpx.RemoteProtocolError, httpx.ReadError):
        raise
    except (httpx.TransportError, httpx.InvalidURL, ConnectionError) as error:
        if (why := why_not_https(error)) is not None:
            raise PlannerError(
                f"What answers at {address(given).url} {why}, or use `--planner builtin`."
            ) from error
        raise PlannerError(
            "Ollama does not answer; start it with `ollama serve`, or use `--planner builtin`."
        ) from error


def _refused(error: Any, model: str, given: str | None) -> PlannerError:
    if error.status_code == 404:
        return ModelMissingError(
            f"Ollama has no model “{model}”; fetch it with `ollama pull {model}`.", model
        )
    if 300 <= error.status_code < 400:
        return PlannerError(
            f"The server at {address(given).url} redirects to another address, which is not followed: check"
            " OLLAMA_HOST, or use `--planner builtin`."
        )
    why = one_line(error.error) or f"error {error.status_code}"
    return PlannerError(f"Ollama cannot run “{model}” ({why}); use another model or `--planner builtin`.")


def one_line(text: str) -> str:
    """A server's words on one line, without the tags of a page of HTML."""
    return plain(re.sub(r"<[^>]*>", " ", str(text)[:5000]))[:200]


def url() -> str:
    """Where Ollama is to be found. Raises ``PlannerError``."""
    return address().url


def problem() -> str | None:
    """Why no client can be made at all, as a sentence; None when one can."""
    try:
        with client():
            return None
    except PlannerError as error:
        return str(error)


def look() -> Server | None:
    """The server, None when none answers within a second."""
    found = what_is_there()
    return found if isinstance(found, Server) else None


def what_is_there() -> Server | Absent:
    """The server, or what there is instead: no answer, or one that is none of Ollama's."""
    import httpx

    try:
        where = address()
        with _made(where):
            made = httpx.Client(**_options(where, _LOOK_SECONDS, partial(_bound, seconds=_LOOK_SECONDS)))
    except PlannerError as error:
        return Absent(str(error).rstrip("."))
    try:
        with made:
            release = str(_fetched(made, f"{where.url}/api/version")["version"])
            listed = _fetched(made, f"{where.url}/api/tags")["models"]
            names = tuple(str(entry["name"]) for entry in listed)
            shares = {}
            with suppress(httpx.HTTPError, *_UNREADABLE):  # of no matter to who only wants to know the models
                for each in made.get(f"{where.url}/api/ps").json()["models"]:
                    shares[str(each["name"])] = share_on_card(each["size"], each["size_vram"])
            return Server(where.url, release, names, shares)
    except _OtherAnswerError as error:
        return Absent(f"the server at {where.url} {error}")
    except (httpx.ConnectError, ConnectionError) as error:
        if (why := why_not_https(error)) is not None:
            return Absent(f"the server at {where.url} {why}")
        return Absent(f"no answer at {where.url}", is_silent=True)
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.DecodingError):
        return Absent(f"the server at {where.url} does not speak HTTP, or closes the connection")
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        return Absent(f"no answer at {where.url}", is_silent=True)
    except _UNREADABLE:
        return Absent(f"the server at {where.url} is not an Ollama server: its answer has another form")


def why_not_https(error: BaseException) -> str | None:
    """Why HTTPS failed, where it did, and what to do, as the end of a sentence; else None."""
    behind: BaseException | None = error
    while behind is not None and not isinstance(behind, ssl.SSLError):
        behind = behind.__cause__ or behind.__context__
    if behind is None:
        return None
    if isinstance(behind, ssl.SSLCertVerificationError):
        return "has a certificate that is not trusted here: let SSL_CERT_FILE name one that is"
    return "does not speak HTTPS: let OLLAMA_HOST begin with http://"


class _OtherAnswerError(Exception):
    """What an answer was that is none of Ollama's, as the end of a sentence."""


def _fetched(client: httpx.Client, place: str) -> dict[str, Any]:
    """The JSON values that a server tells. Raises ``_OtherAnswerError`` where it says something else."""
    answer = client.get(place)
    if answer.is_redirect:
        to = _quoted(answer.headers.get("location", "")) or "another address"
        raise _OtherAnswerError(f"redirects to {to}, which is not followed ({answer.status_code})")
    if not answer.is_success:
        raise _OtherAnswerError(f"says {_quoted(f'{answer.status_code} {answer.reason_phrase}'.strip())}")
    try:
        values = answer.json()
    except _UNREADABLE:
        values = None
    if not isinstance(values, dict):
        said = _quoted(answer.content[:200].decode("utf-8", "replace"))
        raise _OtherAnswerError(f"is not an Ollama server: it says {said}" if said else "says nothing")
    return values


def _quoted(said: str) -> str:
    """The beginning of what a server said, on one line and without what a terminal would obey; or ""."""
    line = plain(said)
    return f"“{line[:60]}{'…' if line[60:] else ''}”" if line else ""


def how_to_start() -> str:
    """The command, or the page, that brings a server to this machine."""
    return "ollama serve" if shutil.which("ollama") else f"install it from {DOWNLOAD}"


def pull(model: str, progress: TransferProgress = silent) -> None:
    """``fetch`` for callers without an event loop."""
    asyncio.run(fetch(model, progress))


async def fetch(model: str, progress: TransferProgress = silent) -> None:
    """Let the server fetch a model; it goes on by itself where an earlier call stopped. Cancelled, the server
    stops, too, and keeps what it has.

    ``progress`` is told of bytes, as far as the server knows them. Raises ``PlannerError`` when no server
    answers, it has no such model to fetch, or the transfer breaks off.
    """
    import httpx

    ollama = library()
    layers: dict[str, tuple[int, int]] = {}
    done = False
    made = async_client(None, httpx.Timeout(_PULL_SECONDS, connect=5.0))
    try:
        async with made, aclosing(cast(Any, await made.pull(model, stream=True))) as updates:
            async for update in updates:
                if update.digest and update.total:
                    layers[update.digest] = (update.completed or 0, update.total)
                    whole = layers.values()
                    progress(sum(each for each, _ in whole), sum(each for _, each in whole))
                done = update.status == "success"
    except ollama.ResponseError as error:
        why = " ".join(str(error.error).split())[:150].rstrip(".")
        raise PlannerError(
            f"Ollama cannot fetch {model} ({why}): see its log, or https://ollama.com/library for the name."
        ) from error
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.InvalidURL, ConnectionError) as error:
        raise PlannerError(
            f"Ollama does not answer at {address().url}, so {model} cannot be fetched: {_start_words()}, then"
            " run the command again."
        ) from error
    except (httpx.HTTPError, ValueError) as error:
        raise PlannerError(f"Ollama stopped while fetching {model}: {_go_on(model)}") from error
    if not done:
        raise PlannerError(f"Ollama stopped while fetching {model}: {_go_on(model)}")


def _start_words() -> str:
    start = how_to_start()
    return start if start.startswith("install") else f"start it with {start}"


def _go_on(model: str) -> str:
    return f"run the command again, or ollama pull {model}; what was fetched is kept."
