"""Writing files that are whole or not there, and saving pictures in the format of their suffix."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sessions.errors import SessionError
from sessions.metadata import NOTHING, About, write_options

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.uint8] | NDArray[np.uint16]

DATABASE, PICTURES = "session.db", "pictures"
"""What a session's folder holds: its records, and the folder of its pictures."""

# Lossless wherever the format can be: what lies outside the masks is promised to stay as it was.
_FORMATS: dict[str, tuple[str, dict[str, object]]] = {
    ".png": ("PNG", {"compress_level": 4}),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".webp": ("WEBP", {"lossless": True, "method": 0, "exact": True}),
    ".tif": ("TIFF", {"compression": "tiff_adobe_deflate"}),
    ".tiff": ("TIFF", {"compression": "tiff_adobe_deflate"}),
    ".bmp": ("BMP", {}),
    ".ora": ("OpenRaster", {}),  # with its layers, by ``sessions.openraster``
}
_WITHOUT_ALPHA = frozenset({"JPEG", "BMP"})
_WITHOUT_PROFILE = frozenset({"BMP", "OpenRaster"})
_SIXTEEN_BITS = frozenset({"PNG", "TIFF"})
_WEBP_SIDE = 16383
_LARGE = 60_000_000  # values; a PNG of more takes many seconds to pack well
_NO_FILE = "it is a pipe or a device, and no file"
_BINARY = getattr(os, "O_BINARY", 0)
_NO_ROOM = 256 * 2**10  # bytes; a database needs some, and says "I/O error" for want of them


def write_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Have ``write`` fill a file that appears under ``path`` whole, durably and at once, or not at all.

    A file that was there is replaced, and keeps its mode and, where that is allowed, its owner and group.
    Raises ``OSError`` when it cannot be written.
    """
    path = path.resolve()  # through a link, not over it
    part = path.parent / f".{secrets.token_hex(8)}.part"
    old = path.stat() if path.exists() else None
    if old is not None and not stat.S_ISREG(old.st_mode):
        raise OSError(errno.EINVAL, _NO_FILE)  # it would be lost, and its reader would wait in vain
    try:
        # Nobody may read it before it has the mode of the one that it replaces.
        mode = 0o666 if old is None else 0o600
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, mode), "wb") as file:
            write(file)
            if old is not None and os.name != "nt":
                _take_after(file.fileno(), old)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)


def _take_after(file: int, old: os.stat_result) -> None:
    """Give a file the owner, the group and the mode of another one, as far as that is allowed."""
    own = os.fstat(file)
    if (own.st_uid, own.st_gid) != (old.st_uid, old.st_gid):
        with suppress(OSError):
            os.fchown(file, old.st_uid, old.st_gid)
    os.fchmod(file, stat.S_IMODE(old.st_mode) & 0o777)


def make_private(folder: Path) -> None:
    """Make a folder, and those that it lies in, that only its owner may look into; one that is there stays as
    it is. Raises ``OSError``.
    """
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        if folder == folder.parent:
            break
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the system can."""
    if os.name == "nt":
        return  # a folder cannot be opened there
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def absolute(path: str | Path) -> Path:
    """The whole path of a file, links in it as they are; ``~`` is the home folder.

    Raises ``SessionError`` where it begins in a current folder that was removed.
    """
    try:
        return Path(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111 - Path's own follow links, and fail for unknown users
    except FileNotFoundError as error:
        raise SessionError(
            f"The current folder is not there any more, and {path} would lie in it: go to another folder, or"
            " give the whole path."
        ) from error


def is_there(path: Path) -> bool:
    """Whether there is anything under a path. Raises ``OSError`` where that cannot be found out."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def is_writable(folder: Path) -> bool:
    """Whether a session's folder and its records can be written."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    files = [folder / name for name in (DATABASE, "session.lock")]
    return all(os.access(file, os.W_OK) for file in files if file.exists())


def can_only_be_read(folder: Path) -> str:
    """The sentence about a session that is not to be written, in its folder."""
    return (
        f"The session {folder.name!r} can only be read, as {folder} is read-only:"
        f" inpalla sessions export {folder.name} -o FILE saves its picture."
    )


@contextmanager
def readable_database(folder: Path) -> Iterator[Path]:
    """A session's records as a file that SQLite can open: the one that is there or, where nothing can be
    written, a copy, with what is committed and not yet folded into it. Raises ``OSError``.
    """
    if is_writable(folder):
        yield folder / DATABASE
        return
    import tempfile

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as made:
        for name in (DATABASE, f"{DATABASE}-wal"):
            if (folder / name).exists():
                shutil.copyfile(folder / name, Path(made) / name)
        yield Path(made) / DATABASE


FULL = "the disk is full, so free some space"
"""What is said of a disk without room."""


def is_full(folder: Path) -> bool:
    """Whether the disk that a folder lies on has no room to speak of."""
    try:
        return shutil.disk_usage(folder).free < _NO_ROOM
    except OSError:
        return False


def without_locks(folder: Path) -> str:
    """The sentence about a disk that cannot lock files."""
    return (
        f"The disk of {folder} cannot lock files, as network disks often cannot, and sessions need that:"
        " set INPALLA_DATA to a folder on another disk."
    )


def lacks_locks(folder: Path) -> bool:
    """Whether a folder's disk cannot do what sessions need: lock a file, hold an SQLite database in WAL mode.

    It is tried, in a folder of its own that is gone afterwards. False where nothing can be written at all:
    that is another trouble.
    """
    import tempfile

    try:
        with tempfile.TemporaryDirectory(prefix=".try-", dir=folder, ignore_cleanup_errors=True) as made:
            (Path(made) / "file").write_bytes(bytes(_NO_ROOM))
            return not _can_lock(Path(made))
    except OSError:
        return False


def _can_lock(folder: Path) -> bool:
    import sqlite3

    from filelock import FileLock

    try:
        with FileLock(folder / "lock", fallback_to_soft=False).acquire(timeout=0):
            pass
        base = sqlite3.connect(folder / "base.db", timeout=0.2)
        try:
            (mode,) = base.execute("PRAGMA journal_mode=WAL").fetchone()
            base.execute("CREATE TABLE tried (number INTEGER)")
            base.commit()
        finally:
            base.close()
        return str(mode) == "wal"
    except (OSError, sqlite3.Error, RuntimeError, NotImplementedError):
        return False


def reason(error: OSError) -> str:
    """What the system says is wrong, in its own few words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FULL
    return (error.strerror or str(error) or type(error).__name__).lower()


def check_output(path: str | Path) -> Path:
    """The absolute path that a picture may be saved under.

    Raises ``SessionError`` for a suffix that is not known, a folder that is not there or cannot be written,
    and a path that is itself a folder. Long work is best preceded by this check.
    """
    path = absolute(path)
    try:
        if path.is_dir():
            raise SessionError(
                f"{path} is a folder: give the name of a file in it, such as {path / 'out.png'}."
            )
        if path.suffix.lower() not in _FORMATS:
            known = ", ".join(_FORMATS)
            raise SessionError(f"{path.name} cannot be saved: its name must end in one of {known}.")
        if not path.parent.is_dir():
            raise SessionError(f"There is no folder {path.parent}: create it first, or save somewhere else.")
        if not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
            raise PermissionError
        with suppress(FileNotFoundError):
            if not stat.S_ISREG(path.stat().st_mode):
                raise SessionError(f"{path} cannot be written: {_NO_FILE}.")
    except PermissionError as error:
        raise SessionError(f"{path} cannot be written: permission denied.") from error
    except (OSError, ValueError) as error:
        raise SessionError(f"{path.name[:80]!r} is not a valid file name here.") from error
    return path


def format_of(path: str | Path) -> str:
    """The name of the format of a path's suffix, "" for none that is known."""
    return _FORMATS.get(Path(path).suffix.lower(), ("", {}))[0]


def holds_profiles(path: str | Path) -> bool:
    """Whether the format of a path's suffix can hold an ICC profile."""
    return format_of(path) not in _WITHOUT_PROFILE


def holds_alpha(path: str | Path) -> bool:
    """Whether the format of a path's suffix can hold transparency."""
    return format_of(path) not in _WITHOUT_ALPHA


def holds_sixteen_bits(path: str | Path) -> bool:
    """Whether the format of a path's suffix can hold 16 bits of grey."""
    return format_of(path) in _SIXTEEN_BITS


def holds_layers(path: str | Path) -> bool:
    """Whether the format of a path's suffix holds a picture's layers, and is written with them."""
    return format_of(path) == "OpenRaster"


def save_picture(
    path: str | Path,
    pixels: Values,
    alpha: NDArray[np.uint8] | None = None,
    metadata: Mapping[str, str] | None = None,
    profile: bytes | None = None,
    about: About = NOTHING,
) -> Path:
    """Save a picture in the format of the path's suffix, which holds no layers, atomically, and return the
    absolute path.

    ``pixels`` is uint8 (H, W, 3) RGB or (H, W) grey, or uint16 (H, W) grey, scaled to 8 bits where the format
    has no more; ``alpha`` uint8 (H, W), for 8 bits only. It is kept where the format can hold it, and the
    picture is flattened onto white if not. Kept where it can be are ``metadata`` (PNG alone), the ICC
    ``profile`` and what is said ``about`` the picture. Everything but JPEG is lossless. Raises
    ``SessionError`` when it cannot be done.
    """
    import numpy as np
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    path = check_output(path)
    format_name, options = _FORMATS[path.suffix.lower()]
    if format_name == "WEBP" and max(pixels.shape[:2]) > _WEBP_SIDE:
        raise SessionError(
            f"{path.name} cannot be saved: WebP holds {_WEBP_SIDE} pixels a side at most, PNG holds more."
        )
    if pixels.dtype == np.uint16 and format_name not in _SIXTEEN_BITS:
        pixels = (pixels / 257).round().astype(np.uint8)
    if alpha is not None and alpha.shape != pixels.shape[:2]:
        raise SessionError(
            f"{path.name} cannot be saved: its transparency has another size than the picture."
        )
    if alpha is not None and format_name in _WITHOUT_ALPHA:
        pixels = _on_white(pixels, alpha)
    elif alpha is not None:
        pixels = np.dstack([pixels, alpha]).astype(np.uint8)
    if profile is not None and format_name not in _WITHOUT_PROFILE:
        options = {**options, "icc_profile": profile}
    info = PngInfo() if format_name == "PNG" else None
    options = {**options, **write_options(format_name, about, info)}
    if info is not None:
        for key, value in (metadata or {}).items():
            # Not compressed: readers guard against compressed text that unpacks to more than a megabyte.
            info.add_itxt(key, value)
        options["pnginfo"] = info
    if format_name == "PNG" and pixels.size > _LARGE:
        options["compress_level"] = 1
    image = Image.fromarray(pixels)
    # Encoded in memory: an encoder that writes into the file itself does not say why it could not.
    encoded = BytesIO()
    try:
        image.save(encoded, format=format_name, **options)
        write_atomically(path, lambda file: file.write(encoded.getbuffer()))
    except OSError as error:
        raise SessionError(f"{path} cannot be written: {reason(error)}.") from error
    return path


def _on_white(pixels: Values, alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pixels, uint8 (H, W, 3) or (H, W), flattened onto white by their alpha, uint8 (H, W)."""
    import numpy as np

    share = alpha.astype(np.uint16) if pixels.ndim == 2 else alpha.astype(np.uint16)[..., None]
    return ((share * pixels + (255 - share) * np.uint16(255) + 127) // 255).astype(np.uint8)
