"""The hand-written grammar: a sentence to its frames.

A sentence that is a command or plain talk as a whole is taken as that. Any other is cut into clauses, each
clause is read on its own, and the clauses are put together. Clauses that ask for nothing are background; only
a sentence made of nothing else is plain talk or leads to a question.
"""

from __future__ import annotations

import re
from dataclasses import replace

from agent.planner.frames import YES, Frame
from agent.planner.grammar import command_sentences
from agent.planner.grammar.assembly import join_clause
from agent.planner.grammar.clause import thing_in
from agent.planner.grammar.clause_reader import read_clause
from agent.planner.grammar.cutting import cut
from agent.planner.grammar.draft import Draft
from agent.planner.grammar.openings import STRONG_REPAIR, core_text, opened_clause, without_edges
from agent.planner.grammar.smalltalk import answer, is_foreign
from tools.language import lexicon as lx
from tools.language.chunking import lows, split
from tools.language.compounds import group, parted
from tools.language.patterns import Pattern
from tools.language.tokens import LONGEST, Token, Tokens, join, tokenise


def joined_tokens(tokens: Tokens) -> Tokens:
    """The tokens with colours of several words, steps and codes as one token each."""
    lows = [token.low for token in tokens]
    if lows[-2:] == ["a", "bit"] and lx.COLOUR_OF_VERB.keys() & {*lows}:
        tokens = (*tokens[:-2], Token("slightly", "slightly"))  # "tone it down a bit"
        lows[-2:] = ["slightly"]
    result, at = [], 0
    while at < len(tokens):
        size, word = group(lows, at)
        result.append(tokens[at] if size == 1 and word == lows[at] else Token(word, word))
        at += size
    return tuple(result)


class Grammar:
    """The built-in parser."""

    def parse(self, sentence: str) -> tuple[Frame, ...]:
        """The frames of one sentence. Never empty: what is not understood is an ``ask`` or ``talk`` frame."""
        if len(sentence) > LONGEST:
            return (Frame("ask", say="That is a long text: please say in a sentence or two what to change."),)
        tokens = joined_tokens(tokenise(sentence))
        if not any(token.low[0].isalnum() for token in tokens):
            return (Frame("ask"),)
        if is_foreign(sentence):
            return (
                Frame("ask", say="I only understand English so far: what shall I change, and into what?"),
            )
        return tuple(_parted(frame) for frame in _parse(tokens))


def _parted(frame: Frame) -> Frame:
    """A frame in the user's words."""
    return replace(frame, target=parted(frame.target), prompt=parted(frame.prompt), like=parted(frame.like))


def _parse(tokens: Tokens) -> tuple[Frame, ...]:
    whole = core_text(tokens)
    parts = cut(tokens)
    # a clause that is only polite does not count: "hmm, let me see it next to how it was"
    alone = sum(bool(core_text(part)) for part in parts) <= 1
    found = command_sentences.command(whole) if alone else None
    if found:
        return (found,)
    spoken = " ".join(token.low for token in tokens if token.low[0].isalnum())
    if _YES.fullmatch(spoken):
        return (Frame("talk", prompt=YES, say=answer("yes") or ""),)
    said = answer(spoken) or answer(whole)
    if said and len(parts) == 1:
        return (Frame("talk", say=said),)
    draft = Draft()
    for part in parts:
        _read(draft, part)
    return _finished(draft)


_YES = Pattern(
    r"(?:oh |um |well )?(?:yes|yeah|yep|yup|sure|ok|okay|please|please do|do it|do so|go ahead|right|correct"
    r"|absolutely|definitely|of course|exactly)"
    r"(?: (?:please|do|do it|do that|go ahead|sure|remove it|thanks))*"
)


def _variation(text: str) -> Frame | None:
    asked = command_sentences.variations(text)
    if asked is None:
        return None
    count, words = asked
    clause = read_clause(joined_tokens(tokenise(parted(words))))
    if clause.look and clause.target:
        return Frame("variations", kind="restyle", number=count, target=clause.target, prompt=clause.look)
    return Frame("variations", number=count, target=clause.target or clause.new)


def _read(draft: Draft, tokens: Tokens) -> None:
    question = tokens[-1].low == "?"
    draft.question = draft.question or question
    text = core_text(tokens)
    spoken = " ".join(token.low for token in tokens if token.low[0].isalnum())
    if not text:
        draft.correction = draft.correction or bool(STRONG_REPAIR.search(spoken))
        draft.talk = draft.talk or answer(spoken)
        return
    found = command_sentences.command(text) if not _looks_like_edit(draft, tokens) else None
    if found and found.act != "pick":
        draft.frames.append(found)
        draft.verb = found.act
        return
    if draft.verb in ("hide", "back") and draft.frames and draft.frames[-1].act in ("hide", "back"):
        clause = read_clause(tokens)
        if clause.target and not clause.sort:
            draft.frames.append(replace(draft.frames[-1], target=clause.target, reference=""))
            return
    many = _variation(text)
    if many:
        draft.frames.append(many)
        return
    if _read_swap(draft, tokens):
        return
    said = answer(text) or answer(spoken)
    if said:
        draft.talk = draft.talk or said
        draft.topic = draft.topic or thing_in(tokens)
        return
    match = _EXCEPT.search(" ".join(lows(tokens)))
    if match:
        _read_except(draft, tokens, match)
        return
    join_clause(draft, read_clause(tokens, question=question))


_SWAP = Pattern(r"^(?:instead of|in place of|rather than|where) ")


def _read_swap(draft: Draft, tokens: Tokens) -> bool:
    """A clause that opens with what is to be replaced: "instead of the tv, a fireplace", "where the tv is put
    …".
    """
    tokens = without_edges(tokens) if tokens[0].low not in ("instead",) else tokens
    if not tokens or not _SWAP.match(" ".join(lows(tokens)) + " "):
        return False
    size = 1 if tokens[0].low == "where" else 2
    target, rest = split(tokens[size:], places=True)
    if tokens[0].low == "where":
        if not rest or rest[0].low not in lx.BE | {"stands", "sits", "hangs", "used"}:
            return False
        skip = 1
        rest = rest[skip:]
    draft.swap = join(target)
    return True


def _looks_like_edit(draft: Draft, tokens: Tokens) -> bool:
    """In the middle of a sentence, "the first one" and "original" are parts of edits."""
    return bool(draft.objects) and bool(tokens)


_EXCEPT = Pattern(
    r"\b(?:except|apart from|other than|aside from|besides|all but|everything but|excluding"
    r"|not counting)(?: for)?\b"
)


def _read_except(draft: Draft, tokens: Tokens, match: re.Match[str]) -> None:
    """Read "everything's fine except the lamp, which should be gold"."""
    start = len(" ".join(lows(tokens))[: match.start()].split())
    size = len(match.group().split())
    before, after = tokens[:start], tokens[start + size :]
    if before:
        clause = read_clause(before)
        if clause.sort in ("restyle", "replace", "remove", "add"):
            join_clause(draft, clause)
            return
    _, rest = split(opened_clause(after).tokens, places=True)
    if rest:
        join_clause(draft, read_clause(after))


def _finished(draft: Draft) -> tuple[Frame, ...]:
    """The frames of the whole sentence, or what to say where it asks for nothing."""
    acting = tuple(frame for frame in draft.frames if frame.act not in ("talk", "ask"))
    if acting:
        return acting
    if draft.vague:
        frames = [replace(draft.vague, target=target) for target in draft.objects] or [draft.vague]
        return tuple(frames)
    if draft.place:
        return (Frame("ask", target=draft.place, number=0),)
    if draft.kept:
        return (Frame("keep"),)
    if draft.talk:
        return (Frame("talk", say="" if draft.talk == "?" else draft.talk),)
    return (Frame("ask"),)
