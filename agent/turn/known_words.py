"""What the computing engines of drawn rooms know of the words of an edit.

What they do not know is left out and told, or the edit is refused in one sentence, before anything is looked
for: a painter that never saw a grand piano would make a blur of it. Presets whose painters know the world are
not asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.turn import phrases
from agent.turn.pending_edit import PendingEdit, Refusal
from tools.inpainting.routing import CUT_OUT
from tools.language.lexicon import word_set
from tools.language.looks import Look, read_look

if TYPE_CHECKING:
    from agent.turn.context import TurnContext

_BOARDS = word_set("with of wooden wood plank planks board boards floorboards long wide narrow")


def as_known(context: TurnContext, edit: PendingEdit) -> PendingEdit:
    """The edit with what can be done of it; ``unmet`` are the words for the rest.

    "a vase of flowers" is a vase, ``without`` the flowers, and "a weathered oak table" one of oak. Raises
    ``Refusal`` where nothing is left that is known.
    """
    computing = context.preset.computing.get(edit.kind, ())
    if edit.kind in ("add", "replace") and CUT_OUT.intersection(computing):
        return _drawn(edit)
    if edit.kind == "restyle" and "materials" in computing and context.preset.drawn_rooms_only:
        return _restyled(edit, _look_of_layer(context, edit))
    return edit


def _drawn(edit: PendingEdit) -> PendingEdit:
    from tools.inpainting.drawing.thing_spec import kind_in, unmet, without_contents

    drawn, without = without_contents(edit.prompt)
    if not kind_in(drawn, edit.target)[0]:
        raise Refusal(
            f"I cannot draw {drawn}: I only know the things of drawn rooms, such as sofas, tables, lamps,"
            " plants, pictures and cats."
        )
    return edit.but(prompt=drawn, without=without, unmet=tuple(unmet(drawn, edit.target)))


def _restyled(edit: PendingEdit, before: Look | None) -> PendingEdit:
    from tools.inpainting.computed import materials

    look = read_look(edit.prompt, edit.target)
    has_colour = _has_colour(edit, look)
    if has_colour and before is not None and _surface(before) == _surface(look):
        return edit  # what was painted keeps its surface, and takes a colour
    edit = _of_boards(edit, look)
    named = edit.target.lower().split()
    unknown = materials.unknown(edit.prompt, edit.target)
    unmet = [each for each in unknown if each.lower() not in named]  # a round table is round
    left = without_words(edit.prompt, unknown) if unknown else edit.prompt
    look = read_look(left, edit.target)
    has_colour = _has_colour(edit, look)
    stuff = [*look.material.split(), *(word for word in look.pattern.split() if word != "plain")]
    if materials.Materials().can(left, edit.target):
        return edit.but(prompt=left, unmet=tuple(unmet))
    if has_colour and not stuff:
        left = without_words(left, look.rest.split(", "))
        return edit.but(prompt=left, unmet=tuple(unmet))
    name = phrases.definite(phrases.bare(edit.target))
    if not stuff and look.colour_words:
        raise Refusal(f"I cannot paint {name} in several colours: name one, or say “striped” or “checked”.")
    if not stuff:
        said = phrases.listed([f"“{each}”" for each in unmet]) or f"“{look.rest or left}”"
        raise Refusal(f"I do not know how {said} looks on {name}: name a colour, a material or a pattern.")
    if materials.read(left, edit.target) is not None:
        raise Refusal(f"I can only change the colour of {name} here.")
    said = " ".join(dict.fromkeys(stuff))
    raise Refusal(f"I cannot paint “{said}”: {materials.KNOWN}.")


def _of_boards(edit: PendingEdit, look: Look) -> PendingEdit:
    """ "A floor with wooden planks" is a wooden floor."""
    words = look.rest.lower().replace(",", "").split()
    if (
        look.material
        or not words
        or not _BOARDS.issuperset(words)
        or not {"plank", "planks", "boards"} & {*words}
    ):
        return edit
    colour = f"{look.colour_words} " if look.colour_words else ""
    return edit.but(prompt=phrases.indefinite(f"{colour}wooden {phrases.bare(edit.target)}"))


def _has_colour(edit: PendingEdit, look: Look) -> bool:
    return any(each is not None for each in (look.value, edit.value, look.step)) or bool(look.like)


def _surface(look: Look) -> tuple[str, str, str]:
    return look.material, look.pattern, look.rest


def _look_of_layer(context: TurnContext, edit: PendingEdit) -> Look | None:
    """How the layer that an edit revises is said to look."""
    if edit.layer is None:
        return None
    layer = context.session.layer(edit.layer)
    return read_look(layer.prompt, layer.target)


def without_words(prompt: str, words: Sequence[str]) -> str:
    """A prompt without some of its words: "a weathered, dark oak table" without "weathered"."""
    for each in words:
        for word in each.split():
            prompt = re.sub(rf"\b{re.escape(word)}\b(?!-)[,;]?", " ", prompt, count=1, flags=re.IGNORECASE)
    prompt = re.sub(r"\b(?:with|and|but|in)(?=\s*$|\s*,)", " ", prompt.strip())
    prompt = re.sub(r"^((?:an?|the)\s+)?(?:and|but)\s+|\b(?:and|but)\s+(?=\w+\s*$)", r"\1", prompt.strip())
    prompt = re.sub(r"\s+", " ", re.sub(r"\s*,\s*(?=,|$)", "", prompt)).strip(" ,")
    article, space, rest = prompt.partition(" ")
    return phrases.indefinite(rest) if space and article.lower() in ("a", "an") else prompt
