"""Clauses that begin with a verb. The verb's class says how the phrases after it are to be taken.

Verbs that change, paint and turn are read here; removing, replacing, giving and adding in ``objects``.
"""

from __future__ import annotations

import re

from agent.planner.frames import Reference
from agent.planner.grammar.clause import Clause, of_the, reference, trimmed
from agent.planner.grammar.looks import by_degree, complement, look_of
from agent.planner.grammar.objects import add_clause, give_clause, remove_clause, replace_clause, verb_adds
from agent.planner.grammar.place_phrases import instead
from tools.language import chunking
from tools.language import lexicon as lx
from tools.language.chunking import has_thing, is_look, is_thing, lows, noun_of, split
from tools.language.lexicon import word_set
from tools.language.looks import degree_at
from tools.language.tokens import Tokens, join


def lemma(low: str) -> str:
    """The verb's plain form: "making" = make, "painted" = paint; the word itself where it is no such form."""
    verbs = _VERBS
    if low in verbs:
        return low
    if low in lx.PAST:
        return lx.PAST[low]
    if low.endswith("ing") and len(low) > 5:
        stem = low[:-3]
        for form in (stem, stem + "e", stem[:-1] if stem[-1] == stem[-2] else stem):
            if form in verbs:
                return form
    if low.endswith("ed") and len(low) > 4:
        for form in (low[:-2], low[:-1], low[:-3] if low[-3] == low[-4] else low[:-2]):
            if form in verbs:
                return form
    return low


_SPECIAL = word_set("give let's leave avoid spare empty go come keep hide redo replace swap sell")


_VERBS = (
    lx.MAKE | lx.SURFACE | lx.REPLACE | lx.REMOVE | lx.ADD | lx.MOVE | lx.VAGUE | _SPECIAL
    | frozenset(lx.COLOUR_OF_VERB)
    | word_set("see show imagine picture try want use go")
) - word_set("light lights")  # fmt: skip


def is_participle(low: str) -> bool:
    """Whether a word is the past form of a verb of change ("painted", "removed")."""
    return low in lx.PAST or (low.endswith("ed") and lemma(low) != low and not is_look(low))


_REMOVE_PHRASES = lx.phrases(
    """
    get rid of | do away with | take out | take away | take off | take down | throw out | throw away | chuck
    out | toss out | clear away | clear out | clear off | clear up | clean up | wipe out | wipe off | wipe
    away | edit out | cut out | crop out | rub out | paint out | make away with | kick out | leave out |
    strip out | strip off | strip away | photoshop out | scrub out | scrub off | rip out | tear out | tear
    down | bin off | get shot of | lose | move out | take it easy on | rid the room of | rid us of | wash
    off | peel off | out with | away with | off with | down with | put away | tidy away | see the back of |
    be rid of | chop down | chop off | throw in the bin | airbrush out | knock out | knock down | blank out
    | cut off | cut down | pull out | pull down
    """
)


_PARTICLES = ("out", "away", "off", "down", "gone", "disappear", "vanish", "go", "go away", "leave")


_CLEANS = word_set("""
    clean wipe wash scrub sweep brush dust peel rub polish mop scrape get take move pull
""")
_TAKES_OUT = word_set("take get edit cut crop kick throw bring leave keep")
_TAKES = word_set("get have want put move pull wash scrub rub")
_OPENS_OBJECT = chunking.DETERMINERS | {"it", "them", "up", "down"}
_MENDS = word_set("fix patch repair cover hide retouch mend heal conceal touch clean camouflage")
_OUT_OF_PICTURE = re.compile(
    r" out of (?:the |this )?(?:picture|image|photo|scene|shot|frame|room|view|here)$"
)


def verb_clause(tokens: Tokens) -> Clause | None:
    """A clause that begins with a verb, or None where the verb is none that the planner knows."""
    tokens = trimmed(tokens)
    words = lows(tokens)
    if not words or (is_look(words[0]) and lemma(words[0]) != words[0]):
        return None  # "striped wallpaper"
    verb, rest, after = lemma(words[0]), tokens[1:], words[1:]
    found = _taken_away(verb, tokens)
    if found:
        return found
    if verb in lx.REMOVE and not (verb in lx.ADD and _wants_place(rest)):
        return None if verb == "take" else remove_clause(rest, verb)
    is_verb = verb not in _ALSO_LOOKS or (after[:1] and after[0] in _OPENS_OBJECT)
    if verb in lx.COLOUR_OF_VERB and after and is_verb:
        return _surface_verb(verb, rest)
    if verb == "give":
        return give_clause(rest)
    found = _mended(rest) if verb in _MENDS else None
    if found:
        return found
    if verb in ("fill", "stuff", "load", "pack") and "with" in after[1:]:
        at = words.index("with")
        ref, _ = reference(tokens[1:at])
        target = "" if ref else join(tokens[1:at])
        return Clause("restyle", "restyle", target=target, reference=ref, look="filled " + join(tokens[at:]))
    return _changed(verb, rest)


def _taken_away(verb: str, tokens: Tokens) -> Clause | None:
    """What is taken away by a phrase of verb and particle ("get rid of", "wipe … off"), or left as it is."""
    words = lows(tokens)
    rest, after = tokens[1:], words[1:]
    off, from_ = "off" in after[1:-1], "from" in after[1:-1]
    if verb in _CLEANS and (off or (from_ and verb not in ("move", "pull", "get"))):
        return remove_clause(rest, verb)
    phrase = next((p for p in _REMOVE_PHRASES if (verb, *after)[: len(p)] == p), None)
    if phrase and not (phrase == ("take", "off") and after[1:2] == ("the", "edge")):
        return remove_clause(tokens[len(phrase) :], verb)
    if verb in ("leave", "spare", "avoid", "ignore") or (verb == "keep" and _is_keep(after)):
        return Clause("keep", "keep")
    last = after[-1:] or ("",)
    if verb in lx.REMOVE and _particle_at_end(after) and verb in lx.ADD | {"take"}:
        return remove_clause(rest[:-1] if last[0] in _PARTICLES else rest, verb)
    if verb == "make" and last[0] in ("disappear", "vanish", "gone", "go", "invisible"):
        return remove_clause(rest[: -2 if after[-2:-1] == ("be",) else -1], verb)
    gone = next((i for i, w in enumerate(after) if w in ("disappear", "vanish")), 0)
    if verb in ("make", "have", "let") and gone:
        return remove_clause(rest[:gone], verb)
    if verb in _TAKES_OUT and _OUT_OF_PICTURE.search(" ".join(after)):
        return remove_clause(rest, verb)
    if verb == "make" and after[-2:] == ("go", "away"):
        return remove_clause(rest[:-2], verb)
    if verb in _TAKES and last[0] in ("out", "away", "gone", "off", "down", "removed"):
        return remove_clause(rest[:-1], verb)
    if verb == "empty" and after[:1] in (("the",), ("that",), ("my",), ("this",)):
        return remove_clause(rest, verb)
    return None


def _mended(rest: Tokens) -> Clause | None:
    """ "touch up the scratch": what is mended goes."""
    named, left = split(rest[1:] if lows(rest)[:1] in (("up",), ("over",), ("out",)) else rest, places=True)
    if named and not left and noun_of(named).rstrip("s") in _BLEMISHES:
        return Clause("remove", "remove", target=join(named))
    return None


def _changed(verb: str, rest: Tokens) -> Clause | None:
    """What a verb of turning, replacing, adding, moving or making says of the phrases after it."""
    after = lows(rest)
    found = _switched(rest) if verb in ("turn", "switch") else None
    if found:
        return found
    for_another = verb in ("change", "turn", "switch") and "for" in after
    if verb in lx.REPLACE or (for_another and has_thing(rest[after.index("for") + 1 :])):
        found = replace_clause(rest)
        if found:
            return found
    if verb == "go" and after[:1] in (("with",), ("for",)):
        return Clause("wanted", rest=rest[1:])
    if verb in ("go", "change", "switch") and after[:2] == ("back", "to"):
        return only_look(rest[2:])
    if verb == "go":
        return only_look(rest)
    if verb == "use":
        return _use(rest)
    if verb in lx.ADD | {"hang", "get"} and not (verb in lx.MAKE and not verb_adds(verb, rest)):
        found = add_clause(verb, rest)
        if found:
            return found
    if verb in lx.MOVE:
        return _move(rest)
    if verb in lx.MAKE or verb in lx.SEE:
        return _make(verb, rest)
    return _vague(rest) if verb in lx.VAGUE else None


_BLEMISHES = lx.word_set("""
    hole crack stain scratch dent spot mark smudge blemish wrinkle tear rust graffiti pimple mess
    mould mold scar
""")


_ALSO_LOOKS = word_set("warm cool dim tone dull open close shut light clean")
"""Verbs that are looks too: only before a determiner are they verbs."""


def _switched(rest: Tokens) -> Clause | None:
    """ "turn on the lamp", "switch the lights off"."""
    words = lows(rest)
    if words[:1] in (("on",), ("off",)):
        state, named = words[0], rest[1:]
    elif words[-1:] in (("on",), ("off",)):
        state, named = words[-1], rest[:-1]
    else:
        return None
    look = "lit" if state == "on" else "unlit"
    ref, after = reference(named)
    if ref and not after:
        return Clause("restyle", "restyle", reference=ref, look=look)
    target, after = split(named, places=True)
    return Clause("restyle", "restyle", target=join(target), look=look) if target and not after else None


def _is_keep(after: tuple[str, ...]) -> bool:
    """ "keep the sofa", "keep it as it is": unless it says keep it red."""
    tail = after[-1:] or ("",)
    return not is_look(tail[0]) or is_thing(tail[0])


def _particle_at_end(after: tuple[str, ...]) -> bool:
    return bool(after) and (
        after[-1] in ("out", "away", "off", "down")
        or (len(after) > 2 and after[-2:] in (("the", "bin"), ("the", "trash")))
    )


def _wants_place(rest: Tokens) -> bool:
    """ "drop a lamp", "stick it on the wall" put a thing there; "drop the lamp" takes it away."""
    words = lows(rest)
    if words[:1] and words[0] in ("in", "on", "down"):
        return True
    indefinite = bool(words) and words[0] in lx.INDEFINITE
    _, after = split(rest, places=False)
    return indefinite or bool(after and chunking.locative(after) and after[0].low not in ("off", "from"))


def _surface_verb(verb: str, rest: Tokens) -> Clause:
    words = lows(rest)
    if words[:1] == ("up",) or words[:1] == ("down",):
        rest = rest[1:]
    ref, after = reference(rest)
    look = lx.COLOUR_OF_VERB[verb]
    target: Tokens = ()
    if not ref:
        target, after = split(rest)
    if lows(after)[:1] in (("up",), ("down",)):
        after = after[1:]
    degree = degree_at(lows(after), 0)
    if degree:  # "darken it a bit", "tone the walls down a lot"
        look = by_degree(" ".join(lows(after[: degree[0]])), look)
        after = after[degree[0] :]
    if lows(after)[:1] == ("a",):
        after = after[1:]
    extra = complement(after, noun_of(target), surface=True).look
    if ref:
        return Clause("restyle", "restyle", reference=ref, look=f"{look} {extra}".strip())
    if not target:
        return Clause("restyle", "restyle", look=look)
    return Clause("restyle", "restyle", target=join(target), look=f"{look} {extra}".strip())


def _use(rest: Tokens) -> Clause:
    """ "use leather for the sofa", "use red on the walls"."""
    words = lows(rest)
    marks = [i for i, w in enumerate(words) if w in ("for", "on") and i > 0]
    if marks and has_thing(rest[marks[-1] + 1 :]):
        target = rest[marks[-1] + 1 :]
        ref, _ = reference(target)
        look, like, _ = look_of(rest[: marks[-1]])
        if look or like:
            return Clause(
                "restyle", "restyle", target="" if ref else join(target), reference=ref, look=look, like=like
            )
    return Clause("wanted", rest=rest)


def _move(rest: Tokens) -> Clause:
    ref, _ = reference(rest)
    target, _ = split(rest)
    return Clause("move", "move", target="" if ref else join(target), reference=ref)


def _vague(rest: Tokens) -> Clause:
    ref, after = reference(rest)
    if ref:
        return Clause("vague", "restyle", reference=ref)
    if lows(rest)[:1] == ("up",) and len(rest) > 1:
        rest = rest[1:]
    target, after = split(rest)
    if lows(rest)[:1] and rest[0].low in ("things", "something", "me", "with"):
        return Clause("vague", "restyle")
    if after and after[0].low in ("in", "with", "to", "using"):
        what = complement(after, noun_of(target), surface=True)
        if what.look or what.like:
            return Clause("restyle", "restyle", target=join(target), look=what.look, like=what.like)
    return Clause("vague", "restyle", target=join(target))


def only_look(rest: Tokens) -> Clause:
    """A clause that gives a look and names no thing."""
    what = complement(rest)
    if what.vague or not (what.look or what.like):
        return Clause("vague", "restyle")
    return Clause("restyle", "restyle", look=what.look, like=what.like)


def _determined(words: tuple[str, ...], index: int) -> bool:
    return words[index + 1 : index + 2] != () and words[index + 1] in chunking.DETERMINERS


_SHOWS = word_set("do have try render see show get imagine picture finish")


def _make(verb: str, rest: Tokens) -> Clause | None:
    words = lows(rest)
    surface = verb in lx.SURFACE or verb in _SHOWS
    if words[:1] in (("me",), ("us",)):
        return Clause("wanted", rest=rest[1:])
    if words[:1] in (("up",), ("over",)):
        rest, words = rest[1:], words[1:]
    if not words:
        return Clause("vague", "restyle")
    ref, after = reference(rest)
    old = next((i for i in range(len(after)) if lows(after[i : i + 2]) == ("instead", "of")), 0) if ref else 0
    if old and len(after) > old + 2:
        named, _ = split(after[old + 2 :], places=True)  # "make it a scooter instead of a bike"
        definite = f"the {join(named[chunking.determiners(named) :])}"
        return made_into(verb, definite, "", after[:old], noun_of(named), surface)
    if ref:
        return made_into(verb, "", ref, after, "", surface)
    if words[0] in ("a", "an", "some") and verb not in ("turn", "change", "transform", "convert", "switch"):
        return Clause("wanted", rest=rest)
    if words[0] in ("something", "anything") and words[-1] not in ("something", "anything", "else"):
        at = next((i for i, w in enumerate(words) if w in ("for", "with", "about", "to", "on")), 0)
        if at:
            about, _ = split(rest[at + 1 :], places=True)
            return Clause("vague", "restyle", target=join(about))
    if verb in ("see", "show", "imagine", "picture") and words[0] not in lx.DEFINITE:
        return Clause("wanted", rest=rest)
    bare_in = next((i for i, w in enumerate(words) if w == "in" and i and not _determined(words, i)), 0)
    if bare_in and verb in lx.SURFACE:
        # "wrap the column in ivy": for these verbs "in" is what covers the thing
        target, after = split(rest[:bare_in], places=True, look_follows=False)
        after = (*after, *rest[bare_in:])
    else:
        target, after = split(rest, places=verb != "dress", look_follows=True)
    swap = instead(target, after) if target else None
    if swap:
        return swap
    if not target:
        if verb in ("try", "go", "have", "do", "use", "make", "paint") or is_look(words[0]):
            return only_look(rest)
        return None
    target, after = of_the(target, after)
    if verb in ("have", "see", "show", "imagine", "picture", "get", "try") and not after:
        return Clause("wanted", rest=rest)
    run = chunking.core(target[chunking.determiners(target) :])
    if not chunking.determiners(target) and not after and run and all(is_look(w) for w in lows(run)):
        look, like, vague = look_of(rest)
        return Clause("vague" if vague else "restyle", "restyle", look=look, like=like)
    return made_into(verb, join(target), "", after, noun_of(target), surface)


def made_into(verb: str, target: str, ref: Reference, after: Tokens, noun: str, surface: bool) -> Clause:
    """The object of a verb of change is known; ``after`` says into what."""
    after = trimmed(after)
    words = lows(after)
    if words[:1] and words[0] in ("is", "are", "was", "were", "being") and len(words) > 1:
        after, words = after[1:], words[1:]
    if words and is_participle(words[0]) and lemma(words[0]) not in ("clad",):
        done = passive(target, ref, after)
        if done:
            return done
    if words in (("gone",), ("out",), ("away",)):
        return Clause("remove", "remove", target=target, reference=ref)
    if words[:1] == ("back",):
        return Clause("vague", "restyle", target=target, reference=ref)
    if not words:
        return Clause("vague", "restyle", target=target, reference=ref)
    what = complement(after, noun, surface=surface)
    if what.like:
        return Clause("restyle", "restyle", target=target, reference=ref, like=what.like)
    if what.new:
        if surface and verb in lx.SURFACE:
            return Clause("restyle", "restyle", target=target, reference=ref, look="covered in " + what.new)
        return Clause("replace", "restyle", target=target, reference=ref, new=what.new)
    if what.look:
        return Clause("restyle", "restyle", target=target, reference=ref, look=what.look)
    if words[0] in ("to", "on", "onto", "in", "next", "behind", "under") and not what.vague:
        return Clause(
            "move" if verb in ("put", "set", "get", "bring") else "vague",
            "restyle",
            target=target,
            reference=ref,
        )
    return Clause("vague", "restyle", target=target, reference=ref)


def passive(target: str, ref: Reference, tokens: Tokens) -> Clause | None:
    """ "(the wall) painted green", "(the lamp) removed", "(the cat) replaced with a dog"."""
    words = lows(tokens)
    verb = lemma(words[0])
    rest = tokens[1:]
    if (verb == "make" and words[1:3] in (("of",), ("out", "of"))) or words[:2] == ("made", "of"):
        what = complement(tokens, surface=True)
        return Clause("restyle", "restyle", target=target, reference=ref, look=what.look)
    if (verb in lx.REMOVE and verb != "take") or words[:1] in (("gone",),):
        return Clause("remove", "remove", target=target, reference=ref)
    if verb in ("take", "throw", "put", "clear") and words[-1] in ("out", "away", "off", "down"):
        return Clause("remove", "remove", target=target, reference=ref)
    if verb in lx.REPLACE and words[1:2] and words[1] in ("with", "by", "for"):
        return Clause("replace", "replace", target=target, reference=ref, new=join(rest[1:]))
    if verb in lx.REPLACE:
        return Clause("vague", "replace", target=target, reference=ref)
    if verb in lx.COLOUR_OF_VERB:
        return Clause("restyle", "restyle", target=target, reference=ref, look=lx.COLOUR_OF_VERB[verb])
    if verb in lx.MAKE:
        return made_into(verb, target, ref, rest, "", verb in lx.SURFACE)
    return None
