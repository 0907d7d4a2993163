"""``inpalla chat`` without a terminal."""

from __future__ import annotations

from pathlib import Path

from sessions import Sessions
from tests.cli.command_line import is_near, middle, started
from tests.support.colour_engines import PAINTS


def test_a_chat_reads_sentences_line_by_line_where_there_is_no_terminal(home: Path, picture: Path) -> None:
    process = started(home, "chat", str(picture), "--session", "talk")
    out, err = process.communicate("make the sofa red\n\nmake it blue\n/undo\n/quit\n", timeout=120)
    assert (process.returncode, err) == (0, "")
    with Sessions(home / "data" / "sessions").open("talk") as session:
        assert session.head == 1
        assert len(session.versions) == 3
        assert is_near(middle(session.picture(), "sofa"), PAINTS["red"])
    assert out


def test_what_was_done_is_all_that_a_pipe_gets(home: Path, picture: Path) -> None:
    """A sentence that is refused leaves no line on the standard output that reads as if it had been done."""
    process = started(home, "chat", str(picture), "--session", "talk")
    out, err = process.communicate("remove the piano\nremove the lamp\n/quit\n", timeout=120)
    assert err.startswith("I see no piano.")
    assert out.splitlines()[0] == "Done: the lamp removed."
    assert "piano" not in out
