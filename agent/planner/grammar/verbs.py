"""Clauses that begin with a verb. The verb's class says how the phrases after it are to be taken.

Verbs that change, paint and turn are read here; removing, replacing, giving and adding in ``objects``.
"""

from __future__ import annotations

from agent.planner.frames import Reference
from agent.planner.grammar.clause import Clause, of_the, reference, trimmed
from agent.planner.grammar.looks import by_degree, complement
from agent.planner.grammar.objects import add_clause, remove_clause, replace_clause, verb_adds
from tools.language import chunking
from tools.language import lexicon as lx
from tools.language.chunking import has_thing, is_look, lows, noun_of, split
from tools.language.lexicon import word_set
from tools.language.looks import degree_at
from tools.language.tokens import Tokens, join


def lemma(low: str) -> str:
    """The verb's plain form: "making" = make, "painted" = paint; the word itself where it is no such form."""
    verbs = _VERBS
    if low in verbs:
        return low
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


_CLEANS = word_set("""
    clean wipe wash scrub sweep brush dust peel rub polish mop scrape get take move pull
""")
_OPENS_OBJECT = chunking.DETERMINERS | {"it", "them", "up", "down"}


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
    return None


def _changed(verb: str, rest: Tokens) -> Clause | None:
    """What a verb of turning, replacing, adding, moving or making says of the phrases after it."""
    after = lows(rest)
    for_another = verb in ("change", "turn", "switch") and "for" in after
    if verb in lx.REPLACE or (for_another and has_thing(rest[after.index("for") + 1 :])):
        found = replace_clause(rest)
        if found:
            return found
    if verb == "go":
        return only_look(rest)
    if verb in lx.ADD | {"hang", "get"} and not (verb in lx.MAKE and not verb_adds(verb, rest)):
        found = add_clause(rest)
        if found:
            return found
    if verb in lx.MOVE:
        return _move(rest)
    if verb in lx.MAKE or verb in lx.SEE:
        return _make(verb, rest)
    return _vague(rest) if verb in lx.VAGUE else None


_ALSO_LOOKS = word_set("warm cool dim tone dull open close shut light clean")
"""Verbs that are looks too: only before a determiner are they verbs."""


def _wants_place(rest: Tokens) -> bool:
    """ "drop a lamp", "stick it on the wall" put a thing there; "drop the lamp" takes it away."""
    words = lows(rest)
    indefinite = bool(words) and words[0] in lx.INDEFINITE
    _, after = split(rest, places=False)
    return indefinite or bool(after and chunking.locative(after) and after[0].low not in ("off", "from"))


def _surface_verb(verb: str, rest: Tokens) -> Clause:
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
    extra = complement(after, noun_of(target), surface=True).look
    if not target:
        return Clause("restyle", "restyle", look=look)
    return Clause("restyle", "restyle", target=join(target), look=f"{look} {extra}".strip())


def _move(rest: Tokens) -> Clause:
    ref, _ = reference(rest)
    target, _ = split(rest)
    return Clause("move", "move", target="" if ref else join(target), reference=ref)


def _vague(rest: Tokens) -> Clause:
    target, _ = split(rest)
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
    if not words:
        return Clause("vague", "restyle")
    ref, after = reference(rest)
    if ref:
        return made_into(verb, "", ref, after, "", surface)
    if words[0] in ("a", "an", "some") and verb not in ("turn", "change", "transform", "convert", "switch"):
        return Clause("wanted", rest=rest)
    bare_in = next((i for i, w in enumerate(words) if w == "in" and i and not _determined(words, i)), 0)
    if bare_in and verb in lx.SURFACE:
        # "wrap the column in ivy": for these verbs "in" is what covers the thing
        target, after = split(rest[:bare_in], places=True, look_follows=False)
        after = (*after, *rest[bare_in:])
    else:
        target, after = split(rest, places=verb != "dress", look_follows=True)
    if not target:
        if verb in ("try", "go", "have", "do", "use", "make", "paint") or is_look(words[0]):
            return only_look(rest)
        return None
    target, after = of_the(target, after)
    return made_into(verb, join(target), "", after, noun_of(target), surface)


def made_into(verb: str, target: str, ref: Reference, after: Tokens, noun: str, surface: bool) -> Clause:
    """The object of a verb of change is known; ``after`` says into what."""
    after = trimmed(after)
    words = lows(after)
    if words and is_participle(words[0]) and lemma(words[0]) not in ("clad",):
        done = passive(target, ref, after)
        if done:
            return done
    if not words:
        return Clause("vague", "restyle", target=target, reference=ref)
    what = complement(after, noun, surface=surface)
    if what.new:
        if surface and verb in lx.SURFACE:
            return Clause("restyle", "restyle", target=target, reference=ref, look="covered in " + what.new)
        return Clause("replace", "restyle", target=target, reference=ref, new=what.new)
    if what.look:
        return Clause("restyle", "restyle", target=target, reference=ref, look=what.look)
    return Clause("vague", "restyle", target=target, reference=ref)


def passive(target: str, ref: Reference, tokens: Tokens) -> Clause | None:
    """ "(the wall) painted green", "(the lamp) removed", "(the cat) replaced with a dog"."""
    words = lows(tokens)
    verb = lemma(words[0])
    rest = tokens[1:]
    if verb in lx.REMOVE and verb != "take":
        return Clause("remove", "remove", target=target, reference=ref)
    if verb in lx.REPLACE and words[1:2] and words[1] in ("with", "by", "for"):
        return Clause("replace", "replace", target=target, reference=ref, new=join(rest[1:]))
    if verb in lx.MAKE:
        return made_into(verb, target, ref, rest, "", verb in lx.SURFACE)
    return None
