"""Whether a thing is there: a decision from what LISA would say and from how sure its mask is.

A small model that says "I do not see it." does so at the wrong times: its first words follow the question
more than the picture. Its mask knows better, for it is faint or a mere scrap where nothing fits. So does its
own list of what there is, although that is wrong now and then, too. So a model may carry a rule that was
fitted on pictures of known content: these signs, weighed as in logistic regression.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tools.language.object_sizes import noun_in, thing_in
from tools.language.referring import plural

_ARTICLE: Final = re.compile(r"^(?:an?|the|my|our|this|there (?:is|are))\s+", re.I)
_RELATION: Final = re.compile(
    r"\b(?:of|with|on|in|at|by|behind|above|over|under|next|near|beside|between|against|that|which|to)\b|,"
)


@dataclass(frozen=True)
class Signs:
    """What one look tells of whether a thing is there.

    ``said``: the log-odds of yes over no; ``inside``: the mean probability of the mask of a yes inside
    itself, 0…1, 0 where it is empty; ``share``: how much of the picture it covers, 0…1.
    """

    said: float
    inside: float
    share: float

    @property
    def weighed(self) -> tuple[float, float, float]:
        """What a :class:`Presence` weighs of it: t, m and a."""
        return self.said, odds(self.inside), self.share**0.25


@dataclass(frozen=True)
class Presence:
    """The rule. ``yes`` (with one [SEG]) and ``no`` are the only two answers that the model was taught.

    A thing is there when ``bias + text·t + mask·m + area·a + named·n > 0``, where t is the log-odds of the
    first word in which the answers differ, m those of the mask's mean probability inside itself, a the fourth
    root of its share of the picture (what is very small counts, what is large hardly), and n is 1 when the
    model names the thing where it is asked what there is, else 0.
    """

    yes: str
    no: str
    bias: float
    text: float
    mask: float
    area: float = 0.0
    named: float = 0.75

    @classmethod
    def of(cls, fields: Mapping[str, Any] | None) -> Presence | None:
        """The rule of a config's fields, if there is one."""
        return cls(**fields) if fields else None

    def logit(self, signs: Signs, named: bool = False) -> float:
        """How sure it is that the thing is there: above 0 it is. ``named``: the model names it of itself."""
        said, mask, area = signs.weighed
        return self.bias + self.text * said + self.mask * mask + self.area * area + self.named * named


def bare(phrase: str) -> str:
    """A phrase in lower case without its article."""
    return _ARTICLE.sub("", phrase.strip().lower())


def is_named(phrase: str, names: Collection[str]) -> bool:
    """Whether what a phrase speaks of is among some names, by these very words or by what they mean.

    "the red carpet by the door" is named by "rug": the noun counts, not how it looks or where it is.
    """
    return bare(phrase) in names or _name_for(phrase, names) is not None


def renamed(phrase: str, names: Collection[str]) -> str | None:
    """A phrase with the noun that the model has for it: "the rug by the door" for "the carpet by the door"
    where "rug" is among the names. None where it says that already, or nothing there has such a name.
    """
    noun, name = noun_in(_RELATION.split(bare(phrase))[0]), _name_for(phrase, names)
    if not noun or name is None or noun in name:
        return None
    return re.sub(
        rf"\b{noun}(s|es)?\b", lambda m: plural(name) if m[1] else name, phrase, count=1, flags=re.I
    )


def _name_for(phrase: str, names: Collection[str]) -> str | None:
    kind, _ = thing_in(_RELATION.split(bare(phrase))[0])
    return next((name for name in names if kind and thing_in(name)[0] == kind), None)


def odds(probability: float) -> float:
    """The log-odds of a probability, kept within those of 0.001 and 0.999."""
    kept = min(max(probability, 1e-3), 1 - 1e-3)
    return math.log(kept / (1 - kept))
