"""The one place that talks to the hub: what weights are on this machine, and fetching those that are not.

Weights stay in the hub's own cache (``HF_HOME``), where other programs find them, too. What is here whole is
never asked for again: then no call of the network is made at all. The hub's client starts a file that broke
off from its beginning; weights come in files of 10 GB, so large files are fetched here, with ranges, into the
cache's own place for them, and checked by their SHA-256. The client does the rest: names, links, small files.

Every way to fail is an ``EngineError`` with one sentence: no room, no licence, no hub, no network wanted (see
``tools.engines.hub_client``).
"""

from __future__ import annotations

import errno
import fnmatch
import glob
import hashlib
import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tools.engines import hub_client
from tools.engines.hub_client import Patience
from tools.engines.specs import Repository
from tools.errors import EngineError, NotFetchedError

TransferProgress = Callable[[int, int], None]
"""Told how many bytes of a repository are here, and how many there are of it in all."""

_RESERVE: Final = 2**30
_ATTEMPTS_APART = 1.0  # seconds
_ATTEMPTS: Final = 4  # one after the other that bring next to nothing
_PROGRESS: Final = 2**20
_TOLD_APART: Final = 0.1  # seconds
_MARK: Final = ".fetched-by-inpalla"


class BusyError(EngineError):
    """Another process is fetching the same."""


def silent(done: int, total: int) -> None:
    """A ``TransferProgress`` that tells nobody."""


def all_parts(folder: Path) -> bool:
    """Whether every file is there that an index of weights in a folder, or below it, names."""
    for index in folder.rglob("*.index.json"):
        try:
            names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return False
        if not all((index.parent / name).is_file() for name in names):
            return False
    return True


def is_whole(repository: Repository, folder: Path) -> bool:
    """Whether all that is needed of a repository is in a folder."""
    there = all(any((folder / name).is_file() for name in names.split("|")) for names in repository.required)
    return there and all_parts(folder) and (repository.check is None or repository.check(folder))


def cache() -> Path:
    """The folder of the hub's cache; it need not exist."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE).expanduser()


def kept(repository: Repository) -> Path | None:
    """The folder of weights that are on this machine and whole, else None. Never uses the network."""
    from huggingface_hub import get_cached_repo_tree, snapshot_download
    from huggingface_hub.errors import CachedRepoTreeNotFoundError

    sizes: dict[str, int] = {}
    patterns = list(repository.files)
    try:
        with suppress(CachedRepoTreeNotFoundError):  # an older client keeps no list
            sizes = {file.path: file.size for file in get_cached_repo_tree(repository.name)}
            sizes = {name: sizes[name] for name in _chosen(repository.files, list(sizes))}
            patterns = [glob.escape(name) for name in sizes]
        folder = Path(snapshot_download(repository.name, allow_patterns=patterns, local_files_only=True))
    except (OSError, ValueError):
        return None
    whole = all(_has(folder / name, size) for name, size in sizes.items())
    return folder if whole and is_whole(repository, folder) else None


def measured(repository: Repository) -> tuple[int, int]:
    """How many bytes weights have in all, and how many of them must be fetched.

    Asks the hub unless all are here. Raises ``EngineError``.
    """
    if (folder := kept(repository)) is not None:
        return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()), 0
    with hub_client.asking(repository):
        listing = _listing(repository)
        return listing.total, listing.missing


def fetch(repository: Repository, progress: TransferProgress = silent) -> Path:
    """Fetch what is not here yet; the folder that the weights lie in.

    Safe to repeat, and to interrupt at any moment: the next call goes on at the byte where this one stopped.
    What is here is read through, and fetched again if it is damaged. Raises ``BusyError`` while another
    process fetches it, ``EngineError`` when there is too little room, a licence was not accepted, the hub
    cannot be reached or does not have it, or nothing may be fetched because the user works offline.
    """
    folder = kept(repository)
    broken = _damaged(folder, progress) if folder is not None else []
    if folder is not None and not broken:
        return folder
    with hub_client.asking(repository) as patience, _alone(repository.name), _quiet():
        for file in broken:
            file.resolve().unlink(missing_ok=True)
            file.unlink(missing_ok=True)
        if (
            not broken and (folder := kept(repository)) is not None
        ):  # another process has brought it meanwhile
            return folder
        listing = _listing(repository)
        check_room({cache(): listing.missing})
        folder = _storage(repository.name)
        if not (folder / "snapshots").exists():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / _MARK).touch()
        return _fetched(repository, listing, progress, patience)


def _damaged(folder: Path, progress: TransferProgress) -> list[Path]:
    """The files of a snapshot that are not what the hub's cache says of them.

    There a large file's content is named by its SHA-256; where the cache has no links nothing is known.
    """
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    large = [file for file in files if len(file.resolve().name) == hashlib.sha256().digest_size * 2]
    total, read, broken = sum(file.stat().st_size for file in large), 0, []
    for file in large:
        if _digest(file) != file.resolve().name:
            broken.append(file)
        read += file.stat().st_size
        progress(read, total)
    return broken


def check_room(wanted: Mapping[Path, int]) -> None:
    """Raise ``EngineError`` unless there is room for so many bytes in each folder, with a GiB to spare.

    Folders that lie on one disk are counted together. A folder need not exist.
    """
    disks: dict[int, list[Path]] = {}
    for folder in wanted:
        disks.setdefault(existing(folder).stat().st_dev, []).append(folder)
    for folders in disks.values():
        needed = sum(wanted[folder] for folder in folders)
        free = shutil.disk_usage(existing(folders[0])).free
        if needed and needed + _RESERVE > free:
            variables = " or ".join("HF_HOME" if each == cache() else "INPALLA_DATA" for each in folders)
            raise EngineError(
                f"There is too little room on the disk of {folders[0]}: {size_words(needed)} are needed and"
                f" {size_words(free)} are free, of which 1 GB stays free; free some space, or set {variables}"
                " to a folder on a larger disk."
            )


def not_fetched(role: str, name: str, repositories: Sequence[Repository]) -> NotFetchedError:
    """The error for an engine whose weights are not on this machine, with the command and about how much."""
    about = sum(each.size for each in repositories)
    size = f" (about {size_words(about)})" if about else ""
    gated = next((each for each in repositories if each.gate), None)
    accept = ""
    if gated is not None:
        accept = f" accept its licence ({gated.gate}) on {gated.page}, log in with hf auth login, and"
    return NotFetchedError(
        f"{name} is not on this machine:{accept} fetch it with inpalla setup --{role} {name}{size}.", name
    )


def existing(path: Path) -> Path:
    """A path, or the nearest folder above it that is there."""
    return next(each for each in (path.absolute(), *path.absolute().parents) if each.exists())


def cached_bytes(repository: str) -> int:
    """How many bytes the hub's cache keeps of a repository, broken downloads included."""
    files = [file for part in ("blobs", "snapshots") for file in (_storage(repository) / part).rglob("*")]
    return sum(file.stat().st_size for file in files if file.is_file() and not file.is_symlink())


def is_ours(repository: str) -> bool:
    """Whether ``fetch`` brought a repository into the cache, and no other program before."""
    return (_storage(repository) / _MARK).exists()


def forget(repository: str) -> int:
    """Delete a repository from the hub's cache; how many bytes that freed. Safe to repeat."""
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    freed = cached_bytes(repository)
    try:
        found = scan_cache_dir(cache())
    except CacheNotFound:
        return 0
    revisions = [
        revision.commit_hash
        for kept_ in found.repos
        if kept_.repo_id == repository and kept_.repo_type == "model"
        for revision in kept_.revisions
    ]
    if revisions:
        found.delete_revisions(*revisions).execute()
    return freed - cached_bytes(repository)


def size_words(size: float) -> str:
    """Bytes in words, as disks are sold: "15.4 GB"."""
    for unit, power in (("TB", 12), ("GB", 9), ("MB", 6)):
        if size >= 10**power:
            return f"{size / 10**power:.1f} {unit}"
    return f"{size / 1000:.0f} kB"


@dataclass(frozen=True)
class _File:
    name: str
    size: int
    sha256: str | None  # of large files only


@dataclass(frozen=True)
class _Listing:
    """What of a repository is wanted, at one commit."""

    storage: Path
    commit: str
    files: tuple[_File, ...]

    @property
    def total(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def missing(self) -> int:
        return self.total - sum(self.here(file) for file in self.files)

    def is_here(self, file: _File) -> bool:
        """Whether a file is in the cache, under its name or as mere content, with all its bytes."""
        return _has(self.named(file), file.size) or (
            file.sha256 is not None and _has(self.blob(file), file.size)
        )

    def named(self, file: _File) -> Path:
        """Where the cache keeps a file under its name: a link to its content, most often."""
        return self.storage / "snapshots" / self.commit / file.name

    def here(self, file: _File) -> int:
        """How many bytes of a file are here."""
        if self.is_here(file):
            return file.size
        part = self.part(file)
        return min(part.stat().st_size, file.size) if file.sha256 is not None and part.exists() else 0

    def blob(self, file: _File) -> Path:
        """Where the cache keeps a large file's content."""
        return self.storage / "blobs" / str(file.sha256)

    def part(self, file: _File) -> Path:
        """Where a large file lies while it is fetched; the cache's own cleaning knows the ending."""
        return self.storage / "blobs" / f"{file.sha256}.inpalla.incomplete"


def _storage(repository: str) -> Path:
    return cache() / f"models--{repository.replace('/', '--')}"


def _has_links() -> bool:
    """Whether the cache keeps names as links to contents: not on Windows without the right to make links."""
    from huggingface_hub.file_download import are_symlinks_supported

    return are_symlinks_supported(cache())


def _has(file: Path, size: int) -> bool:
    return file.is_file() and file.stat().st_size == size


def _chosen(patterns: Sequence[str], names: Sequence[str]) -> list[str]:
    """The names that fit a pattern, without a ``.bin`` where the same folder has safetensors."""
    fitting = [name for name in names if any(fnmatch.fnmatchcase(name, each) for each in patterns)]
    safe = {name.rpartition("/")[0] for name in fitting if name.endswith(".safetensors")}
    return [
        name
        for name in fitting
        if not (name.endswith((".bin", ".bin.index.json")) and name.rpartition("/")[0] in safe)
    ]


def _listing(repository: Repository) -> _Listing:
    """Ask the hub what it has, and whether we may have it: a licence is better missed before 10 GB."""
    from huggingface_hub import HfApi

    api = HfApi()
    info = api.model_info(repository.name, files_metadata=True)
    if info.gated:
        api.auth_check(repository.name)
    siblings = {each.rfilename: each for each in info.siblings or []}
    names = _chosen(repository.files, list(siblings))
    if not names or info.sha is None:
        raise EngineError(
            f"{repository.page} has none of the files that are needed ({', '.join(repository.files)}): give"
            " the name of another repository."
        )
    files = []
    for name in names:
        sibling = siblings[name]
        sha256 = sibling.lfs.sha256 if sibling.lfs is not None else None
        files.append(_File(name, sibling.size or 0, sha256))
    return _Listing(_storage(repository.name), info.sha, tuple(files))


def _fetched(
    repository: Repository, listing: _Listing, progress: TransferProgress, patience: Patience
) -> Path:
    from huggingface_hub import snapshot_download

    for file in listing.files:
        if not listing.is_here(file):  # what was cut short there would be taken for the file
            for path in (listing.named(file).resolve(), listing.named(file), listing.blob(file)):
                path.unlink(missing_ok=True)
    progress(listing.total - listing.missing, listing.total)
    for file in listing.files:
        if file.sha256 is not None and not listing.is_here(file):
            _fetch_large(repository, listing, file, progress, patience)
            progress(listing.total - listing.missing, listing.total)
    names = [glob.escape(file.name) for file in listing.files]
    patience.renew()
    folder = Path(snapshot_download(repository.name, allow_patterns=names))
    if listing.missing or not is_whole(repository, folder):
        raise EngineError(f"{repository.page} lacks files that are needed: check there what has changed.")
    progress(listing.total, listing.total)
    return folder


def _fetch_large(
    repository: Repository,
    listing: _Listing,
    file: _File,
    progress: TransferProgress,
    patience: Patience,
) -> None:
    """Bring one large file into the cache, going on at the byte where an earlier call stopped.

    The address that the hub gives for a file is good for some minutes only, so a transfer that breaks off is
    tried again with a new address: for as long as bytes come in, and some times when none do.
    """
    part = listing.part(file)
    part.parent.mkdir(parents=True, exist_ok=True)
    others = listing.total - listing.missing - listing.here(file)
    told, in_vain = 0.0, 0

    def tell(done: int) -> None:
        nonlocal told
        if time.monotonic() >= told + _TOLD_APART:
            told = time.monotonic()
            progress(others + done, listing.total)

    while not listing.is_here(file):
        before = listing.here(file)
        try:
            if before < file.size:
                patience.renew()
                url, headers = _address(repository.name, listing.commit, file.name)
                hub_client.transfer(url, headers, part, tell)
                if listing.here(file) < file.size:
                    raise OSError(errno.EIO, "the transfer ended before the file did")
        except Exception as error:
            in_vain = in_vain + 1 if listing.here(file) < before + _PROGRESS else 0
            answered = hub_client.is_silence(error) or hub_client.is_refusal(error)
            if in_vain >= (1 if answered else _ATTEMPTS) or not hub_client.may_heal(error):
                raise
            time.sleep(_ATTEMPTS_APART)
            continue
        if _digest(part) != file.sha256:
            part.unlink()
            raise EngineError(
                f"{file.name} of {repository.name} was damaged in transfer and deleted:"
                " run the command again."
            )
        # Where the cache cannot have links the client would copy what it finds among the contents.
        place = listing.blob(file) if _has_links() else listing.named(file)
        place.parent.mkdir(parents=True, exist_ok=True)
        part.replace(place)


def _address(repository: str, commit: str, name: str) -> tuple[str, dict[str, str]]:
    """Where a file's bytes are to be had, and the headers to ask with; the login goes to the hub alone."""
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    headers = build_hf_headers()
    url = hf_hub_url(repository, name, revision=commit, endpoint=constants.ENDPOINT)
    location = get_hf_file_metadata(url, headers=headers, endpoint=constants.ENDPOINT).location
    if urlsplit(location).hostname != urlsplit(url).hostname:
        headers.pop("authorization", None)
    return location, headers


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@contextmanager
def _alone(repository: str) -> Iterator[None]:
    """One process at a time fetches a repository."""
    from filelock import FileLock, Timeout

    locks = cache() / ".locks" / _storage(repository).name
    locks.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(locks / "inpalla.lock", timeout=0):
            yield
    except Timeout as error:
        raise BusyError(f"Another process is fetching {repository}: wait until it is done.") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """The hub's client without bars and remarks of its own."""
    from huggingface_hub.utils.logging import get_verbosity, set_verbosity
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars

    before = get_verbosity()
    set_verbosity(logging.ERROR)
    try:
        if are_progress_bars_disabled():
            yield
        else:
            with disable_progress_bars():
                yield
    finally:
        set_verbosity(before)
