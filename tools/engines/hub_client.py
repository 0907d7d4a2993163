"""Asking the hub: no request without a time limit, and every way to fail as one sentence.

``asking`` is the one edge: within it each request may stay without an answer, and each transfer without a
byte, for ``SILENCE`` seconds; the hub's client has no limit of its own for some requests, and repeats others
for minutes. What concerns the hub and not one repository (it cannot be reached, it is silent, nobody may ask
it) is a ``HubDownError``: then nothing is gained by asking for the next one.
"""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from tools.engines.specs import Repository
from tools.errors import EngineError

SILENCE: Final = 20.0
"""Seconds that the hub may say nothing before it is given up."""

_OFFICIAL: Final = "https://huggingface.co"
_AGAIN: Final = "run the command again; what was fetched is kept."


class LicenceError(EngineError):
    """Weights that the hub gives only to those who accepted a licence, which this user has not."""


class HubDownError(EngineError):
    """The hub, whatever it is asked for, cannot be had now."""


def is_offline() -> bool:
    """Whether the user wants no call of the network (``HF_HUB_OFFLINE=1``)."""
    from huggingface_hub import is_offline_mode

    return is_offline_mode()


def is_logged_in() -> bool:
    """Whether there is a login for the hub on this machine; asks nobody."""
    from huggingface_hub import constants

    # ``get_token`` would renew some logins over the network.
    return bool(os.environ.get("HF_TOKEN")) or Path(constants.HF_TOKEN_PATH).is_file()


class Patience:
    """How long the hub has been silent: made by ``asking``."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], float] = {}

    def renew(self) -> None:
        """Something was heard of the hub: what is asked from here on has all its time."""
        self._first.clear()

    def limit(self, request: Any) -> None:
        """The client's hook: give a request its limit, and let none be repeated for longer than that."""
        given = request.extensions.get("timeout") or {}
        kinds = ("connect", "read", "write", "pool")
        request.extensions["timeout"] = {each: min(given.get(each) or SILENCE, SILENCE) for each in kinds}
        first = self._first.setdefault((request.method, str(request.url)), time.monotonic())
        if time.monotonic() - first >= SILENCE:
            raise HubDownError(_silent_words())


@contextmanager
def asking(repository: Repository) -> Iterator[Patience]:
    """Whatever the hub's client raises becomes one sentence, and no request takes for ever."""
    from huggingface_hub import constants

    if is_offline():
        raise HubDownError(
            "HF_HUB_OFFLINE forbids fetching what is not on this machine: unset it, and run the command"
            " again."
        )
    address = urlsplit(constants.ENDPOINT)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise HubDownError(
            f"HF_ENDPOINT is {constants.ENDPOINT}, which is no address of a hub: unset it, or set it to one"
            f" such as {_OFFICIAL}."
        )
    patience = Patience()
    try:
        with _limited(patience):
            yield patience
    except EngineError:
        raise
    except Exception as error:
        raise _refusal(repository, error) from error


@contextmanager
def _limited(patience: Patience) -> Iterator[None]:
    from huggingface_hub.utils import get_session  # type: ignore[attr-defined]

    try:
        client = get_session()
    except Exception as error:  # a proxy without its package, a file of certificates that is not there, …
        raise HubDownError(
            f"No connection to {_hub()} can be made ({_reason(error)}): look at {_settings()}."
        ) from error
    before = client.event_hooks
    client.event_hooks = {**before, "request": [*before.get("request", ()), patience.limit]}
    try:
        yield
    finally:
        client.event_hooks = before


def transfer(url: str, headers: dict[str, str], file: Path, tell: Callable[[int], None]) -> None:
    """Append to a file what it lacks of what is at a URL; ``tell`` is told how many bytes it has.

    Each piece is in the file before the next one is asked for, so whatever ends this keeps what came. Raises
    what the client raises.
    """
    from huggingface_hub.utils import get_session, hf_raise_for_status  # type: ignore[attr-defined]

    begun = file.stat().st_size if file.exists() else 0
    asked = {**headers, "Accept-Encoding": "identity"} | ({"Range": f"bytes={begun}-"} if begun else {})
    with get_session().stream("GET", url, headers=asked) as response:
        hf_raise_for_status(response)
        if begun and response.status_code != 206:  # a server that knows no ranges sends all of it
            begun = 0
        with file.open("r+b" if begun else "wb", buffering=0) as opened:
            opened.seek(begun)
            for piece in response.iter_raw():
                opened.write(piece)
                begun += len(piece)
                tell(begun)


def may_heal(error: Exception) -> bool:
    """Whether a transfer that failed so may succeed when it is tried again."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return False
    return isinstance(error, OSError) or _is(error, "TransportError")


def is_silence(error: Exception) -> bool:
    """Whether an error says that nothing came for too long."""
    return _is(error, "TimeoutException")


def is_refusal(error: Exception) -> bool:
    """Whether an error is an answer of the hub's."""
    from huggingface_hub.errors import HfHubHTTPError

    return isinstance(error, HfHubHTTPError)


def _is(error: BaseException, name: str) -> bool:
    # By name: the client's own library has changed its name once already.
    return any(each.__name__ == name for each in type(error).__mro__)


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split())[:150].rstrip(".") or type(error).__name__


def _hub() -> str:
    """The hub's address."""
    from huggingface_hub import constants

    return str(constants.ENDPOINT).rstrip("/")


def _is_other() -> bool:
    """Whether ``HF_ENDPOINT`` names another hub than the usual one."""
    return _hub() != _OFFICIAL


def _settings() -> str:
    """The settings in force that decide how the hub is reached, else the words "the network"."""
    address = urlsplit(_hub())
    found = ["HF_ENDPOINT"] if _is_other() else []
    proxies = {} if proxy_bypass(address.hostname or "") else getproxies()
    for scheme in (address.scheme, "all"):
        if proxies.get(scheme):  # its value may hold a password
            names = [f"{scheme}_proxy", f"{scheme.upper()}_PROXY"]
            found.append(next((name for name in names if name in os.environ), "the system's proxy"))
            break
    if address.scheme == "https":
        found += [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if name in os.environ]
    *most, last = found or ["the network"]
    return f"{', '.join(most)} and {last}" if most else last


def _silent_words() -> str:
    return f"The hub at {_hub()} says nothing for {SILENCE:.0f} seconds: look at {_settings()}, and {_AGAIN}"


def _refusal(repository: Repository, error: Exception) -> EngineError:
    """What the hub's client raised, as an error with one sentence."""
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

    causes = [each for each in (error, error.__cause__, error.__context__) if each is not None]
    answers = [each.response.status_code for each in causes if isinstance(each, HfHubHTTPError)]
    if any(isinstance(each, GatedRepoError) for each in causes) or (403 in answers and repository.gate):
        said = " ".join(str(getattr(each, "server_message", "") or "") for each in causes).lower()
        return LicenceError(_request_words(repository, said) or licence_words(repository))
    unknown = any(isinstance(each, RepositoryNotFoundError) for each in causes)
    if unknown or {401, 403, 404}.intersection(answers):
        if _is_other():
            return EngineError(
                f"{_hub()}, which HF_ENDPOINT names, has no such model: unset HF_ENDPOINT to ask {_OFFICIAL},"
                " or set it to a mirror that has it."
            )
        return EngineError(
            f"The hub has no {repository.name}, or not for everybody: look at {repository.page}, and log in"
            " with hf auth login if it is there."
        )
    if answers:
        return HubDownError(
            f"The hub at {_hub()} answers with error {answers[0]}: wait a while, then {_AGAIN}"
        )
    if any(isinstance(each, OSError) and each.errno == errno.ENOSPC for each in causes):
        from huggingface_hub import constants

        return EngineError(f"The disk of {constants.HF_HUB_CACHE} is full: free some space, then {_AGAIN}")
    if isinstance(error, OSError) and error.filename is not None:
        mend = "set HF_HOME to a folder that you can write to."
        return EngineError(f"{error.filename} cannot be written ({error.strerror}): {mend}")
    if any(map(is_silence, (each for each in causes if isinstance(each, Exception)))):
        return HubDownError(_silent_words())
    if isinstance(error, json.JSONDecodeError | KeyError | TypeError | AttributeError):
        return HubDownError(
            f"What answers at {_hub()} is no hub, but a page to log in to a network, perhaps: look at"
            f" {_settings()}, and {_AGAIN}"
        )
    return HubDownError(f"The hub at {_hub()} cannot be reached: look at {_settings()}, and {_AGAIN}")


def _request_words(repository: Repository, said: str) -> str:
    """What to do where a request was made and is not granted; "" where none was made."""
    if "awaiting a review" in said:
        return (
            f"Your request for {repository.name} is still waiting for approval: run the command again when it"
            " is granted."
        )
    if "rejected" in said:
        return (
            f"Your request for {repository.name} was refused by its authors:"
            " use another engine, or ask them on its page."
        )
    return ""


def licence_words(repository: Repository) -> str:
    """What to do about weights behind a licence, in one sentence."""
    login = "" if is_logged_in() else ", log in with hf auth login"
    named = f" ({repository.gate})" if repository.gate else ""
    return (
        f"{repository.name} is gated: accept its licence{named} on {repository.page}{login}, then run the"
        " command again."
    )
