"""The agent's own sentences: small helpers that put things into words for the user."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tools.kinds import Kind

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


def edit(target: str, prompt: str, kind: Kind | str) -> str:
    """An edit in a few words: "the sofa → a brown leather sofa", "the lamp removed", "a cat added here"."""
    if kind == "remove":
        return f"{definite(target)} removed"
    if kind == "add":
        return f"{prompt} added {target}".rstrip()
    return f"{definite(target)} → {prompt}"


def shown(target: str, prompt: str, kind: Kind | str, visible: bool) -> str:
    """A layer that was hidden or shown: "the sofa → as before", "the sofa → a leather sofa again"."""
    if visible:
        return f"{edit(target, prompt, kind)} again"
    return f"{prompt} taken out" if kind == "add" else f"{definite(target)} → as before"


def subject(target: str, prompt: str, kind: Kind | str) -> str:
    """What an edit is about: the object, or for ``add`` the new one."""
    return prompt if kind == "add" else definite(target)
