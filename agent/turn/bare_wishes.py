"""A wish that is a thing's name and look alone: "an oak cabinet, please".

Where the picture shows one such thing, that one is meant to look so; where it shows none or several, a new
one is wanted. Only the picture tells, so it is settled here and not by the planner.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.turn import occlusion
from agent.turn.known_words import as_known
from agent.turn.pending_edit import PendingEdit, Refusal
from sessions.model import Changes
from tools.language.looks import read_look
from tools.language.object_sizes import noun_in
from tools.language.referring import separate
from tools.segmenting.base import find

if TYPE_CHECKING:
    from agent.turn.context import TurnContext

_BARE = re.compile(
    r"(?:(?:ok(?:ay)?|hm+|and|then|now|so|please|maybe|perhaps|how about|what about)[, ]+)*"
    r"(?P<thing>(?:an?|some) [\w ,'-]+?)"
    r"(?:[, ]+(?:please|pls|thanks|thank you|instead|maybe|perhaps"
    r"|would be (?:nice|great|good|better|lovely)))*"
    r"[ .!?]*",
    re.I,
)
_PLACED = re.compile(
    r"\b(?:on|onto|in|into|at|by|near|next|beside|under|over|above|below|behind|between|before|against|there"
    r"|here|another|more|extra|second|new)\b",
    re.I,
)


def of_what_is_there(
    context: TurnContext, sentence: str, edits: Sequence[PendingEdit], visible: Changes
) -> list[PendingEdit]:
    """The edits, with a new thing made one that changes the only such thing in the picture, where the
    sentence is no more than its name and look.
    """
    wish = _BARE.fullmatch(sentence.strip())
    if wish is None or _PLACED.search(wish["thing"]) or len(edits) != 1:
        return list(edits)
    [edit] = edits
    noun = noun_in(wish["thing"])
    if edit.kind != "add" or not edit.open or edit.mask is not None or not noun:
        return list(edits)
    target = f"the {noun}"
    look = read_look(wish["thing"], target)
    if look.value is None and not look.material and look.pattern in ("", "plain"):
        return list(edits)
    picture = occlusion.without(context.session, visible, ())
    [found] = find(context.engines.segmenter(), picture, [target], cancelled=context.cancelled)
    if not found.present or len(separate(found.mask, found.things)) != 1:
        return list(edits)
    try:
        return [as_known(context, PendingEdit(target=target, prompt=wish["thing"], kind="restyle"))]
    except Refusal:
        return list(edits)
