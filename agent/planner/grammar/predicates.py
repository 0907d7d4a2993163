"""What is said of a thing: "(the wall) should be green", "(that lamp) has to go", "(the rug) is too dark"."""

from __future__ import annotations

import re
from dataclasses import replace

from agent.planner.frames import Reference
from agent.planner.grammar.clause import Clause, thing_in, trimmed
from agent.planner.grammar.looks import by_degree, complement, opposite
from agent.planner.grammar.objects import gift_look
from agent.planner.grammar.place_phrases import begins_place, words_of_place
from agent.planner.grammar.verbs import is_participle, lemma, made_into, passive
from tools.language import lexicon as lx
from tools.language.chunking import has_thing, is_look, lows, split
from tools.language.compounds import is_step
from tools.language.lexicon import word_set
from tools.language.patterns import Pattern
from tools.language.tokens import Tokens, join

_STATES = word_set("""
    me us you him had has have does did got i we they he she my your broke bought gave took found fell
    spilled hates hate likes loves thinks knocked destroyed ruined left
""")
"""After a thing these go on with a statement: "this room reminds | me"."""


_ANNOYING = word_set("""
    bothers annoys irritates disturbs distracts clashes sucks stinks ruins spoils hurts bugs disgusts blocks
    dominates clash bother annoy
""")


def complaint(tokens: Tokens) -> Clause | None:
    """ "that lamp bothers me": something shall change, but not what."""
    words = lows(tokens)
    verb = next((i for i, word in enumerate(words) if word in _ANNOYING), 0)
    if not verb or words[0] not in lx.DEFINITE:
        return None
    return Clause("vague", "restyle", target=join(tokens[:verb]), negated=True)


def said_of(target: str, ref: Reference, after: Tokens, noun: str) -> Clause:
    """A clause about a thing that is there, with what the rest of the clause says of it."""
    after = trimmed(after)
    words = lows(after)
    if not words:
        return Clause(target=target, reference=ref)
    if words[0] in _STATES:
        return Clause("talk", target=thing_in(after) or target, reference=ref)
    if words[:2] in (("do", "not"), ("does", "not"), ("did", "not")):
        return Clause("vague", "restyle", target=target, reference=ref, negated=True)
    if words[0] in ("gone", "out", "away", "off") and len(words) == 1:
        return Clause("remove", "remove", target=target, reference=ref)
    if words[0] in ("too", "also") or words[:2] == ("as", "well"):
        return Clause(target=target, reference=ref, also=True)
    if words[0] == "should" or words[0] in lx.MODALS | lx.BE:
        return predicate(target, ref, after, noun)
    if is_participle(words[0]):
        done = passive(target, ref, after)
        if done:
            return done
    if (
        words[:2] == ("instead", "of")
        or words[:3] == ("in", "place", "of")
        or words[:2] == ("rather", "than")
    ):
        return Clause()
    if words[:2] == ("to", "be") or words[:2] == ("to", "become"):
        return said_of(target, ref, after[2:], noun)
    if words[:2] == ("to", "go") or words[:2] == ("to", "disappear"):
        return Clause("remove", "remove", target=target, reference=ref)
    if words[0] in ("→", ":", "to", "be") and words[1:] in (
        ("gone",),
        ("removed",),
        ("deleted",),
        ("away",),
        ("remove",),
        ("out",),
        ("delete",),
        ("nothing",),
    ):
        return Clause("remove", "remove", target=target, reference=ref)
    what = complement(after, noun)
    if what.with_:
        blanket = on_it(target, after)
        if blanket:
            return blanket
    if what.like:
        return Clause("restyle", "restyle", target=target, reference=ref, like=what.like)
    swapped = words[0] == "for" and words[1:2] in (
        ("a",),
        ("an",),
        ("some",),
    )  # "swap … and the tap for a pump"
    if what.new and (words[0] in ("→", ":", "to", "into", "as", "become", "a", "an") or swapped):
        return Clause("replace", "restyle", target=target, reference=ref, new=what.new)
    if what.look:
        return Clause("restyle", "restyle", target=target, reference=ref, look=what.look)
    if what.vague:
        return Clause("vague", "restyle", target=target, reference=ref)
    return Clause("talk", target=thing_in(after) or target, reference=ref)


def on_it(target: str, after: Tokens) -> Clause | None:
    """ "(the bed) with a blanket on it": a blanket is put on the bed."""
    words = lows(after)
    if (
        len(words) > 3
        and words[-1] in ("it", "them", "top")
        and words[-2] in ("on", "over", "in", "under", "beside", "behind", "above", "near", "of")
    ):
        size = 2
        where = words[-2] if words[-1] != "top" else "on"
        new = after[1:-size]
        return Clause("add", "add", new=join(new), place=f"{where} {target}")
    return None


_NEGATIVE = lx.EVALUATIVE - {"lovely", "beautiful", "pretty", "nice", "cute", "random"} | word_set("""
    bland bad wrong off odd strange messy cheap old outdated worn tired meh depressing sad empty cluttered
    busy much eyesore mess disaster nightmare monstrosity joke filthy worse tired missing broken missing
    horror crap trash garbage rubbish
""")


_PREFIX = Pattern(
    r"^(?:(?:to|and|should|could|would|might|may|shall|can|will|must|need|needs|ought|want|wants|have|has|it"
    r"|please|just|now|actually|rather|then|instead|also|only) )*(?:(?:to )?(?:be|get|become|turn|go|look"
    r"|looks|appear|seem|stay|come|turned|made|done|feel) )*(?:(?:much|way|far|a lot|so|really|even"
    r"|absolutely|pretty|very|just|all|completely|entirely|totally|fully|properly|nicely) )*(?:(?:better"
    r"|nicer|good|great|nice|lovely|amazing|cool|cooler|best|awesome|fantastic|beautiful|wonderful|stunning"
    r"|gorgeous|perfect|fab|fabulous|cute|prettier|smarter|smart|brilliant|sweet|fine|incredible|fresh"
    r"|fresher|sharp) )?(?:(?:if|when) (?:it|they) (?:was|were|is|are) )?"
)


_BEGGING = Pattern(
    r"(?:(?:is|are) (?:begging|crying out|crying|screaming|asking|missing|lacking)(?: for)?"
    r"|(?:calls?|cries|cry|screams?|begs?|asks?)(?: out)? for)(?= )"
)
_GO = Pattern(
    r"^(?:(?:really|just|definitely|all|so|simply) )*(?:has|have|had|needs?|must|should|can|could|may"
    r"|got|ought|might as well|got)?(?: really| just| definitely)?(?: got)?(?: to)? ?(?:go|be gone"
    r"|be removed|disappear|vanish|leave|get out|be out|be deleted|go away|not be (?:here|there)"
    r"|be taken (?:out|away|down|off)|be thrown out)$"
)


_NOT_HERE = Pattern(
    r"^(?:should|could|must|would|can|need) not (?:be (?:here|there|in .*|on .*|visible)|exist"
    r"|belong.*)$|^(?:do|does|did|is) not (?:belong|fit|go|work|needed|need to be).*$|^(?:is|are) "
    r"(?:in the way|not needed|superfluous|unnecessary|too much|de trop)$"
)


_STATEMENT = word_set("is are was were looks look looked seems seem feels feel")


def predicate(target: str, ref: Reference, tokens: Tokens, noun: str, *, wish: bool = False) -> Clause:
    """ "(the wall) should be green", "(the lamp) has to go", "(the rug) is too dark".

    ``wish``: it is a what-if or a question.
    """
    tokens = trimmed(tokens)
    words = lows(tokens)
    text = " ".join(words)
    base = Clause(target=target, reference=ref)
    if _GO.fullmatch(text):
        return replace(base, sort="remove", verb="remove")
    if re.search(r"\bnot\b", text) and not wish:
        if re.search(r"\b(?:should|must|need|could|would|can) not (?:be|look)\b", text) and _NOT_HERE.match(
            text
        ):
            return replace(base, sort="remove", verb="remove")
        if _NOT_HERE.match(text):
            return replace(base, sort="vague", verb="restyle")
        match = re.search(r"\bnot (?:be )?(?:so |that |as |too |quite so )(\w+)", text)
        if match and match[1] in lx.OPPOSITES:
            return replace(base, sort="restyle", verb="restyle", look=opposite(match[1]))
        match = re.search(r"\bnot (\w+) enough", text)
        if match and is_look(match[1]):
            return replace(base, sort="restyle", verb="restyle", look=match[1])
        return replace(
            base, sort="vague" if words[0] in ("is", "are", "does", "do", "looks", "look") else "keep"
        )
    slightly = re.fullmatch(
        r"(?:is|are|looks?|seems?) (?:just )?(?:a bit|a little|a little bit|a tad|kind of|kinda"
        r"|slightly|somewhat|a touch) (?:on the )?(\w+)(?: side| for .*)?",
        text,
    )
    if slightly and slightly[1] in lx.OPPOSITES and not wish:
        look = by_degree(text, opposite(slightly[1]))
        return replace(base, sort="restyle", verb="restyle", look=look, confidence=0.6)
    begging = _BEGGING.match(text)
    if begging:
        return _needs(target, ref, tokens[len(begging.group().split()) :])
    enough = re.fullmatch(
        r"(?:is|are|looks?) (?:a bit |a little |way |far |much |just |still |kind of |rather |so "
        r"|really )*too (\w+)(?: for .*)?",
        text,
    )
    if enough:
        if enough[1] in lx.OPPOSITES:
            look = by_degree(text, opposite(enough[1]))
            return replace(base, sort="restyle", verb="restyle", look=look, confidence=0.6)
        if is_step(f"less_{enough[1]}"):
            look = by_degree(text, f"less {enough[1]}")
            return replace(base, sort="restyle", verb="restyle", look=look, confidence=0.6)
        return replace(base, sort="vague", verb="restyle")
    modal = (
        wish
        or words[0] == "be"
        or (words[0] in lx.MODALS and words[0] not in ("has", "have", "will"))
        or "should" in words
        or "would" in words
        or "could" in words
    )
    if words[0] in ("has", "have") and words[1:2] == ("to",):
        modal = True
    if words[0] == "will" and wish:
        modal = True
    if words[0] in ("needs", "need", "wants", "want", "lacks", "deserves", "deserve", "requires") and words[
        1:2
    ] != ("to",):
        return _needs(target, ref, tokens[1:])
    if words[:2] in (("could", "use"), ("can", "use")) or words[:3] == ("could", "do", "with"):
        return _needs(target, ref, tokens[2 if words[1] == "use" else 3 :])
    skipped = len(_PREFIX.match(text + " ")[0].split()) if _PREFIX.match(text + " ") else 0  # type: ignore[index]
    rest = tokens[min(skipped, len(tokens)) :]
    while (
        rest
        and rest[0].low in lx.MODALS | lx.BE | {"being", "to", "like", "even", "nice", "like:"}
        and len(rest) > 0
    ):
        if rest[0].low == "like":
            break
        rest = rest[1:]
    if lows(rest)[:2] == ("like", "in"):
        rest = rest[1:]
    rest_words = lows(rest)
    if not modal:
        if words[0] in _STATEMENT:
            evaluation = [w for w in words[1:] if w in _NEGATIVE]
            if {"empty", "bare", "naked"} & set(evaluation) and target:
                return replace(base, sort="vague", verb="restyle", place=f"on {target}")
            return replace(base, sort="vague" if evaluation else "talk", verb="restyle")
        return replace(base, sort="talk")
    if not rest_words:
        return replace(base, sort="vague", verb="restyle")
    if is_participle(rest_words[0]):
        done = passive(target, ref, rest)
        if done:
            return done
    owning = next((i for i, w in enumerate(words[:4]) if w in ("have", "had", "get")), None)
    given = tokens[owning + 1 :] if owning is not None else ()
    if given and given[0].low != "to" and has_thing(given) and not is_participle(given[0].low):
        return _needs(target, ref, given)
    if rest_words[0] in ("go", "gone", "disappear", "vanish", "leave"):
        return replace(base, sort="remove", verb="remove")
    if rest_words[0] in ("better", "nicer") and len(rest_words) == 1:
        return replace(base, sort="vague", verb="restyle")
    if rest_words[0] in ("show", "depict", "display") and len(rest_words) > 1:
        return replace(base, sort="restyle", verb="restyle", look="of " + join(rest[1:]))
    becomes = complement(rest, noun).new if {"be", "become", "turn"} & set(words) else ""
    if becomes:
        return replace(base, sort="replace", verb="restyle", new=becomes)  # "should be poodles"
    said = said_of(target, ref, rest, noun)
    return said if said.sort else replace(base, sort="vague", verb="restyle")


def _needs(target: str, ref: Reference, rest: Tokens) -> Clause:
    """ "the wall needs a coat of green paint", "the sofa needs cushions", "the rug needs replacing"."""
    words = lows(rest)
    base = Clause(target=target, reference=ref)
    if words[:1] == ("being",) and len(words) > 1:
        return said_of(target, ref, rest[1:], "")
    if not words:
        return replace(base, sort="vague", verb="restyle")
    if words[0].endswith("ing"):
        verb = lemma(words[0])
        if verb in lx.REMOVE:
            return replace(base, sort="remove", verb="remove")
        if verb in lx.REPLACE and words[1:2] in (("with",), ("by",)):
            return replace(base, sort="replace", verb="replace", new=join(rest[2:]))
        if verb in lx.MAKE and len(words) > 1:
            return made_into(verb, target, ref, rest[1:], "", verb in lx.SURFACE)
        return replace(base, sort="vague", verb="restyle")
    given = gift_look(rest)
    if given.vague or not given.look:
        return replace(base, sort="vague", verb="restyle", like=given.like)
    if given.look.startswith("with "):
        thing, after = split(rest, places=False, tails=True)
        if begins_place(after):
            return Clause("add", "add", new=join(thing), place=words_of_place(after))
        if after and lows(after)[-1] in ("it", "them") and target:
            return Clause("add", "add", new=join(thing), place=f"{join(after[:-1])} {target}")
        return Clause("add", "add", new=join(thing), place=f"on {target}" if target else "")
    return replace(base, sort="restyle", verb="restyle", look=given.look)
