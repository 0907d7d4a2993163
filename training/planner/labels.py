"""From the labels of composed words to frames: which words belong together, and what they ask for. All text
is copied.

A word is of a thing that gets a look (T), its look (L), a part that it gets (W), of a thing that makes way
(X), of what takes its place (N), of a thing that goes (R), of a new thing (A), of its place (P), of a thing
of which nothing definite is said (V), or nothing (O).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from agent.planner.frames import Frame, Reference
from tools.language import chunking
from tools.language import lexicon as lx
from tools.language.chunking import is_look, is_thing, lows, split
from tools.language.noun_phrases import merge, parse, render, split_look, words_of
from tools.language.tokens import Tokens, join, tokenise


@dataclass
class _Wish:
    """The labelled stretches of one wish, in their order."""

    spans: list[tuple[str, list[int]]] = field(default_factory=list)

    def of(self, label: str) -> list[list[int]]:
        return [places for name, places in self.spans if name == label]


def read(tokens: Tokens, labels: Sequence[str], begins: Sequence[bool]) -> tuple[Frame, ...]:
    """The frames of a sentence from the labels of its tokens, and whether a wish begins at each; empty where
    they do not fit together.
    """
    own = list(labels)
    for place in range(1, len(tokens)):
        possessive = tokens[place - 1].low.endswith("'s") and own[place] == "O"
        if possessive and tokens[place].low not in lx.LOOK_NOUNS:
            own[place] = own[place - 1]  # what somebody owns belongs to the stretch: "the ship's | sails"
    frames: list[Frame] = []
    for wish in _wishes(tokens, own, begins):
        whole = all(_names(tokens, places) for label, places in wish.spans if label not in "LP")
        made = _frames(tokens, wish, frames)
        if not whole or not made:
            return ()
        frames += made
    return tuple(frames)


def _wishes(tokens: Tokens, labels: Sequence[str], begins: Sequence[bool]) -> list[_Wish]:
    wishes: list[_Wish] = []
    before = "O"
    for place, label in enumerate(labels):
        if label != "O":
            first = not wishes or begins[place]
            if first:
                wishes.append(_Wish())
            spans = wishes[-1].spans
            if first or (label != before and not _goes_on(tokens, spans, label, place)):
                spans.append((label, []))
            spans[-1][1].append(place)
        before = label
    return [part for wish in wishes for part in _parted(wish)]


def _parted(wish: _Wish) -> list[_Wish]:
    """Wishes that were run together: things and looks by turns ("the sofa green and the rug grey")."""
    runs = [(name, list(group)) for name, group in groupby(wish.spans, key=lambda span: span[0])]
    names = [name for name, _ in runs]
    turns = len(names) >= 4 and len(names) % 2 == 0 and names == names[:2] * (len(names) // 2)
    if not turns and names != ["T", "L", "T"]:
        return [wish]
    pairs = [runs[i : i + 2] for i in range(0, len(runs), 2)]
    return [_Wish([span for _, group in pair for span in group]) for pair in pairs]


def _goes_on(tokens: Tokens, spans: list[tuple[str, list[int]]], label: str, place: int) -> bool:
    """Whether a stretch continues after words that are none of it: "that | ugly | lamp"."""
    name, places = spans[-1]
    articles = all(tokens[number].low in chunking.DETERMINERS for number in places)
    return name == label and articles and tokens[place].low not in lx.LOCATIVES


def _names(tokens: Tokens, places: list[int]) -> bool:
    """Whether a stretch may stand for a thing: it does not end in an article or a place word."""
    last = tokens[places[-1]].low
    if (
        last in ("it", "them")
        and len(places) > 1
        and _reference(tuple(tokens[i] for i in places))[1:] != ((),)
    ):
        return False
    return last not in (chunking.DETERMINERS - _ALONE) and last not in (
        "on",
        "in",
        "of",
        "at",
        "for",
        "with",
        "to",
    )


_ALONE = frozenset({"this", "that", "these", "those", "both", "all"})


def _frames(tokens: Tokens, wish: _Wish, before: list[Frame]) -> list[Frame]:
    """The frames of one wish; empty where its words do not fit together."""

    def text(places: list[int]) -> str:
        return join(tuple(tokens[place] for place in places))

    old, gone, vague = wish.of("X"), wish.of("R"), wish.of("V")
    new, things, looks = wish.of("N"), wish.of("T"), wish.of("L")
    if gone and len(gone) == len(wish.spans):
        return [_about(tokens, places, Frame("edit", "remove"), before) for places in gone]
    if old and new and len(old) + len(new) == len(wish.spans):
        prompt = " and ".join(text(places) for places in new)
        return [_about(tokens, places, Frame("edit", "replace", prompt=prompt), before) for places in old]
    added, put = wish.of("A"), wish.of("P")
    if added and len(added) + len(put) == len(wish.spans):
        place = _place(tokens, [number for places in put for number in places], before) if put else ""
        if place is None:
            return []
        return [Frame("edit", "add", target=place, prompt=text(places)) for places in added]
    parts = wish.of("W")
    if things and len(things) + len(looks) + len(parts) == len(wish.spans):
        prompt = _joined(tokens, looks)
        if parts:
            prompt = " ".join((prompt, *(f"with {text(places)}" for places in parts))).strip()
        last = before[-1] if before else None
        if not prompt and last and last.kind == "restyle":
            prompt = last.prompt  # "and the rug too"
        if not prompt:
            return []
        if _same_thing(tokens, things) and last and last.act == "edit" and last.kind != "remove":
            merged = _over(last.prompt, prompt) if last.kind == "restyle" else _looked(last.prompt, prompt)
            before[-1] = replace(last, prompt=merged)  # "make it leather and make it darker"
            return [before.pop()]
        return [_about(tokens, places, Frame("edit", "restyle", prompt=prompt), before) for places in things]
    if vague and len(vague) == len(wish.spans):
        return [_about(tokens, places, Frame("ask"), before) for places in vague]
    return []


def _same_thing(tokens: Tokens, things: list[list[int]]) -> bool:
    """Whether a wish is about what the wish before it was about."""
    return len(things) == 1 and [tokens[place].low for place in things[0]] in (["it"], ["them"])


def _about(tokens: Tokens, places: list[int], frame: Frame, before: list[Frame]) -> Frame:
    """The frame with its object: named, or what a pronoun stands for."""
    words = tuple(tokens[place] for place in places)
    meant, rest = _reference(words)
    if meant and not rest:
        return replace(frame, reference=meant)
    target = join(words)
    if (
        words[-1].low in ("one", "ones") and before and before[-1].target
    ):  # "the left curtain in silk, the right one in hessian"
        noun = chunking.noun_of(tokenise(before[-1].target))
        target = " ".join((*(word.text for word in words[:-1]), noun))
    return replace(frame, target=target)


def _joined(tokens: Tokens, looks: list[list[int]]) -> str:
    words: list[str] = []
    for number, places in enumerate(looks):
        if number and tokens[places[0] - 1].low == "and" and looks[number - 1][-1] == places[0] - 2:
            words.append("and")
        words += [tokens[place].text for place in places]
    return " ".join(words)


def _place(tokens: Tokens, places: list[int], before: list[Frame]) -> str | None:
    """The words of a place, with a place word; None where it is said of what is not named ("next to it")."""
    words = tuple(tokens[place] for place in places)
    if words[-1].low in lx.LOCATIVES and not chunking.locative(words):
        words = (words[-1], *words[:-1])  # "the bed would look great with a throw on it"
    after = places[-1] + 1
    if chunking.locative(words) == len(words) and after < len(tokens) and tokens[after].low in lx.PRONOUNS:
        words = (*words, tokens[after])
    if words[-1].low in lx.PRONOUNS:
        thing = (before[-1].prompt if before[-1].kind == "add" else before[-1].target) if before else ""
        return f"{join(words[:-1])} the {chunking.noun_of(tokenise(thing))}" if thing else None
    if words[-1].low in lx.LOCATIVES or words[-1].low in chunking.DETERMINERS:
        return None
    if chunking.locative(words) or words[0].low in ("to", "from", "hanging", "standing", "leaning", "all"):
        return _words_of_place(words)
    return "on " + join(words)


_ONES: dict[str, Reference] = {
    "first": "first", "second": "second", "third": "third", "last": "last", "other": "other",
}  # fmt: skip


def _reference(tokens: Tokens) -> tuple[Reference, Tokens]:
    """A pronoun or "the first one" at the start, and the rest; ("", tokens) where there is none."""
    words = lows(tokens)
    if not words:
        return "", tokens
    if words[0] in ("it", "itself"):
        return "it", tokens[1:]
    if words[0] in ("them", "they"):
        if words[1:2] == ("both",):
            return "both", tokens[2:]
        return "them", tokens[2 if words[1:2] == ("all",) else 1 :]
    if words[0] in ("both", "all", "each"):
        rest = tokens[1:]
        if rest and (_begins_noun(rest) or rest[0].low == "of"):
            return "", tokens
        return ("both" if words[0] == "both" else "all" if words[0] == "all" else "them"), rest
    if words[0] in ("this", "that", "these", "those") and not _begins_noun(tokens[1:]):
        return ("it" if words[0] in ("this", "that") else "them"), tokens[1:]
    if words[0] == "the" and words[1:2] and words[1] in _ONES and words[2:3] in (("one",), ("ones",)):
        return _ONES[words[1]], tokens[3:]
    return "", tokens


def _begins_noun(tokens: Tokens) -> bool:
    """Whether a noun phrase goes on here, rather than a look or a clause ("this | sofa" but "this | red")."""
    run = chunking.core(tokens)
    if not run:
        return bool(tokens) and tokens[0].low in chunking.DETERMINERS
    words = lows(run)
    if all(is_look(w) or w in lx.DEGREES or w in lx.VAGUE_LOOKS for w in words):
        return len(words) == 1 and is_thing(words[0]) and words[0] not in lx.SHADES
    return True


def _words_of_place(tokens: Tokens) -> str:
    """The words of a place: "to the wall" is "on the wall"; what follows the place is left out."""
    words = lows(tokens)
    if words[0] == "to" and not chunking.locative(tokens):
        inner, _ = split(tokens[1:], places=True)
        return "on " + join(inner or tokens[1:])
    size = chunking.locative(tokens) or (1 if words[0] == "from" else 0)
    inner, _ = split(tokens[size:], places=True)
    words_in = join(inner or tokens[size:])
    return f"{join(tokens[:size])} {words_in}".strip()


def _over(old: str, new: str) -> str:
    """A look with what a correction says in the place of what it corrects: "red leather", no "blue" = "blue
    leather".
    """
    merged = merge(split_look(old), split_look(new))
    return " ".join((*words_of(merged.looks), *merged.tail)) or new


def _looked(prompt: str, look: str) -> str:
    """A new thing with a further look: "a lamp" + "brass" = "a brass lamp"."""
    return render(merge(parse(prompt), split_look(look, parse(prompt).noun)))
