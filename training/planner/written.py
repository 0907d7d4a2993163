"""Check files of written sentences: ``python -m training.planner.written FILE …``.

It names each line that does not parse and each word of an object or look that is not in its sentence. The
form is in ``docs/frames.md``.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from agent.planner.lines import Talk, read_talks


def load(paths: Sequence[Path]) -> list[Talk]:
    """All sentences and conversations of some files. Raises ValueError where one is not in the form."""
    talks: list[Talk] = []
    for path in paths:
        found, faults = read_talks(path.read_text(encoding="utf-8"))
        if faults:
            raise ValueError(f"{path}:{faults[0]}")
        talks += found
    return talks


def main(arguments: Sequence[str] | None = None) -> None:
    """Check files and count their frames; exit code 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m training.planner.written", description=main.__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    wrong = 0
    for path in parser.parse_args(arguments).files:
        talks, faults = read_talks(path.read_text(encoding="utf-8"))
        for fault in faults:
            print(f"{path}:{fault}")
        alone = sum(len(talk) == 1 for talk in talks)
        turns = sum(len(talk) for talk in talks if len(talk) > 1)
        print(f"{path}: {alone} sentences, {len(talks) - alone} conversations of {turns} turns")
        acts = Counter(line.act for talk in talks for said in talk for line in said.lines)
        print("  " + ", ".join(f"{act} {count}" for act, count in acts.most_common()))
        wrong += len(faults)
    parser.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
