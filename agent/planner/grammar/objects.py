"""What follows the verbs that take things away, put them there, or give them something."""

from __future__ import annotations

from agent.planner.grammar.clause import Clause, reference, trimmed, unknown_thing
from agent.planner.grammar.looks import Complement, complement, look_of, look_only
from agent.planner.grammar.place_phrases import begins_place, with_doing, words_of_place
from tools.language import chunking
from tools.language import lexicon as lx
from tools.language.chunking import has_thing, lows, noun_of, split
from tools.language.tokens import Tokens, join


def remove_clause(rest: Tokens, verb: str) -> Clause:
    """What follows a verb of removing."""
    rest = trimmed(rest)
    words = lows(rest)
    if verb in ("clear", "rid", "strip", "empty", "clean", "wipe") and "of" in words:
        at = words.index("of")
        where, what = rest[:at], rest[at + 1 :]
        return Clause("remove", "remove", target=f"{join(what)} on {join(where)}")
    ref, after = reference(rest)
    if ref and not after:
        return Clause("remove", "remove", reference=ref)
    return Clause("remove", "remove", target=_removed_target(rest))


def _removed_target(rest: Tokens) -> str:
    """What to remove: "the cars off the street" are the cars on the street."""
    words = list(lows(rest))
    texts = [token.text for token in rest]
    for i in range(1, len(words) - 1):
        if words[i] in ("from", "off"):
            texts[i] = "on"
            break
    return " ".join(texts)


def gift_look(given: Tokens) -> Complement:
    """What "give the sofa …" gives: a look ("a leather finish") or a part ("brass legs")."""
    thing, after = split(given, places=False, tails=False)
    noun = noun_of(thing)
    if (
        (after and after[0].low == "of")
        or noun in lx.LOOK_NOUNS - {"cover", "covering", "print"}
        or not has_thing(thing)
    ):
        return look_only(given)
    return Complement(look="with " + join(given))


def replace_clause(rest: Tokens) -> Clause | None:
    """What follows "replace" and "swap"; None where it is no replacing."""
    words = lows(rest)
    markers = [
        i for i, w in enumerate(words) if w in ("with", "for", "by", "→", "to", "into", "instead") and i > 0
    ]
    if words[:1] and words[0] in ("with", "for", "by"):
        return Clause("replace", "replace", new=join(rest[1:]))
    if not markers:
        return Clause("vague", "replace", target=join(rest))
    at = markers[0]
    left, right = rest[:at], rest[at + 1 :]
    ref, _ = reference(left)
    if not right:
        return Clause("vague", "replace", target="" if ref else join(left), reference=ref)
    target = "" if ref else join(left)
    return Clause("replace", "replace", target=target, reference=ref, new=join(right))


def verb_adds(verb: str, rest: Tokens) -> bool:
    """Whether a verb that may both add and restyle adds here: "paint a tree on the wall", "set a vase on the
    table".
    """
    words = lows(rest)
    if not words:
        return False
    _, after = split(rest, places=False, tails=True)
    placed = bool(after) and chunking.locative(after) > 0
    if verb in ("paint", "draw", "sketch"):
        return words[0] in lx.INDEFINITE and placed
    return words[0] in lx.INDEFINITE


def add_clause(rest: Tokens) -> Clause | None:
    """What follows a verb of adding; None where nothing is added."""
    ref, after = reference(rest)
    if ref:
        if after and after[0].low in ("in", "with", "to") and not begins_place(after):
            what = complement(after, surface=True)
            return Clause("restyle", "restyle", reference=ref, look=what.look, like=what.like)
        return Clause("move", "add", reference=ref)
    thing, after = split(rest, places=False, tails=True)
    if not thing:
        return None
    after = trimmed(after)
    thing, after = with_doing(thing, after)
    definite = thing[0].low in ("the", "that", "this", "my", "our", "those", "these")
    where_to = lows(after)
    if definite and after and where_to[0] in ("in", "with", "to", "into") and not begins_place(after):
        what = complement(after, noun_of(thing), surface=True)
        return Clause("restyle", "restyle", target=join(thing), look=what.look, like=what.like, new=what.new)
    look_only = not has_thing(thing) and not unknown_thing(thing)
    if after and (
        where_to[0] in ("to", "on", "onto", "over", "across", "all", "in") or chunking.locative(after)
    ):
        where = words_of_place(after)
        return Clause("add", "add", new=join(thing), place=where)
    if where_to == ("there",):
        return Clause("add", "add", new=join(thing), place="there")
    if look_only:
        look, like, vague = look_of(thing)
        return Clause("vague" if vague else "restyle", "restyle", look=look, like=like)
    return Clause("add", "add", new=join(thing))
