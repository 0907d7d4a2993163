"""Targets and prompts: how a plan words what the user said. All words are the user's; nothing is added but
articles.
"""

from __future__ import annotations

import re
from dataclasses import replace

from agent.planner.context import LayerView
from agent.planner.frames import Frame
from agent.planner.plan import Edit
from agent.planner.resolve.layers import object_of, stem
from tools.language import lexicon as lx
from tools.language.chunking import is_thing
from tools.language.lexicon import word_set
from tools.language.looks import read_look, settled
from tools.language.noun_phrases import Phrase, merge, parse, refused, render, split_look, words_of
from tools.language.referring import all_but


def bare(target: str) -> Phrase:
    """The thing of a target without its place: "the chair on the left" = chair, "both chairs" = chairs."""
    if _CLAUSE.match(target):
        return Phrase("", (), ("thing",))  # "what you sit on"
    but = all_but(target)
    phrase = parse(but[0] if but else target)
    noun = tuple(w for w in phrase.noun if w.lower() not in lx.EVALUATIVE)
    owner = max((i for i, w in enumerate(noun) if w.endswith("'s")), default=-1)
    noun = noun[owner + 1 :] or noun  # "the man's tie" is a tie
    while len(noun) > 1 and noun[0].lower() in _WHICH and noun[:2] != ("front", "door"):
        noun = noun[1:]
    if phrase.article.lower().startswith("one of") and noun:
        noun = (*noun[:-1], stem(noun[-1]))
    number = "".join(phrase.article.lower().split()[-1:])
    counted = lx.NUMBERS.get(number, 0) > 1 and number not in ("some", "few", "several")
    looks = tuple(look for look in phrase.looks if not all(w.lower() in lx.EVALUATIVE for w in look.words))
    looks = tuple(look for look in looks if not any(w.lower().endswith("est") for w in look.words))
    if looks and set(looks[0].words) & {"other", "same"}:
        looks = looks[1:]
    return Phrase(number if counted else "", looks, noun or phrase.noun)


_WHICH = (
    lx.DIRECTIONS
    | lx.ORDINALS.keys()
    | word_set("""
    last same current existing original whole entire own other remaining leftmost rightmost topmost uppermost
    bottommost lowest highest biggest largest smallest closest nearest furthest farthest
""")
)
"""Words that say which one is meant, and nothing of the thing."""


_CLAUSE = re.compile(r"(?:the )?(?:what|whatever|wherever) ", re.IGNORECASE)
""" "What gives light", "whatever you sit on": a thing that is told by what it does."""


def restyled(thing: str, look: str) -> str:
    """What to paint when a thing gets a look: "the red sofa" + "leather" = "a red leather sofa"."""
    phrase = bare(thing)
    if re.match(r"the colour of (?:the|my|our|that|this) ", look, re.IGNORECASE):
        # the other thing's words are its own: none of them is a look of this one
        looks = tuple(each for each in phrase.looks if each.sort != "colour")
        return f"{render(replace(phrase, looks=looks, tail=()))} {look}"
    whole = parse(look)
    if (
        whole.noun
        and look.split()[0].lower() in ("a", "an")
        and not split_look(look, phrase.noun).looks
        and not split_look(look).tail
    ):
        return render(replace(whole, article=""))
    return render(merge(phrase, split_look(look, phrase.noun)))


def revised(prompt: str, look: str) -> str:
    """What to paint when a layer gets a further look: "a brown leather sofa" + "darker" = "a dark brown
    leather sofa".
    """
    old, new = read_look(prompt), read_look(look)
    if old.step is not None and old.value is not None and (new.value is not None or new.step is not None):
        prompt = settled(prompt, " ".join(parse(prompt).noun))  # a further step starts where that one ended
    phrase, said = parse(prompt), split_look(look, parse(prompt).noun)
    made_anew = any(each.sort == "material" for each in said.looks)
    if made_anew and len(phrase.noun) > 1 and phrase.noun[0].lower() in lx.MATERIALS:
        phrase = replace(phrase, noun=phrase.noun[1:])  # a glass table in marble is of glass no more
    unwanted = refused(look)
    looks = tuple(each for each in phrase.looks if not unwanted & {word.lower() for word in each.words})
    phrase = replace(phrase, looks=looks)
    article = phrase.article if phrase.article.lower() not in ("a", "an", "the") else ""
    return render(merge(replace(phrase, article=article), said))


def new_thing(words: str, target: str = "") -> str:
    """A new thing as it is to be painted: with an article; "a longer one" and "something in
    brass" with what it replaces.
    """
    kept = words.split()
    while len(kept) > 2 and kept[-1] in ("hanging", "standing", "lying", "leaning", "hang", "stand", "lie"):
        kept = kept[:-1]  # that a lamp stands goes without saying
    words = " ".join(kept)
    behind = _LOOK_BEHIND.fullmatch(words)
    if behind is not None and _is_look(behind["look"]):
        words = revised(behind["thing"], behind["look"])  # "a vase, green": a green vase
    phrase = parse(words)
    own = phrase.noun[-1].lower() if phrase.noun else ""
    if target and (own in ("one", "ones") or (own == "something" and phrase.looks)):
        phrase = replace(phrase, noun=(*phrase.noun[:-1], *bare(target).noun))
        words = " ".join((phrase.article, *words_of(phrase.looks), *phrase.noun, *phrase.tail)).strip()
    article = phrase.article.lower()
    counted = article not in ("", "a", "an") and article.split()[0] not in _NOT_COUNTS
    if counted:
        return words
    low = phrase.noun[-1].lower() if phrase.noun else ""
    if article or (is_thing(low) and low not in lx.MATERIALS):
        return render(replace(phrase, article=""))
    return words


_LOOK_BEHIND = re.compile(
    r"(?P<thing>[^,]+?)(?:, (?:in |a |an |made of |preferably |maybe |please )*| in )(?P<look>[\w-]+(?:"
    r" [\w-]+)?)",
    re.IGNORECASE,
)


def _is_look(words: str) -> bool:
    look = read_look(words)
    return (look.value is not None or bool(look.material)) and not look.rest


_NOT_COUNTS = word_set("the my our your that this these those another any more extra its his her their")


_DETERMINERS = word_set("that this those these my our your his her their a an some the its any")


def target_of(words: str) -> str:
    """A target as the segmenter gets it: with "the" for "that" and "my", without "ugly"."""
    if _CLAUSE.match(words):
        return words
    parts = words.split()
    while parts and parts[0].lower() in _DETERMINERS:
        parts = parts[1:]
    kept = [w for w in parts if w.lower() not in lx.EVALUATIVE or w == parts[-1]]
    if not kept:
        return words
    if kept[0].lower() in ("all", "both", "every", "each", "no") or (
        kept[1:2] == ["of"] and kept[0].lower() in lx.NUMBERS
    ):
        return " ".join(kept)
    return " ".join(("the", *kept))


def place_of(words: str) -> str:
    """The place of a new thing, with its place word: "on the table"."""
    parts = words.split()
    for i, word in enumerate(parts):
        if word.lower() in ("that", "this", "my", "our", "your", "those", "these"):
            parts[i] = "the"
    kept = [w for w in parts if w.lower() not in lx.EVALUATIVE]
    return " ".join(kept)


def definite(words: str) -> str:
    """The words with "the" where they have no determiner."""
    first = words.split()[0].lower()
    known = ("the", "that", "both", "all", "one", "what", "whatever")
    return words if first in known else f"the {words}"


def short(words: str) -> str:
    """The words without their article."""
    first, _, rest = words.partition(" ")
    return rest if rest and first.lower() in ("the", "a", "an") else words


def understood(edit: Edit, layer: LayerView | None = None) -> str:
    """An edit in a few words: "sofa → a brown leather sofa"."""
    if edit.kind == "remove":
        return f"remove {definite(edit.target)}"
    if edit.kind == "add" and layer is None:
        return f"{edit.prompt} {edit.target}"
    return f"{short(object_of(layer) if layer else edit.target)} → {edit.prompt}"


_PARTS = word_set("""
    zip zipper button pocket collar sleeve fringe tassel frill ruffle handle knob leg wheel logo label
    stripe bow ribbon badge belt strap hood patch border frame lid spout pedal saddle antenna fin wing tail
    horn ear nose hat scarf pattern cushion pillow headrest armrest drawer shade bulb hem trim embroidery
    print sticker number name sign spoiler mudguard
""")
"""Things that are part of another: they go on what was spoken of last."""


def is_part(prompt: str) -> bool:
    """Whether a new thing is a part of another ("a zip")."""
    noun = parse(prompt).noun
    return bool(noun) and stem(noun[-1]) in _PARTS


def with_noun(frame: Frame) -> str:
    """A frame's look and noun as one new thing: "the vase" + "red" = "a red vase"."""
    noun = parse(frame.target)
    return render(merge(Phrase("", (), noun.noun), split_look(frame.prompt, noun.noun)))
