"""A word that nobody knows and that is nearly a colour's is asked about, and not painted."""

from __future__ import annotations

import re

from agent.planner.resolve.layers import stem
from tools.language.chunking import is_look, is_thing
from tools.language.colours import common_name_near, value_of
from tools.language.looks import read_look
from tools.language.noun_phrases import parse
from tools.language.tokens import is_known


def slip(target: str, look: str) -> str | None:
    """The question about a slip of the keyboard in a look ("By “grean”, do you mean “green”?"), if any."""
    noun = {stem(word) for word in parse(target).noun}
    for word in re.findall(r"[a-z]{3,}", look.lower()):
        known = stem(word) in noun or is_known(word) or is_look(word) or is_thing(word)
        if known or value_of(word) is not None or not read_look(word).rest:
            continue
        if (meant := common_name_near(word)) is not None:
            return f"By “{word}”, do you mean “{meant}”?"
    return None
