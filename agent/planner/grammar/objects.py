"""What follows the verbs that take things away, put them there, or give them something."""

from __future__ import annotations

from agent.planner.grammar.clause import Clause, Sort, reference, trimmed, unknown_thing
from agent.planner.grammar.looks import Complement, complement, look_of, look_only
from agent.planner.grammar.place_phrases import (
    begins_place,
    instead,
    place_at_start,
    with_doing,
    words_of_place,
)
from tools.language import chunking
from tools.language import lexicon as lx
from tools.language.chunking import has_thing, is_look, lows, noun_of, split
from tools.language.lexicon import word_set
from tools.language.patterns import Pattern
from tools.language.tokens import Tokens, join, tokenise

_WHOLE = Pattern(
    r"(?: (?:from|out of|off|in) (?:the |this |my )?(?:picture|image|photo|photograph|scene|shot|room"
    r"|pic|frame|view|whole picture)| from (?:here|there|view|sight)| out of (?:here|there|sight))$"
)


_SURFACES = word_set("""
    table desk shelf shelves bookshelf counter countertop worktop floor sofa bed windowsill sill mantelpiece
    mantel nightstand sideboard dresser tables desks bench couch
""")


_WHATEVER = Pattern(
    r"(?:whatever|everything|anything|what|all)(?: that| which)?(?: is| are| stands| lies"
    r"| hangs)? (?=(?:on|in|from|off|under|behind|above|next|near|over|around|below)\b)"
)


_ENDS = word_set("out away off down completely altogether please entirely")


def remove_clause(rest: Tokens, verb: str) -> Clause:
    """What follows a verb of removing."""
    rest = trimmed(rest)
    text = join(rest)
    words = lows(rest)
    if words[:1] == ("of",):
        rest, words = rest[1:], words[1:]
    whatever = _WHATEVER.match(text)
    if whatever:
        return Clause("remove", "remove", target="the things " + text[whatever.end() :])
    stripped = _WHOLE.sub("", text)
    if stripped != text:
        rest = rest[: len(stripped.split())]
        words = lows(rest)
    if words and words[-1] in _ENDS:
        rest, words = rest[:-1], words[:-1]
    if (
        verb in ("clear", "empty")
        and "of" not in words
        and not ("off" in words or "from" in words)
        and words
        and noun_of(split(rest)[0]) in _SURFACES
    ):
        return Clause("remove", "remove", target=f"the things on {join(rest)}")
    if verb in ("clear", "rid", "strip", "empty", "clean", "wipe") and "of" in words:
        at = words.index("of")
        where, what = rest[:at], rest[at + 1 :]
        return Clause("remove", "remove", target=f"{join(what)} on {join(where)}")
    ref, after = reference(rest)
    if ref and not after:
        return Clause("remove", "remove", reference=ref)
    if ref == "all" and words[:1] == ("everything",):
        return Clause("remove", "remove", target=join(rest))
    if not rest:
        return Clause("remove", "remove")
    return Clause("remove", "remove", target=_removed_target(rest))


def _removed_target(rest: Tokens) -> str:
    """What to remove: "the cars off the street" are the cars on the street."""
    words = list(lows(rest))
    texts = [token.text for token in rest]
    for i in range(1, len(words) - 1):
        if words[i] in ("from", "off"):
            texts[i] = "on"
            if words[i + 1] == "of":
                del texts[i + 1]
            break
    if texts and texts[0].lower() in ("any", "some"):
        texts[0] = "the"
    return " ".join(texts)


def give_clause(rest: Tokens) -> Clause:
    """What follows "give"."""
    words = lows(rest)
    if words[:1] in (("me",), ("us",)):
        return Clause("wanted", rest=rest[1:])
    ref, after = reference(rest)
    if ref:
        given = after
        target = ""
    else:
        phrase, given = split(rest, places=True)
        if not given:
            phrase, given = _two_things(rest)
        target = join(phrase)
        if not given and phrase and "a" in lows(phrase)[1:]:
            return Clause("vague", "restyle", target=target)
    if not given:
        return Clause("vague", "restyle", target=target, reference=ref)
    look = gift_look(given)
    if look.vague or not (look.look or look.like):
        return Clause("vague", "restyle", target=target, reference=ref)
    return Clause("restyle", "restyle", target=target, reference=ref, look=look.look, like=look.like)


def _two_things(tokens: Tokens) -> tuple[Tokens, Tokens]:
    """ "the woman | red hair", "the floor lamp | brass legs": two phrases without a mark between them."""
    start = chunking.determiners(tokens)
    end = start
    while end < len(tokens) and not chunking.is_pure(tokens[end].low):
        end += 1
    while end + 1 < len(tokens) and chunking.is_pure(tokens[end + 1].low) and end + 2 < len(tokens):
        end += 1
    return (tokens[: end + 1], tokens[end + 1 :]) if end + 1 < len(tokens) else (tokens, ())


def gift_look(given: Tokens) -> Complement:
    """What "give the sofa …" gives: a look ("a leather finish") or a part ("brass legs")."""
    words = lows(given)
    if words[:1] == ("to",):
        return Complement()
    thing, after = split(given, places=False, tails=False)
    noun = noun_of(thing)
    if (
        (after and after[0].low == "of")
        or noun in lx.LOOK_NOUNS - {"cover", "covering", "print"}
        or not has_thing(thing)
    ):
        if noun and not is_look(noun) and noun not in lx.LOOK_NOUNS and not after:
            return Complement(look="with " + join(given))
        if noun in ("stripes", "dots", "spots") or noun in lx.MATERIAL_NOUNS:
            return Complement(look="with " + join(given))
        return look_only(given)
    return Complement(look="with " + join(given))


_STUFFS = word_set("grass moss snow ice glass mirror wallpaper")


def replace_clause(rest: Tokens) -> Clause | None:
    """What follows "replace" and "swap"; None where it is no replacing."""
    words = lows(rest)
    reverse = False
    if words[:1] == ("out",):
        rest, words = rest[1:], words[1:]
    if words[:1] == ("in",):
        rest, words, reverse = rest[1:], words[1:], True
    markers = [
        i for i, w in enumerate(words) if w in ("with", "for", "by", "→", "to", "into", "instead") and i > 0
    ]
    if words[:1] and words[0] in ("with", "for", "by"):
        return Clause("replace", "replace", new=join(rest[1:]))
    if not markers:
        ref, after = reference(rest)
        if ref:
            return Clause("vague", "replace", reference=ref)
        if words and words[-1] in ("out", "over", "around"):
            rest = rest[:-1]
        return Clause("vague", "replace", target=join(rest))
    at = markers[0]
    # "the lamp with the green shade with a candle": the last marker with an indefinite thing after it
    for index in markers[1:]:
        if words[index] == words[at] and index + 1 < len(words) and words[index + 1] in ("a", "an", "some"):
            at = index
    left, right = rest[:at], rest[at + 1 :]
    if lows(left)[-1:] in (("out",), ("in",)):
        left = left[:-1]
    if words[at] == "instead" and right and right[0].low == "of":
        left, right = right[1:], left
    indefinite_left = left[0].low in ("a", "an", "some") if left else False
    definite_right = right[0].low in ("the", "that", "this", "my", "our") if right else False
    if reverse or (words[at] == "for" and indefinite_left and definite_right):
        left, right = right, left
    whatever = _WHATEVER.match(join(left))
    if whatever:
        left = tokenise("the things " + join(left)[whatever.end() :])
    ref, after = reference(left)
    if ref and after:
        ref = ""
    if not right:
        return Clause("vague", "replace", target="" if ref else join(left), reference=ref)
    what = complement(right, noun_of(left))
    target = "" if ref else join(left)
    if what.like:
        return Clause("restyle", "replace", target=target, reference=ref, like=what.like)
    if what.vague:
        return Clause("vague", "replace", target=target, reference=ref)
    right_words = lows(right)
    only_looks = all(is_look(w) for w in right_words) and right_words[-1] not in _STUFFS
    if only_looks and not has_thing(right):
        return Clause("restyle", "replace", target=target, reference=ref, look=join(right))
    return Clause("replace", "replace", target=target, reference=ref, new=join(right))


def verb_adds(verb: str, rest: Tokens) -> bool:
    """Whether a verb that may both add and restyle adds here: "paint a tree on the wall", "set a vase on the
    table".
    """
    words = lows(rest)
    if verb == "get":
        return words[:1] in (("me",), ("us",)) or (bool(words) and words[0] in lx.INDEFINITE)
    if not words:
        return False
    _, after = split(rest, places=False, tails=True)
    placed = bool(after) and chunking.locative(after) > 0
    if verb in ("paint", "draw", "sketch"):
        return words[0] in lx.INDEFINITE and placed
    if verb == "set":
        return words[0] in lx.INDEFINITE and placed
    return words[0] in lx.INDEFINITE


_COVERINGS = word_set("""
    tile tiles brick bricks wood timber stone wallpaper panelling paneling plaster mosaic cork
""")
_WHOLE_SURFACES = word_set("floor floors wall walls ceiling ground facade")


def _covers(thing: Tokens, place: Tokens) -> bool:
    """Whether a thing is laid over a whole surface: "tiles on the floor", but not "a tile on the floor"."""
    noun = noun_of(split(place[chunking.locative(place) :])[0])
    return (
        noun in _WHOLE_SURFACES
        and lows(thing)[-1] in _COVERINGS
        and thing[0].low not in chunking.DETERMINERS | lx.INDEFINITE
    )


_ELSEWHERE = word_set("where here there somewhere anywhere into onto for from")


def add_clause(verb: str, rest: Tokens) -> Clause | None:
    """What follows a verb of adding; None where nothing is added."""
    words = lows(rest)
    while words[:1] and words[0] in ("me", "us", "up", "in", "down", "out", "on") and len(words) > 1:
        if words[0] in ("in", "on") and words[1] in ("the", "my", "our", "that"):
            break
        rest, words = rest[1:], words[1:]
    if words[:1] in (("more",), ("extra",)) and len(words) > 1 and not has_thing(rest):
        return Clause("restyle", "restyle", look=join(rest))
    if rest and chunking.locative(rest):
        where, thing = place_at_start(rest)
        if thing:
            return Clause(
                "add", "add", new=join(split(thing, places=False, tails=True)[0] or thing), place=where
            )
    ref, after = reference(rest)
    if ref:
        if after and after[0].low in ("in", "with", "to") and not begins_place(after):
            what = complement(after, surface=True)
            return Clause("restyle", "restyle", reference=ref, look=what.look, like=what.like)
        if verb in ("sit", "get", "hang") and not after:
            return None
        return Clause("move", "add", reference=ref)
    thing, after = split(rest, places=False, tails=True)
    if not thing:
        return None
    after = trimmed(after)
    swap = instead(thing, after)
    if swap:
        return swap
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
        place_words = after[1:] if where_to[0] == "to" and chunking.locative(after) != 4 else after
        if _covers(thing, place_words) or (look_only and lows(thing)[-1] not in lx.MATERIAL_NOUNS):
            target = place_words[chunking.locative(place_words) :] or place_words
            ref, _ = reference(target)
            look, like, vague = look_of(thing)
            sort: Sort = "vague" if vague else "restyle"
            return Clause(
                sort, "restyle", target="" if ref else join(target), reference=ref, look=look, like=like
            )
        where = words_of_place(after)
        return Clause("add", "add", new=join(thing), place=where)
    if where_to[:1] == ("from",) and begins_place(after):
        return Clause("add", "add", new=join(thing), place=words_of_place(after))
    if where_to == ("there",) or where_to == ("in", "there"):
        return Clause("add", "add", new=join(thing), place="there")
    if after and where_to[0] in _ELSEWHERE:
        if where_to[0] in ("into", "onto"):
            return Clause("add", "add", new=join(thing), place=join(after))
        return Clause("add", "add", new=join(thing), place="")
    if look_only:
        look, like, vague = look_of(thing)
        return Clause("vague" if vague else "restyle", "restyle", look=look, like=like)
    return Clause("add", "add", new=join(thing))
