"""What shall not be, and what shall stay: "don't touch the sofa", "better without the clock"."""

from __future__ import annotations

import re

from agent.planner.grammar.clause import Clause
from tools.language.chunking import split
from tools.language.patterns import Pattern
from tools.language.tokens import Tokens, join, tokenise

LEAVE = Pattern(
    r"^(?:(?:just|please|but|and|also|only|simply|then|you can|i would|let us|let's) )*(?:leave|keep|spare"
    r"|ignore) (?P<x>.+?)(?: (?:alone|be|as (?:it|they|is|are|was)\b.*|the way .*|untouched|unchanged|the "
    r"same|how .*|like (?:it|that|this)\b.*|out of it|in place|there|exactly .*|where .*|please|though))*$"
)


DISLIKE = Pattern(
    r"^(?:(?:i|we|my \w+)|(?=never|not|tired|sick|bored|fed up|hate|done with))(?: ?(?:really|also|just|so"
    r"|absolutely|kind of|kinda|still|honestly))*(?: ?(?:can|could|do|would|am|are|have|has))*(?: ?(?:not|no "
    r"longer|never))* ?(?:really |that |so |much |very )*(?:hate|dislike|despise|detest|loathe|stand|like"
    r"|love|happy with|bear|fond of|keen on|sure about|into|care for|liked|loved|wanted|convinced by|a fan of"
    r"|pleased with|satisfied with|tired of|sick of|fed up with|bored (?:of|by|with)|over|done with|enjoy"
    r"|crazy about|wild about|thrilled with|too keen on|the biggest fan of)(?P<x> .+)?$"
)


_BETTER_WITHOUT = Pattern(
    r"\b(?:better|nicer|prefer|great|good|cleaner|lovely|calmer|tidier|like|bigger|lighter|best)\b"
)


def without(tokens: Tokens, words: tuple[str, ...], text: str) -> Clause | None:
    """ "without the clock it would look better", "there should not be a cat on the sofa": remove it."""
    match = re.match(r"^there (?:should|must|need|ought) not (?:to )?be (?:any |a |an )?(?P<x>.+)$", text)
    if match:
        target, _ = split(tokens[len(text[: match.start("x")].split()) :], places=True)
        return Clause("remove", "remove", target=join(target)) if target else None
    if "without" in words:
        at = words.index("without")
        target, rest = split(tokens[at + 1 :], places=True)
        definite = bool(target) and target[0].low in ("the", "that", "this", "those", "these", "all", "my")
        if definite and (_BETTER_WITHOUT.search(text) or (at == 0 and not rest)):
            return Clause("remove", "remove", target=join(target))
    return None


def kept(tokens: Tokens, words: tuple[str, ...]) -> Clause:
    """ "don't touch the sofa": not a request, but "don't make it red" says what is wrong with the look."""
    ends = [
        i
        for i, word in enumerate(words)
        if word in ("the", "my", "our", "it", "that", "them", "those", "these", "this")
    ]
    target = join(tokens[ends[0] :]) if ends else ""
    return Clause("keep", "keep", target=target)


def disliked(words: str) -> Clause:
    """What "I don't like …" says of the words after it: something shall change, but not what."""
    inner = tokenise(words)
    target, _ = split(inner, places=True)
    return Clause("vague", "restyle", target=join(target), negated=True)
