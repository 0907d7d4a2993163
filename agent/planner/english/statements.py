"""Clauses without a verb of change: "a red door", "the rug in navy", "the wall should be green", "that lamp
has to go".

The shapes of their parts say what is wanted: an indefinite thing with a place is new, one with a look is
there already and gets the look, a look alone belongs to what was spoken of last.
"""

from __future__ import annotations

import re
from dataclasses import replace

from agent.planner.english import lexicon as lx
from agent.planner.english import nouns
from agent.planner.english.lexicon import words as word_set
from agent.planner.english.looks import Complement, complement, is_look_phrase, look_of, opposite
from agent.planner.english.nouns import has_thing, is_look, is_thing, lows, noun_of, split
from agent.planner.english.objects import add_clause, gift_look, remove_clause
from agent.planner.english.patterns import Pattern
from agent.planner.english.phrase import is_compound
from agent.planner.english.pieces import NOTHING, Piece, of_the, reference, thing_in, trimmed, unknown_thing
from agent.planner.english.places import begins_place, instead, place_at_start, with_doing, words_of_place
from agent.planner.english.text import Tokens, join
from agent.planner.english.verbs import is_participle, lemma, made_into, only_look, passive, verb_clause
from agent.planner.frames import Reference


def verbal(tokens: Tokens) -> Piece | None:
    """A clause that begins with a verb; where the verb only says that something is wanted, what is said of
    that.
    """
    piece = verb_clause(tokens)
    return nominal(piece.rest, wanted=True) if piece is not None and piece.sort == "wanted" else piece


def nominal(tokens: Tokens, *, wanted: bool = False) -> Piece:
    """A noun phrase with what is said of it: "a red door", "the rug in navy", "a plant in the corner".

    ``wanted``: the clause said that this is wanted, so that an object with nothing said of it is vague.
    """
    tokens = trimmed(tokens)
    words = lows(tokens)
    if not words:
        return Piece("vague" if wanted else "")
    ref, after = reference(tokens)
    if ref:
        piece = _said_of("", ref, after, "")
        return replace(piece, sort=piece.sort or ("vague" if wanted else ""), reference=ref)
    if words[0] in ("less", "fewer") and len(words) > 1 and has_thing(tokens[1:]):
        return remove_clause(tokens[1:], "remove")
    if words[0] == "no" and len(words) > 1:
        return remove_clause(tokens[2:] if words[1] == "more" else tokens[1:], "remove")
    if words[0] in ("to", "be", "into") and len(words) > 1:
        what = complement(tokens)
        return Piece(new=what.new, bare=True) if what.new else only_look(tokens)
    again = again_for(tokens)
    if again:
        return again
    copied = look_of(tokens)[1]
    if copied:
        return Piece(like=copied)  # "same as the walls"
    if "same" in words[:2] and words[0] in ("the", "same") and len(words) > 2:
        # "the same sofa in leather" is the sofa
        kept = tuple(token for token in tokens if token.low != "same")
        return nominal(kept, wanted=wanted)
    if words[0] == "too" and len(words) > 1:
        return _too(words)
    if (nouns.locative(tokens) and words[0] != "in") or (words[0] == "in" and begins_place(tokens)):
        where, rest = place_at_start(tokens)
        if where and rest:
            inner = nominal(rest, wanted=wanted)
            if inner.new or inner.bare:
                return replace(
                    inner,
                    sort="add",
                    verb="add",
                    place=where,
                    new=inner.new or join(rest),
                    target="",
                    look="",
                )
            return inner
        if where:
            return Piece(place=where)
    found = look_for(tokens)
    if found:
        return found
    if (
        words[0] in ("in", "with", "like", "using")
        or words[0] in lx.DEGREES - {"a", "all", "nice"}
        or is_look_phrase(tokens)
    ):
        return _look_piece(tokens)
    if words[0] in ("more", "less") or (
        words[0] == "a"
        and words[1:2]
        and words[1] in ("bit", "little", "touch", "tad", "lot")
        and not has_thing(tokens)
    ):
        if has_thing(tokens):
            return add_clause("add", tokens) or Piece("vague")
        return _look_piece(tokens)
    definite = words[0] in lx.DEFINITE
    target, after = split(tokens, places=definite, look_follows=True, tails=not definite)
    if not target:
        return Piece("vague") if wanted else NOTHING
    if (
        definite
        and noun_of(target) in ("room", "picture", "image", "photo", "scene", "place")
        and lows(after)[:1] == ("with",)
    ):
        return nominal(after[1:], wanted=wanted)  # "the room with green walls"
    if definite:
        target, after = of_the(target, after)
        piece = _said_of(join(target), "", after, noun_of(target))
        if not piece.sort and wanted:
            return replace(piece, sort="vague", verb="restyle")
        return piece
    return _indefinite(target, after, tokens, wanted=wanted)


_SUITS = Pattern(
    r"^(?:would|could|might|will|should)? ?(?:really |probably |definitely )*(?:suit|suits|fit|fits"
    r"|work|works|go|goes|look|looks|be|is|do|match)(?: (?:so|really|very|quite|much|way|far|great"
    r"|good|well|nice|nicely|lovely|better|perfect|perfectly|best|nicer|amazing|amazingly|cool|awesome"
    r"|wonderful|right))*(?: (?:for|on|with|in|as))?$"
)


def look_for(tokens: Tokens) -> Piece | None:
    """ "leather for the sofa", "red would look good on the sofa", "gold would suit the lamp"."""
    words = lows(tokens)
    for i in range(1, len(words)):
        if words[i] in ("the", "my", "our", "this", "that", "those", "these"):
            before, named = tokens[:i], tokens[i:]
            break
    else:
        return None
    partly = words[0] in ("more", "some", "less", "a")
    link = next(
        (
            j
            for j, token in enumerate(before)
            if token.low
            in lx.MODALS | lx.BE | {"for", "on", "suits", "suit", "fits"} | ({"in"} if partly else set())
        ),
        None,
    )
    if not link or not is_look_phrase(before[:link]):
        return None
    between = " ".join(lows(before[link:]))
    if partly and between == "in":
        between = "on"
    if between not in ("for", "on") and not _SUITS.fullmatch(between):
        return None
    target, rest = split(named, places=True)
    if not target or trimmed(rest) or not (has_thing(target) or unknown_thing(target)):
        return None
    look, _, vague = look_of(before[:link])
    if vague or not look:
        return None
    return Piece("restyle", "restyle", target=join(target), look=look)


_AGAIN_FOR = Pattern(
    r"(?:(?:and )?(?:do|repeat|apply|give|use|have|try|want|make|put) )?(?:exactly |just "
    r"|all )?(?:(?:the )?same(?: (?:thing|treatment|again|look|colou?r|material|fabric|style|finish"
    r"|one|way|change|edit|deal|please|idea|story))?|it|this|that|likewise|ditto|similarly"
    r"|as above)(?: (?:again|also|too))? "
    r"(?:for|on|to|with|goes for|applies to|in|over|onto) (?P<x>.+?)(?: too| as well| also| please| again)*"
)


def again_for(tokens: Tokens) -> Piece | None:
    """ "the same for the armchair", "apply that to the chairs", "ditto for the rug"."""
    text = " ".join(lows(tokens))
    match = _AGAIN_FOR.fullmatch(text)
    if not match or not re.search(
        r"\bsame\b|\blikewise\b|\bditto\b|\bsimilarly\b|^(?:and )?(?:do|repeat|apply|use) ", text
    ):
        return None
    named = tokens[len(text[: match.start("x")].split()) :]
    target, _ = split(named, places=True)
    if not target or (not nouns.has_thing(target) and not unknown_thing(target)):
        return None
    return Piece("restyle", "restyle", target=join(target), like="last")


def _too(words: tuple[str, ...]) -> Piece:
    """ "too dark": lighter, where the planner knows what is less dark."""
    for word in words[1:]:
        if lx.COMPARATIVES.get(word, word) in lx.OPPOSITES:
            return Piece(look=opposite(word), confidence=0.6)
    return Piece("vague", "restyle", reference="it")


def _look_piece(tokens: Tokens) -> Piece:
    what = complement(tokens, surface=tokens[0].low != "with")
    if what.like:
        return Piece(like=what.like, look="")
    if what.vague:
        return Piece("vague", "restyle")
    return Piece(look=what.look)


_STATES = word_set("""
    me us you him had has have does did got i we they he she my your broke bought gave took found fell
    spilled hates hate likes loves thinks knocked destroyed ruined left
""")
"""After a thing these go on with a statement: "this room reminds | me"."""


_ANNOYING = word_set("""
    bothers annoys irritates disturbs distracts clashes sucks stinks ruins spoils hurts bugs disgusts blocks
    dominates clash bother annoy
""")


def complaint(tokens: Tokens) -> Piece | None:
    """ "that lamp bothers me": something shall change, but not what."""
    words = lows(tokens)
    verb = next((i for i, word in enumerate(words) if word in _ANNOYING), 0)
    if not verb or words[0] not in lx.DEFINITE:
        return None
    return Piece("vague", "restyle", target=join(tokens[:verb]), negated=True)


def _said_of(target: str, ref: Reference, after: Tokens, noun: str) -> Piece:
    """A piece about a thing that is there, with what the rest of the clause says of it."""
    after = trimmed(after)
    words = lows(after)
    if not words:
        return Piece(target=target, reference=ref)
    if words[0] in _STATES:
        return Piece("talk", target=thing_in(after) or target, reference=ref)
    if words[:2] in (("do", "not"), ("does", "not"), ("did", "not")):
        return Piece("vague", "restyle", target=target, reference=ref, negated=True)
    if words[0] in ("gone", "out", "away", "off") and len(words) == 1:
        return Piece("remove", "remove", target=target, reference=ref)
    if words[0] in ("too", "also") or words[:2] == ("as", "well"):
        return Piece(target=target, reference=ref, also=True)
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
        return Piece()
    if words[:2] == ("to", "be") or words[:2] == ("to", "become"):
        return _said_of(target, ref, after[2:], noun)
    if words[:2] == ("to", "go") or words[:2] == ("to", "disappear"):
        return Piece("remove", "remove", target=target, reference=ref)
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
        return Piece("remove", "remove", target=target, reference=ref)
    what = complement(after, noun)
    if what.with_:
        blanket = _on_it(target, after)
        if blanket:
            return blanket
    if what.like:
        return Piece("restyle", "restyle", target=target, reference=ref, like=what.like)
    swapped = words[0] == "for" and words[1:2] in (
        ("a",),
        ("an",),
        ("some",),
    )  # "swap … and the tap for a pump"
    if what.new and (words[0] in ("→", ":", "to", "into", "as", "become", "a", "an") or swapped):
        return Piece("replace", "restyle", target=target, reference=ref, new=what.new)
    if what.look:
        return Piece("restyle", "restyle", target=target, reference=ref, look=what.look)
    if what.vague:
        return Piece("vague", "restyle", target=target, reference=ref)
    return Piece("talk", target=thing_in(after) or target, reference=ref)


def _on_it(target: str, after: Tokens) -> Piece | None:
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
        return Piece("add", "add", new=join(new), place=f"{where} {target}")
    return None


def _indefinite(thing: Tokens, after: Tokens, tokens: Tokens, *, wanted: bool) -> Piece:
    thing, after = with_doing(thing, trimmed(after))
    words = lows(after)
    swap = instead(thing, after)
    if swap:
        return swap
    article = thing[0].low if nouns.determiners(thing) else ""
    if article and after and words[0] in lx.MODALS | lx.BE:
        return _wished(thing, after)
    thing, after = of_the(thing, after)
    words = lows(after)
    run = nouns.core(thing[nouns.determiners(thing) :])
    towards = bool(after) and words[0] == "to" and has_thing(after[1:])
    if (
        after
        and (begins_place(after) or words[0] in ("here", "there", "somewhere") or towards)
        and not _look_pp(after)
    ):
        where = words_of_place(after) if words[0] not in ("here", "there", "somewhere") else ""
        return Piece("add", "add", new=join(thing), place=where)
    if not run:
        return Piece("vague") if wanted else NOTHING
    noun_words = nouns.head(run, look_follows=False)
    noun = run[noun_words - 1] if noun_words else run[-1]
    mods = tuple(t for t in run if is_look(t.low))
    if mods and is_look(run[0].low) and not (len(mods) == len(run) and article):
        look_words, noun_tokens = _modifiers(run)
        if look_words and noun_tokens:
            extra = complement(after, noun.low).look if after else ""
            tail = thing[nouns.determiners(thing) + len(run) :]
            text = " ".join(
                part
                for part in (join(look_words), extra, join(tail) if tail and tail[0].low == "with" else "")
                if part
            )
            return Piece(
                "restyle" if not (tail and tail[0].low == "of") else "", "restyle",
                target="the " + join(noun_tokens), look=text, new=join(thing), bare=True,
            )  # fmt: skip
    if after and words[0] in lx.MODALS | lx.BE:
        return predicate(join(thing), "", after, noun.low)
    what = complement(after, noun.low) if after else Complement()
    if (
        not article
        and not wanted
        and not any(is_look(t.low) or is_thing(t.low) for t in tokens)
        and words[:1] not in (("in",), ("→",), (":",), ("to",))
    ):
        # nothing known in it: a look of one word ("bouclé"), if we asked for one
        return Piece(new=join(thing), bare=True) if len(tokens) == 1 else NOTHING
    if what.with_:
        blanket = _on_it(join(thing), after)
        if blanket:
            return blanket
    if what.look or (what.like and words[0] != "with" and not article and not wanted):
        target = join(thing) if not article else "the " + join(thing[nouns.determiners(thing) :])
        return Piece("restyle", "restyle", target=target, look=what.look, like=what.like)
    if what.new and not article and words[0] in ("→", ":", "to", "into", "as"):
        return Piece("replace", "restyle", target=join(thing), new=what.new)
    if what.vague:
        return Piece("vague", "restyle", target=join(thing))
    return Piece("", "", new=join(thing), bare=True, target="" if article else join(thing))


def _look_pp(after: Tokens) -> bool:
    return after[0].low == "in" and not begins_place(after)


def _modifiers(run: Tokens) -> tuple[Tokens, Tokens]:
    """The look words before a noun, and the noun: "dark red | door", "crocodile leather | handbag"."""
    last = max(
        (i for i in range(len(run) - 1) if is_look(run[i].low) and not _is_compound(run, i)), default=-1
    )
    return run[: last + 1], run[last + 1 :]


def _is_compound(run: Tokens, index: int) -> bool:
    return is_compound(run[index].low, run[index + 1].low)


def _wished(thing: Tokens, after: Tokens) -> Piece:
    """ "a plant would be nice (in the corner)"."""
    words = lows(after)
    for i in range(len(words)):
        if begins_place(after[i:]) and words[i] != "of":
            return Piece("add", "add", new=join(thing), place=words_of_place(after[i:]))
    inner = nominal(thing)
    return inner if inner.sort else replace(inner, sort="", bare=True)


_NEGATIVE = lx.EVALUATIVE - {"lovely", "beautiful", "pretty", "nice", "cute", "random"} | word_set("""
    bland bad wrong off odd strange messy cheap old outdated worn tired meh depressing sad empty cluttered
    busy much eyesore mess disaster nightmare monstrosity joke filthy worse tired missing broken missing
    horror crap trash garbage rubbish
""")


_PREFIX = Pattern(
    r"^(?:(?:to|and|should|could|would|can|will|must|need|needs|ought|want|wants|have|has|it|please"
    r"|just|now|actually|rather|then|instead|also|only) )*"
    r"(?:(?:to )?(?:be|get|become|turn|go|look|looks|appear|seem|stay|come|turned|made|done|feel) )*"
    r"(?:(?:much|way|far|a lot|so|really|even|absolutely|pretty|very|just|all|completely|entirely"
    r"|totally|fully|properly|nicely) )*"
    r"(?:(?:better|nicer|good|great|nice|lovely|amazing|cool|cooler|best|awesome|fantastic|beautiful"
    r"|wonderful|stunning|gorgeous|perfect|fab|fabulous|cute|prettier|smarter|smart|brilliant|sweet"
    r"|fine|incredible|fresh|fresher|sharp) )?"
    r"(?:(?:if|when) (?:it|they) (?:was|were|is|are) )?"
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


def predicate(target: str, ref: Reference, tokens: Tokens, noun: str, *, wish: bool = False) -> Piece:
    """ "(the wall) should be green", "(the lamp) has to go", "(the rug) is too dark".

    ``wish``: it is a what-if or a question.
    """
    tokens = trimmed(tokens)
    words = lows(tokens)
    text = " ".join(words)
    base = Piece(target=target, reference=ref)
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
        return replace(base, sort="restyle", verb="restyle", look=opposite(slightly[1]), confidence=0.6)
    enough = re.fullmatch(
        r"(?:is|are|looks?) (?:a bit |a little |way |far |much |just |still |kind of |rather |so "
        r"|really )*too (\w+)(?: for .*)?",
        text,
    )
    if enough:
        if enough[1] in lx.OPPOSITES:
            return replace(base, sort="restyle", verb="restyle", look=opposite(enough[1]), confidence=0.6)
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
    if words[0] in ("needs", "need", "wants", "deserves", "deserve", "requires") and words[1:2] != ("to",):
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
            return replace(base, sort="vague" if evaluation else "talk", verb="restyle")
        return replace(base, sort="talk")
    if not rest_words:
        return replace(base, sort="vague", verb="restyle")
    if is_participle(rest_words[0]):
        done = passive(target, ref, rest)
        if done:
            return done
    if rest_words[0] in ("go", "gone", "disappear", "vanish", "leave"):
        return replace(base, sort="remove", verb="remove")
    if rest_words[0] in ("better", "nicer") and len(rest_words) == 1:
        return replace(base, sort="vague", verb="restyle")
    if rest_words[0] in ("show", "depict", "display") and len(rest_words) > 1:
        return replace(base, sort="restyle", verb="restyle", look="of " + join(rest[1:]))
    said = _said_of(target, ref, rest, noun)
    return said if said.sort else replace(base, sort="vague", verb="restyle")


def _needs(target: str, ref: Reference, rest: Tokens) -> Piece:
    """ "the wall needs a coat of green paint", "the sofa needs cushions", "the rug needs replacing"."""
    words = lows(rest)
    base = Piece(target=target, reference=ref)
    if words[:1] == ("being",) and len(words) > 1:
        return _said_of(target, ref, rest[1:], "")
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
            return Piece("add", "add", new=join(thing), place=words_of_place(after))
        if after and lows(after)[-1] in ("it", "them") and target:
            return Piece("add", "add", new=join(thing), place=f"{join(after[:-1])} {target}")
        return Piece("add", "add", new=join(thing), place=f"on {target}" if target else "")
    return replace(base, sort="restyle", verb="restyle", look=given.look)
