"""The built-in planner: two readers and a resolver; no server, no torch, some milliseconds a sentence."""

from __future__ import annotations

import asyncio
import math
import operator
import re
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from agent.planner.context import Context, advance
from agent.planner.dialogue import (
    earlier_looks,
    ellipsis,
    general_questions,
    history,
    second_thoughts,
    session_talk,
)
from agent.planner.dialogue.asides import without_asides
from agent.planner.dialogue.files_and_boxes import named_file
from agent.planner.dialogue.history import names_of
from agent.planner.frames import YES, Frame, Parser
from agent.planner.full_lines import plan_of
from agent.planner.plan import Ask, Drop, Edit, Goto, Hide, Plan, Redo, Step, Undo
from agent.planner.reader import setting
from agent.planner.reader.caution import takes
from agent.planner.reader.choice import CERTAIN, Chosen, is_far_fetched
from agent.planner.reader.forms import tells
from agent.planner.resolve.discourse import things_in
from agent.planner.resolve.exceptions import spare
from agent.planner.resolve.layers import object_of, stem, was_undone
from agent.planner.resolve.resolution import NOTED
from agent.planner.resolve.resolver import joined, once, resolve, seen_before
from agent.planner.resolve.wording import place_of
from tools.language.noun_phrases import parse
from tools.language.rephrasing import no_colour_code, rephrased

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BUILTIN = "builtin"
"""The name of this planner; one of another name has a parser that waits for a server."""

UNSURE = 0.6
"""Of a reader that is less sure, what it read is said as such:"""
GUESSED = "I read that as: "

NO_WISH, NO_WISH_TO_TAKE = 0.4, 0.5
"""Of a sentence that is less likely a wish than this, what it would change, or take away, is asked about;"""
NO_WISH_AT_ALL, WISH_IN_A_TALE = 0.05, 0.95
"""and of one that begins with a plain command, or that tells what was or what might be, less likely than
this.
"""
NO_MORE_THAN_TALK, TALK_IN_A_TALE, NOTHING_TO_ASK = 0.2, 0.5, 0.4
"""Less likely a wish than this, a remark gets no question at all, but a word that it was heard; the last of
these where a look would have to be asked for.
"""
DOUBT = "Do you want that done: "
"""So begins that question, to which "yes" is an answer."""
SHORT = 4
"""A sentence of fewer words tells by what was said before it whether it is a wish."""

BELIEVED, BELIEVED_NOT_ASKED, BELIEVED_TO_TAKE = 0.6, 0.7, 0.8
"""The language model that was told the conversation is believed where it is as likely as this to be right; in
the place of a question; and where it alone takes something. Less likely, that is asked, where nobody else
understands.
"""

CERTAIN_OF_FILES = 0.8
"""A reader that is as sure that a file is to be saved or opened is believed before any pattern."""


@dataclass
class _Heard:
    """A sentence as it was heard, and how sure the least sure reading is that its plan comes from; 1 where no
    reader was asked.
    """

    sentence: str
    surety: float = 1.0


@dataclass(frozen=True)
class Told:
    """What the language model made of a sentence in its conversation, how sure it is, and whether that holds
    what the sentence does not ask for.
    """

    plan: Plan
    sure: float
    far_fetched: bool


class BuiltinPlanner:
    """Plans English sentences by what two readers make of them. It never looks at the picture."""

    def __init__(self, parser: Parser | None = None, name: str = BUILTIN) -> None:
        self.name = name
        self._parser = parser or Chosen()
        self.on_wait: Callable[[str], None] | None = None

    async def plan(self, sentence: str, context: Context, picture: NDArray[np.uint8] | None = None) -> Plan:
        """Plan one sentence. What it does not understand becomes a question; it fails only where its parser
        does.
        """
        del picture  # this planner reads and does not see
        if self.name == BUILTIN:
            return self.plan_now(sentence, context)  # before anything else has begun
        return await asyncio.to_thread(self.plan_now, sentence, context)

    def read_ahead(self, context: Context, picture: NDArray[np.uint8] | None = None) -> None:
        """Begin to read the conversation that the next sentence will come after, and return at once."""
        del picture
        if self.name == BUILTIN and isinstance(self._parser, Chosen):
            # No daemon: a process that ended while the model works would crash. It is done within a second.
            work = partial(self._parser.read_ahead, setting.told(context))
            threading.Thread(target=work, name="reading ahead").start()

    def stop_reading(self) -> None:
        """No sentence will come: what is being read is soon done."""

    def plan_now(self, sentence: str, context: Context) -> Plan:
        """The same for callers without an event loop."""
        if code := no_colour_code(sentence):
            question = f"“{code}” is no colour code (one is #1e90ff): which colour do you mean?"
            return Plan(say=question, steps=(Ask(question=question),))
        if isinstance(self._parser, Chosen):
            sentence = self.spelt(sentence, context)
            if context.question and context.question.startswith(DOUBT) and context.sentences:
                before = replace(
                    context, question=None, sentences=context.sentences[:-1], spoken=context.spoken[:-1]
                )
                if _says_yes(self._parser.parse(sentence)):
                    doubted = self.spelt(context.sentences[-1], context)
                    plan = self._planned(doubted, before, sure=True)
                    told = self.told(doubted, before) if _asks(plan) else None
                    return told.plan if told is not None and not told.far_fetched else plan
        plan, surety = self.alone(sentence, context)
        return _put_back(self._in_its_conversation(plan, sentence, surety, context), sentence, context)

    def spelt(self, sentence: str, context: Context) -> str:
        """The sentence with slips of the keyboard put right."""
        if not isinstance(self._parser, Chosen):
            return sentence
        names = {word for name in names_of(context) for word in name.lower().split()}
        return self._parser.spelt(sentence, names)

    def alone(self, sentence: str, context: Context) -> tuple[Plan, float]:
        """What is made of a sentence that is spelt by all but the language model that is told the
        conversation, and how sure the readers of its words are; 1 where none was asked.
        """
        heard = _Heard(sentence)
        return self._planned(sentence, context, heard=heard), heard.surety

    def _in_its_conversation(self, plan: Plan, sentence: str, surety: float, context: Context) -> Plan:
        """The plan of a sentence, or the one that the language model makes of it in its conversation, where
        that one is to be believed.
        """
        told = self.told(sentence, context) if is_asked(sentence, plan, surety, context) else None
        if told is None or told.plan.steps == plan.steps:
            return plan
        if _OF_EACH.search(sentence) and len(told.plan.steps) < len(plan.steps):
            return plan
        if _takes_another(told.plan, plan, sentence, context):
            return plan
        right = _likely_right(told, plan, surety)
        takes_more = _takes_more(told.plan, plan, context)
        if takes_more:
            right = min(right, told.sure)
        if _asks(plan) and takes_more and 0.5 <= right < BELIEVED_TO_TAKE:
            question = f"{DOUBT}{told.plan.say}?"
            return Plan(say=question, steps=(Ask(question=question),))
        least = BELIEVED_TO_TAKE if takes_more else BELIEVED_NOT_ASKED if _asks(plan) else BELIEVED
        return told.plan if right >= least else plan

    def told(self, sentence: str, context: Context) -> Told | None:
        """What the language model makes of a sentence when it is told the conversation; None where it makes
        nothing of it.
        """
        if not isinstance(self._parser, Chosen):
            return None
        sentence = rephrased(sentence)
        reading = self._parser.read_in(setting.told(context), sentence)
        if not reading.confidence:
            return None
        plan = plan_of(reading.lines, context)
        if any(isinstance(step, Edit) and _NO_LOOK.search(step.prompt) for step in plan.steps):
            return None
        return Told(plan, reading.confidence, is_far_fetched(reading.lines, sentence))

    def _asked_first(self, plan: Plan, sentence: str, context: Context) -> Plan:
        """The plan, or the question whether it is wanted, where the sentence hardly sounds like a wish."""
        removals = {layer.id for layer in context.layers if layer.kind == "remove"}
        paints = any(isinstance(step, Edit | Hide) for step in plan.steps)
        takes = any(_takes(step, removals) for step in plan.steps)
        answers = context.question is not None or context.doubted is not None
        if not (paints or takes or _asks(plan)) or answers or not isinstance(self._parser, Chosen):
            return plan
        least, talk = NO_WISH_TO_TAKE if takes else NO_WISH, NO_MORE_THAN_TALK
        if _COMMANDED.match(sentence) or _COMMANDED_THEN.search(sentence):
            least, talk = NO_WISH_AT_ALL, 0.0
        elif tells(sentence):
            least, talk = WISH_IN_A_TALE, TALK_IN_A_TALE if paints or takes else WISH_IN_A_TALE
        if len(sentence.split()) < SHORT or _PROPOSED.search(sentence):
            return plan
        wish = self._parser.wish(sentence)
        complains = not (paints or takes) and _COMPLAINS.search(sentence)
        talk = talk if paints or takes or not talk else max(talk, NOTHING_TO_ASK)
        if wish < talk and "?" not in sentence and not complains:
            return Plan(say=NOTED)
        if wish >= least or not (paints or takes):
            return plan
        question = f"{DOUBT}{plan.say.removeprefix(GUESSED)}?"
        return Plan(say=question, steps=(Ask(question=question),))

    def _planned(
        self, sentence: str, context: Context, *, sure: bool = False, heard: _Heard | None = None
    ) -> Plan:
        """The plan of a sentence that is spelt. That a ``sure`` one is a wish is not asked: nothing of it was
        heard that could be doubted.
        """
        sentence = rephrased(without_asides(sentence, context))
        heard = heard or _Heard(sentence)
        heard.sentence = "" if sure else sentence
        if (answer := general_questions.read(sentence)) is not None:
            return answer
        if (back := history.from_the_original(sentence, context)) is not None:
            return back
        if (
            isinstance(self._parser, Chosen)
            and (command := self._parser.command(sentence))
            and not things_in(sentence)
        ):
            return self._asked_first(resolve(command, context, self._parser.parse), heard.sentence, context)
        if (mended := second_thoughts.read(sentence, context, self._planned)) is not None:
            return once(mended, context)
        if (earlier := earlier_looks.preferred(sentence, context)) is not None:
            return once(earlier, context)
        full = ellipsis.filled(sentence, context)
        if full.question:
            return Plan(say=full.question, steps=(Ask(question=full.question),))
        sentence = str(full.parts[0])
        if (restored := ellipsis.restored(sentence, context)) is not None:
            return once(self._full(restored, sentence, context, heard), context)
        if (said := session_talk.read_record(sentence, context, self._planned)) is not None:
            return once(said, context)
        whole = ellipsis.read(sentence, context)
        plan = (
            self._plain(sentence, context, heard)
            if whole is None
            else self._full(whole, sentence, context, heard)
        )
        return once(plan, context)

    def _full(self, full: ellipsis.Fuller, sentence: str, context: Context, heard: _Heard) -> Plan:
        """The plan of a sentence that was made full from the one that was heard."""
        plans: list[Plan] = []
        state = context
        for part in full.parts:
            made = (
                self._plain(part, state, heard)
                if isinstance(part, str)
                else resolve((part,), seen_before(part, state, context), self._parser.parse)
            )
            made = spare(made, full.spared, state)
            plans.append(made)
            state = replace(advance(state, sentence, made), sentences=context.sentences)
        return joined(plans)

    def _plain(self, sentence: str, context: Context, heard: _Heard) -> Plan:
        """The plan of a sentence that is full, from the one that was heard. What a pattern knows, it knows of
        the conversation; what a reader makes of words alone is asked about where they hardly are a wish.
        """
        parser = self._parser
        said = session_talk.read(sentence, context, self._planned)
        if said is not None and said.steps:
            return said
        of_a_file = named_file(sentence) and isinstance(parser, Chosen)
        if of_a_file and _are_of_files(first := parser.parse(sentence), sentence):
            return resolve(first, context, parser.parse)
        if said is not None:
            return said
        first, second = (
            parser.readings(sentence) if isinstance(parser, Chosen) else (parser.parse(sentence), ())
        )
        heard.surety = min(heard.surety, *(frame.confidence for frame in first))
        plan = resolve(first, context, parser.parse)
        if second and (question := _which(first, second)):
            other = resolve(second, context, parser.parse)
            if _acts(plan) and _acts(other) and plan.steps != other.steps:
                return Plan(say=question, steps=(Ask(question=question),))
        if first[0].confidence < UNSURE and _acts(plan) and plan.say:
            plan = plan.model_copy(update={"say": f"{GUESSED}{plan.say}"})
        named = any(frame.act == "ask" and frame.target for frame in first) and _asks(plan)
        wants = named or any(takes(frame) or frame.act == "edit" or _is_named(frame) for frame in first)
        return self._asked_first(plan, heard.sentence, context) if wants else plan


BELIEF: Final = (0.75, 0.55, -0.30, 1.6, 0.35, -1.6)
"""The constant and the weights of ``signs``: a logistic regression on 320 sentences, of 1510 in 107
conversations of six sets that no reader had learnt from (``python -m training.planner.belief``).
"""


def is_asked(sentence: str, alone: Plan, surety: float, context: Context) -> bool:
    """Whether a sentence is read in its conversation, too: where the readers of its words are not certain, or
    all that came of it is a question that is asked for want of understanding. An answer is not, nor what is
    said of a file.
    """
    answers = context.question is not None or context.doubted is not None
    if answers or named_file(sentence):
        return False
    return not _ON_PURPOSE.match(alone.say) if _asks(alone) else surety < CERTAIN


def signs(told: Told, alone: Plan, surety: float) -> tuple[float, ...]:
    """What tells whether the language model that was told the conversation is right, or what was made of the
    sentence ``alone``, of which the readers are so sure.
    """
    return (
        _log_odds(told.sure),
        _log_odds(surety),
        float(_asks(alone)),
        float(not told.plan.steps),
        float(told.far_fetched),
    )


def _likely_right(told: Told, alone: Plan, surety: float) -> float:
    """How likely it is, in 0…1, that of two plans the one of the conversation is right."""
    constant, *weights = BELIEF
    score = constant + sum(map(operator.mul, weights, signs(told, alone, surety)))
    return 1 / (1 + math.exp(-score))


def _log_odds(probability: float) -> float:
    held = min(max(probability, 0.002), 0.998)
    return math.log(held / (1 - held))


def _takes_more(plan: Plan, other: Plan, context: Context) -> bool:
    """Whether a plan takes something away or back and the other one takes nothing."""
    return _takes_any(plan, context) and not _takes_any(other, context)


def _takes_another(plan: Plan, other: Plan, sentence: str, context: Context) -> bool:
    """Whether a plan takes back what a sentence does not name, where the other one takes what it does."""
    taken, others = (
        {step.layer for step in each.steps if isinstance(step, Hide | Drop)} for each in (plan, other)
    )
    nouns = {stem(word) for word in re.findall(r"[\w'-]+", sentence.lower())}
    named = {
        layer.id for layer in context.layers if nouns & {stem(word) for word in parse(object_of(layer)).noun}
    }
    return bool(others) and others <= named and not taken <= named


def _takes_any(plan: Plan, context: Context) -> bool:
    removals = {layer.id for layer in context.layers if layer.kind == "remove"}
    return any(_takes(step, removals) for step in plan.steps)


_ON_PURPOSE = re.compile(
    r"Do you mean “|By “|What should .+ look like|Which one|Where shall|Everything is|I cannot"
    r"|I have not changed|The .+ (?:is|are) removed; shall I"
)
"""So begin questions of what was understood, and leaves something open."""

_PUT_BACK = re.compile(r"\b(?:put|bring|get|want|have) (?:it|that|this|them) back\b", re.IGNORECASE)


def _put_back(plan: Plan, sentence: str, context: Context) -> Plan:
    """After something was undone "it was good, put it back" wants that again, and nothing more taken back."""
    if plan.steps == (Undo(count=1),) and was_undone(context) and _PUT_BACK.search(sentence):
        return Plan(say="redo", steps=(Redo(count=1),))
    return plan


def _is_named(frame: Frame) -> bool:
    """Whether a thing is named and nothing is said of it: "black candles", not "no, I meant the other"."""
    return frame.act == "ask" and bool(frame.target) and not frame.correction


def _asks(plan: Plan) -> bool:
    return any(isinstance(step, Ask) for step in plan.steps)


_NO_LOOK = re.compile(r"\b(?:not|enough|half(?! (?:full|empty|open|closed|lit)\b))\b", re.IGNORECASE)
""" "A not enough turquoise sofa" is no look, nor is "a half sofa"."""

_PROPOSED = re.compile(
    r"\b(?:why (?:don['’]?t|not)|(?:what|how) (?:if|about) (?:we|you|i)\b|let['’]?s"
    r"|^(?:[a-z]+[ ,]+)?(?:it|that)(?:['’]d| would) be (?:\w+ ){0,2}(?:great|nice|lovely|good"
    r"|cool|class|brilliant|fab"
    r"|perfect|better|amazing|ace|grand) if\b"
    r"|^(?:an? (?:bit|little|touch|tad|lot)|slightly|much|way) (?:(?:more|less)\b|\w+er\b)"
    r"|i (?:liked|preferred) (?:it|that|them) (?:\w+ )*before$"
    r"|i(?: was|'m)? wonder(?:ing)?,? (?:if|whether) (?:you|we) (?:could|can|might)|if i were you\b"
    r"|(?:got to|gotta|has to|have to|must) go(?= *[,.;!]| *$| because\b)"
    r"|^i(?:['’]ve| have) always (?:wanted|dream(?:ed|t) of) [^,.;!?]*$)",
    re.IGNORECASE,
)
""" "Why don't you remove the rug?" wants it removed, "I liked it better before" wants it back."""


_COMPLAINS = re.compile(
    r"\b(?:not (?:so |really |very )?(?:happy|keen|sure|fond|right|convinced)|(?:do not"
    r"|don['’]?t) (?:really )?"
    r"(?:like|love|want)|hate|dislike|can['’]?t stand|(?:bored|tired|sick) of|fed up|ugly"
    r"|horrible|hideous|awful"
    r"|boring|wrong|bothers?|annoys?)\b",
    re.IGNORECASE,
)
""" "I'm not happy with that lamp": somebody wants it otherwise."""

_COMMANDED = re.compile(
    r"(?:(?:ok(?:ay)?|so|and|now|right|hey|please|just|also|then)[ ,]+)*(?:(?:can|could|would|will) (?:you|u"
    r"|ya|we) )?"
    r"(?:please |just )?(?:(?:make|paint|remove|delete|erase|get rid of|do away with|lose (?:the|that|those)"
    r"|take (?:out|down"
    r"|away)|replace|swap|add)\b(?! (?:no|sure|do"
    r"|up)\b)"
    r"|(?:put|bring|take|switch|change|turn|get|set)\b[^,.;!?]*\bback\b|undo\b|go back\b)"
    r"|.*\bif (?:you|we) (?:could|can|might) (?:please |just )?(?:make|paint|remove|lose|take|get|put|delete"
    r"|change|swap|add)\b",
    re.IGNORECASE,
)

_COMMANDED_THEN = re.compile(
    r"[,;.!…–—] *(?:(?:so|and|then|honestly|just|please|right|ok(?:ay)?|now)[ ,]+)+(?:make|paint|remove"
    r"|delete|get rid of|replace"
    r"|swap|add|take|put)\b[^,;.!?]*[.!]*$",
    re.IGNORECASE,
)
""" "The drawer is broken, so just take it away" ends in one."""

_OF_EACH = re.compile(r"\b(?:both|all|each|either|two|three)\b", re.IGNORECASE)
""" "Both a shade lighter" is of no single thing."""


def _takes(step: Step, removals: Collection[int]) -> bool:
    """Whether a step takes something away or back; to hide a removal brings something back."""
    if isinstance(step, Hide):
        return step.layer not in removals
    return isinstance(step, Undo | Redo | Goto | Drop) or (isinstance(step, Edit) and step.kind == "remove")


def _says_yes(frames: tuple[Frame, ...]) -> bool:
    return len(frames) == 1 and frames[0].act == "talk" and frames[0].prompt == YES


def _acts(plan: Plan) -> bool:
    return bool(plan.steps) and not any(isinstance(step, Ask) for step in plan.steps)


def _are_of_files(frames: tuple[Frame, ...], sentence: str) -> bool:
    """Whether a certain reader found a file to be saved or opened in a sentence."""
    files = [frame for frame in frames if frame.act in ("save", "open")]
    named = all(frame.name and frame.name in sentence for frame in files)
    return bool(files) and named and frames[0].confidence >= CERTAIN_OF_FILES


def _which(first: tuple[Frame, ...], second: tuple[Frame, ...]) -> str:
    """The question which of two readings is meant; empty where one of them is no single plain edit, or where
    they are about the same and differ in a word.
    """
    if len(first) != 1 or len(second) != 1:
        return ""
    one, other = first[0], second[0]
    options = [_as_sentence(frame) for frame in (one, other)]
    alike = replace(one, prompt="", confidence=1) == replace(other, prompt="", confidence=1)
    return "" if not all(options) or alike else f"Do you mean “{options[0]}” or “{options[1]}”?"


def _as_sentence(frame: Frame) -> str:
    """A frame as a sentence that can be read in one way only; empty where there is none."""
    thing = frame.target or {"": "", "it": "it", "them": "them"}.get(frame.reference, "")
    if frame.like or frame.spared or frame.correction or not (thing or frame.kind == "add"):
        return ""
    match frame.act, frame.kind:
        case "edit", "restyle":
            return f"make {thing} {frame.prompt}" if frame.prompt else ""
        case "edit", "replace":
            return f"replace {thing} with {frame.prompt}" if frame.prompt else ""
        case "edit", "remove":
            return f"remove {thing}"
        case "edit", "add":
            return f"put {frame.prompt} {place_of(frame.target)}" if frame.target else ""
        case "hide", _:
            return f"undo {thing}" if frame.target else ""
    return ""
