"""Yes and no: answers to a question such as "Shall I go on?"."""

from __future__ import annotations

import re
from typing import Final

_YES: Final = re.compile(
    r"(?:yes|yeah|yep|yup|y|sure|ok|okay|alright|right|correct|please do|do it|do that|go on|go ahead)"
    r"(?:[ ,]+(?:please|do|do it|go on|go ahead|sure|thanks))*"
)
_NO: Final = re.compile(
    r"(?:no|nope|nah|n|don'?t|do not|stop|cancel|never ?mind|leave it|forget it|skip it)"
    r"(?:[ ,]+(?:thanks|thank you|please|don'?t|do not|stop|leave it|never ?mind|do it|do that))*"
)
_KEEP: Final = re.compile(
    r"(?:(?:yes|ok|okay|fine|please|then|just|i'?ll|i will|let'?s|we'?ll) )*"
    r"(?:keep|take|use|accept) (?:it|that|this|them|those|that one|this one"
    r"|the (?:nearest|closest)(?: one| result)?)"
    r"(?: (?:anyway|then|please|as it is|for now|thanks))*"
)


def keeps(sentence: str) -> bool:
    """Whether a sentence takes what is on offer: "keep it", "yes"."""
    said = " ".join(re.sub(r"[^\w' ]", " ", sentence.lower()).split())
    return yes_or_no(sentence) is True or _KEEP.fullmatch(said) is not None


def yes_or_no(sentence: str) -> bool | None:
    """The answer that a sentence gives to a question of yes or no, if it gives one."""
    said = re.sub(r"[^\w' ,]", " ", sentence.lower()).strip()
    said = " ".join(said.split())
    if _YES.fullmatch(said):
        return True
    return False if _NO.fullmatch(said) else None
