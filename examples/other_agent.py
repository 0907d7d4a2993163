"""InpaLLa's two tools in somebody else's agent: find a thing by words, and paint into its mask.

Run it after ``make install``: ``.venv/bin/python examples/other_agent.py``. Any LangChain agent can be given
``langchain_tools()``; here they are called by hand, as an agent would call them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pocket
from tools.langchain import langchain_tools


def main() -> None:
    """Find the sofa of the sample room and make it blue."""
    segment, inpaint = langchain_tools()
    folder = Path(tempfile.mkdtemp())
    room, mask, painted = pocket.sample_room(), folder / "sofa.png", folder / "blue.png"
    found = segment.invoke({"picture": str(room), "phrases": ["the sofa"], "output": str(mask)})
    print("segment:", found)
    done = inpaint.invoke(
        {
            "picture": str(room),
            "mask": str(mask),
            "prompt": "a blue sofa",
            "kind": "restyle",
            "output": str(painted),
        }
    )
    print("inpaint:", done)


if __name__ == "__main__":
    main()
