"""What a FLUX is told for an edit: each model has its own way of being asked.

Fill describes what is seen in the end, Kontext and Klein are given an instruction. The texts are in
``prompts/paint-*.txt``: a line for each kind, and one for an edit whose target is not known.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import prompts
from tools.inpainting.base import Job
from tools.inpainting.flux.family import FamilyName

PromptTemplate = Callable[[Job], str]


def pocket_template(job: Job) -> str:
    """The prompt as the pocket models were trained on it: in lower case, and removal as what is left."""
    if job.kind == "remove":
        return prompts.read("remove.txt").strip()
    return " ".join(job.prompt.lower().split())


def published_template(family: FamilyName) -> PromptTemplate:
    """How the published model of a family is asked."""
    texts = _texts(family)

    def filled(job: Job) -> str:
        target = " ".join(job.target.split())
        text = texts[job.kind] if target else texts.get(f"{job.kind}, no target", texts[job.kind])
        return text.format(prompt=" ".join(job.prompt.split()), target=target).strip()

    return filled


@cache
def _texts(family: FamilyName) -> dict[str, str]:
    lines = prompts.read(f"paint-{family}.txt").splitlines()
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return {kind.strip(): text.strip() for kind, text in pairs}
