"""Loading without the bars and reports of the libraries: the terminal is the program's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def quiet(*libraries: Any) -> Iterator[None]:
    """Have diffusers and transformers, whichever are given, report nothing but errors and show no bars."""
    before = [(each, each.get_verbosity(), each.is_progress_bar_enabled())
              for each in (library.logging for library in libraries)]  # fmt: skip
    for logging, _, _ in before:
        logging.set_verbosity_error()
        logging.disable_progress_bar()
    try:
        yield
    finally:
        for logging, verbosity, bars in before:
            logging.set_verbosity(verbosity)
            if bars:
                logging.enable_progress_bar()
