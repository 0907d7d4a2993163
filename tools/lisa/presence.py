"""Whether a thing is there: a decision from what LISA would say and from how sure its mask is.

A small model that says "I do not see it." does so at the wrong times: its first words follow the question
more than the picture. Its mask knows better, for it is faint where nothing fits. So a model may carry a rule
that was fitted on pictures of known content: both signs, weighed as in logistic regression.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Presence:
    """The rule. ``yes`` (with one [SEG]) and ``no`` are the only two answers that the model was taught.

    A thing is there when ``bias + text·t + mask·m > 0``, where t is the log-odds of the first word in which
    the answers differ, and m those of the mask's mean probability inside itself.
    """

    yes: str
    no: str
    bias: float
    text: float
    mask: float

    @classmethod
    def of(cls, fields: Mapping[str, Any] | None) -> Presence | None:
        """The rule of a config's fields, if there is one."""
        return cls(**fields) if fields else None

    def logit(self, said: float, inside: float) -> float:
        """How sure it is that the thing is there: above 0 it is.

        ``said`` are the log-odds of yes over no, ``inside`` the mask's mean probability inside itself, 0…1.
        """
        return self.bias + self.text * said + self.mask * odds(inside)


def odds(probability: float) -> float:
    """The log-odds of a probability, kept within those of 0.001 and 0.999."""
    kept = min(max(probability, 1e-3), 1 - 1e-3)
    return math.log(kept / (1 - kept))
