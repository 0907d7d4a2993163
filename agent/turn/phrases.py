"""Phrases that the agent's sentences are made of: articles, lists, an edit in a few words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

_OWNED = r"the|my|our|your|this|that|these|those|its|his|her|their|some"
_DETERMINER = re.compile(rf"^(?:an?|{_OWNED})\s+", re.IGNORECASE)
_OWN = re.compile(rf"^(?:all|both|every|everything|each|{_OWNED})\b", re.IGNORECASE)


def says_something(phrase: str) -> bool:
    """Whether there is a letter or a digit in a phrase."""
    return any(character.isalnum() for character in phrase)


def capital(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def bare(phrase: str) -> str:
    """A phrase without its article: "the sofa" is "sofa"."""
    return _DETERMINER.sub("", phrase.strip()) or phrase.strip()


def definite(phrase: str) -> str:
    """A phrase as something known: "sofa" and "a sofa" are "the sofa", "my sofa" stays."""
    phrase = phrase.strip()
    return phrase if _OWN.match(phrase) else f"the {bare(phrase)}"


def indefinite(name: str) -> str:
    """A name as something new: "sofa" is "a sofa", "curtains" stays."""
    name = name.strip()
    if _DETERMINER.match(name) or (name.endswith("s") and not name.endswith("ss")):
        return name
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def is_several(phrase: str) -> bool:
    """Whether a phrase speaks of more than one thing: "the walls", "both chairs"."""
    noun = re.split(r"\b(?:of|with|on|in|at|by|behind|above|over|under|next|near)\b", phrase.lower())[
        0
    ].split()
    return bool(noun) and noun[-1].endswith("s") and not noun[-1].endswith(("ss", "us"))


def single(phrase: str) -> str:
    """A noun without its plural ending: "cushions" is "cushion"."""
    return re.sub(r"(?<=[^su])s$", "", re.sub(r"(?<=ch|sh|ss)es$", "", re.sub(r"shelves$", "shelf", phrase)))


def listed(items: Sequence[str], last: str = "and") -> str:
    """Several things in a row: "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


class Described(Protocol):
    """An edit by its words: a step of a plan, an edit in hand, a layer."""

    @property
    def target(self) -> str: ...

    @property
    def prompt(self) -> str: ...

    @property
    def kind(self) -> str: ...


def edit(each: Described) -> str:
    """An edit in a few words: "the sofa → a brown leather sofa", "the lamp removed", "a cat added here"."""
    if each.kind == "remove":
        return f"{definite(each.target)} removed"
    if each.kind == "add":
        return f"{each.prompt} added {each.target}".rstrip()
    return f"{definite(each.target)} → {each.prompt}"


def intention(each: Described) -> str:
    """An edit before it is done, in as few words: "remove the lamp", "add a cat here"."""
    if each.kind == "remove":
        return f"remove {definite(each.target)}"
    if each.kind == "add":
        return f"add {each.prompt} {each.target}".rstrip()
    return edit(each)


def change(each: Described) -> str:
    """What a layer is to somebody who never heard of layers: "the cat", "the change to the sofa"."""
    if each.kind == "remove":
        return f"the removal of {definite(each.target)}"
    return definite(each.prompt) if each.kind == "add" else f"the change to {definite(each.target)}"


def subject(each: Described) -> str:
    """What an edit is about: the object, or for ``add`` the new one."""
    return each.prompt if each.kind == "add" else definite(each.target)


def subjects(edits: Iterable[Described]) -> str:
    """What several edits are about, in a row."""
    return listed([subject(each) for each in edits])


def version(number: int) -> str:
    """A version: "version 3"."""
    return f"version {number}" if number else "the base picture"
