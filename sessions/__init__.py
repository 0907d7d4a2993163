"""Sessions: one base picture, its layers, its versions and its conversation, kept on disk.

``Sessions`` makes, opens and lists them; ``sessions.session.Session`` is an open one; ``sessions.compose``
turns layers into pixels. Importing this package is cheap: neither numpy nor SQLAlchemy is loaded before it is
needed.
"""

from sessions.catalog import Sessions, data_folder
from sessions.errors import SessionError
from sessions.model import Changes, Layer, NewLayer, SessionInfo, StackEntry, Turn, Version

__all__ = [
    "Changes",
    "Layer",
    "NewLayer",
    "SessionError",
    "SessionInfo",
    "Sessions",
    "StackEntry",
    "Turn",
    "Version",
    "data_folder",
]
