"""Places of new things ("next to the window"), and what they take the place of ("instead of the lamp")."""

from __future__ import annotations

from agent.planner.grammar.clause import Clause, reference, trimmed, unknown_thing
from tools.language import chunking
from tools.language import lexicon as lx
from tools.language.chunking import has_thing, is_look, is_thing, lows, split
from tools.language.tokens import Tokens, join

_JUST_STANDS = lx.word_set("standing hanging lying leaning resting going sticking being floating")


def with_doing(thing: Tokens, after: Tokens) -> tuple[Tokens, Tokens]:
    """ "a cat sleeping | on the sofa": what a new thing does belongs to it; that a lamp stands goes without
    saying.
    """
    if (
        len(after) > 1
        and (after[0].low.endswith("ing") or after[0].low in ("asleep", "full", "lit"))
        and (chunking.locative(after[1:]) or after[1].low == "from")
    ):
        doing = after[0].low in _JUST_STANDS
        return (thing if doing else (*thing, after[0])), after[1:]
    return thing, after


def begins_place(tokens: Tokens) -> bool:
    """Whether a place begins here ("on the table") rather than a look ("in velvet")."""
    if tokens and tokens[0].low == "from" and len(tokens) > 1 and tokens[1].low in ("the", "that"):
        return has_thing(tokens[1:])  # "hanging from the ceiling"
    size = chunking.locative(tokens)
    return bool(size) and bool(tokens[size:]) and chunking.names_place(tokens[size:], lows(tokens[:size]))


def words_of_place(tokens: Tokens) -> str:
    """The words of a place: "to the wall" is "on the wall"; what follows the place is left out."""
    words = lows(tokens)
    if words[0] == "to" and not chunking.locative(tokens):
        inner, _ = split(tokens[1:], places=True)
        return "on " + join(inner or tokens[1:])
    size = chunking.locative(tokens) or (1 if words[0] == "from" else 0)
    inner, _ = split(tokens[size:], places=True)
    words_in = join(inner or tokens[size:])
    return f"{join(tokens[:size])} {words_in}".strip()


def place_at_start(tokens: Tokens) -> tuple[str, Tokens]:
    """A place at the start ("on the table a vase") and the rest."""
    size = chunking.locative(tokens)
    inner, rest = split(tokens[size:], places=True)
    if not size or not inner:
        return "", tokens
    return f"{join(tokens[:size])} {join(inner)}", rest


_OPENERS = lx.phrases("instead of | in place of | rather than | in lieu of | in stead of | to replace | than")


def instead(thing: Tokens, after: Tokens) -> Clause | None:
    """ "… instead of the lamp", "… where the lamp is", "… in place of the lamp"."""
    words = lows(after)
    old: Tokens = ()
    for opener in _OPENERS:
        if words[: len(opener)] == opener and (opener != ("than",) or has_thing(thing)):
            old = after[len(opener) :]
            break
    if words[:1] == ("where",) and len(words) > 2:
        ends = [
            i
            for i, w in enumerate(words)
            if w in lx.BE | {"stands", "sits", "hangs", "lies", "used", "stood", "goes"}
        ]
        old = after[1 : ends[0]] if ends else after[1:]
    if not old:
        return None
    old = trimmed(old)
    ref, rest = reference(old)
    if ref and not rest:
        return Clause("replace", "replace", reference=ref, new=join(thing))
    both_looks = not has_thing(thing) and not unknown_thing(thing) and is_look(old[0].low)
    target, rest = split(old, places=not both_looks)
    target = target or old
    if not has_thing(target) and not unknown_thing(target) and not has_thing(thing):
        # red instead of blue: a look for a look, of a thing that is named elsewhere
        words = lows(target)
        if not any(is_thing(word) for word in words):
            return Clause("restyle", "restyle", look=join(thing))
    return Clause("replace", "replace", target=join(target), new=join(thing))
