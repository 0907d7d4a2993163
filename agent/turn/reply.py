"""What the user is told: pure functions from the data of a turn to sentences.

The one place where what was understood, done, asked and measured is put into words. Whoever refuses a step or
answers a question (``pending_edits``, ``mask_steps``, ``answers``, ``look_steps``, …) brings its sentence.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Literal, Protocol

from agent.planner.plan import (
    Ask,
    Compare,
    Drop,
    Edit,
    Goto,
    Hide,
    Keep,
    Look,
    Mark,
    Mask,
    Open,
    Pick,
    Plan,
    Redo,
    Refresh,
    Reorder,
    Save,
    Show,
    Step,
    Tell,
    Undo,
    Variations,
)
from agent.turn import phrases
from agent.turn.events import DoneAction
from agent.turn.pending_edit import Fault, PendingEdit, WhichOne
from sessions.model import Layer
from tools.language.referring import number, plural

Doubt = Literal["guessed", "large", "unsure"]
"""Why it is doubtful that the right thing was found (see ``agent.turn.locate``)."""

_MOST_NAMED = 12
_COUNT = re.compile(r"^(?:both|all|every|each|two|three|four)(?: of)?(?: the)? ", re.IGNORECASE)


def _described(step: Step, layers: Mapping[int, phrases.Described]) -> str:
    match step:
        case Edit():
            return phrases.intention(step)
        case Undo(count=count):
            return "undo" if count == 1 else f"undo {count} versions"
        case Redo(count=count):
            return "redo" if count == 1 else f"redo {count} versions"
        case Goto(version=version):
            return f"go to version {version}" if version else "go back to the base picture"
        case Hide() | Show() | Refresh() | Drop() | Reorder() | Mask():
            return _of_layer(step, layers)
        case Variations(count=count, like=int(like)):
            return f"{count} more like number {like}" if like else f"{count} other variations"
        case Variations(count=count, target=target, prompt=prompt, kind=kind):
            if not target:
                return f"{count} variations"
            edit = Edit(target=target, prompt=prompt or "", kind=kind or "restyle")
            return f"{count} variations of {phrases.intention(edit)}"
        case Pick(index=index):
            return f"take variation {index}"
        case Keep():
            return "keep the closest result"
        case Compare(version=first, other=second, difference=differ):
            one = f"version {first}" if first else "the base picture"
            verb = "show what differs from" if differ else "compare with"
            return f"{verb} {one}" if second is None else f"{verb} {one}, version {second}"
        case Mark(name=name):
            return f"call this version “{name}”"
        case Save(path=path, version=version):
            return f"save {'' if version is None else f'version {version} as '}{path}".rstrip()
        case Open(path=path):
            return f"open {path}"
        case Look(at="zoom", target=target):
            return f"show {phrases.definite(target)} close up"
        case Look(at="place", target=target):
            return f"look for {phrases.definite(target)}"
        case Ask() | Tell() | Look():
            return ""


def _of_layer(
    step: Hide | Show | Refresh | Drop | Reorder | Mask, layers: Mapping[int, phrases.Described]
) -> str:
    """A step about a layer in the words of that layer; empty where there is no such layer."""
    layer = layers.get(step.layer)
    if layer is None:
        return ""
    thing = phrases.definite(phrases.subject(layer))
    match step:
        case Hide():
            if layer.kind == "add":
                return f"take {thing} out"
            return f"bring {thing} back" if layer.kind == "remove" else f"put {thing} back as before"
        case Show(version=version):
            if version is None:
                return f"{phrases.intention(layer)} again"
            return f"{thing} as in version {version}"
        case Refresh():
            return f"remove {thing} again" if layer.kind == "remove" else f"paint {thing} again"
        case Drop():
            return f"delete {phrases.change(layer)}"
        case Reorder(to=to, other=other):
            if other is None:
                return f"move {thing} to the {to}"
            beside = layers.get(other)
            return "" if beside is None else f"move {thing} {to} {phrases.definite(phrases.subject(beside))}"
        case Mask(how=how, what=what):
            return _MASKS[how].format(thing=thing, what=what)


_MASKS: Mapping[str, str] = {
    "grow": "make the mask of {thing} wider",
    "shrink": "make the mask of {thing} narrower",
    "add": "take {what} into the mask of {thing}",
    "subtract": "leave {what} out of the mask of {thing}",
    "invert": "turn the mask of {thing} round",
    "box": "{thing}, from {what}",
    "file": "{thing}, in the mask of {what}",
}


def summary(plan: Plan, layers: Mapping[int, phrases.Described]) -> str:
    """What was understood, in one line: "the sofa → a brown leather sofa; undo"; empty for plain talk.

    It is said before anything is done, so no word of it may read as a result. ``layers`` are those of the
    session, by their ids.
    """
    return "; ".join(line for step in plan.steps if (line := _described(step, layers)))


def announced(understood: str) -> str:
    """A ``summary`` as it is said while the work has yet to be done: "remove the lamp …"."""
    return f"{understood} …"


def not_found(missing: Sequence[str], there: Sequence[str]) -> str:
    """What is said of things that are not there: "I see no piano. There are: a sofa and a rug."."""
    absent = [_COUNT.sub("", phrases.bare(name)) for name in dict.fromkeys(missing)]
    said = f"I see no {phrases.listed(absent, 'or')}."
    # A segmenter that names what it cannot find would have the reply contradict itself.
    named = [phrases.indefinite(name) for name in dict.fromkeys(there) if phrases.bare(name) not in absent]
    if not named:
        return said
    if len(named) > _MOST_NAMED:
        named = [*named[:_MOST_NAMED], "more"]
    return f"{said} There {'are' if len(named) > 1 else 'is'}: {phrases.listed(named)}."


def doubtful(edit: PendingEdit, why: Doubt) -> str:
    """Why it is doubtful that the right thing was found, as half a sentence."""
    name = phrases.definite(edit.target)
    match why:
        case "guessed":
            return _guess(edit.which) if edit.which is not None else ""
        case "large":
            return f"what I take for {name} fills most of the picture"
        case "unsure":
            return f"I am not sure that I found {name}"


def _guess(which: WhichOne) -> str:
    taken = which.names[which.taken or 0] if which.names else "one of them"
    return f"there are {number(which.count)} {plural(which.noun)}, and I took {taken}"


def question(doubts: Sequence[str]) -> str:
    """The question before an edit that may hit the wrong thing."""
    return f"{phrases.capital(phrases.listed(list(dict.fromkeys(doubts))))}. Shall I go on?"


def which_one(which: WhichOne) -> str:
    """The question which of several things is meant, in words that tell them apart, if there are any."""
    many = f"There are {number(which.count)} {plural(which.noun)}"
    if which.names:
        return f"{many}: do you mean {phrases.listed(which.names, 'or')}?"
    return f"{many}: which do you mean, such as “the second from the left”?"


def too_few(noun: str, there: int, wanted: int) -> str:
    """What is said where fewer things are told apart than were asked for."""
    several = plural(noun)
    seen = f"{number(there)} {several}" if there > 1 else f"one {phrases.single(several)}"
    return (
        f"I can tell only {seen} there, not {number(wanted)}, so nothing was changed:"
        f" say “the {several}” to change what I see."
    )


def still_there(offers: Sequence[str]) -> str:
    """What is said where a result is to be kept, and nothing came of the last sentence but of one before."""
    asked = phrases.listed(offers)
    return (
        f"Nothing came of your last sentence. The closest result to “{asked}” is still there: say “keep it”"
        " again to take it."
    )


def only_one(noun: str) -> str:
    """What is said where something is to be put between things of which there is one."""
    return f"I see only one {phrases.single(plural(noun))} there: between it and what?"


def another_colour(target: str, noun: str, colours: Sequence[str]) -> str:
    """What is said where a thing, or each of several, has another colour than it is told by."""
    noun = plural(noun) if len(colours) > 1 else noun
    are = "are" if phrases.is_several(noun) else "is"
    seen = phrases.listed(list(dict.fromkeys(colours)))
    return f"I see no {phrases.bare(target)}: the {noun} that I see {are} {seen}."


def hidden_by_transparency(thing: str) -> str:
    """What is said of an edit that nobody would see."""
    return (
        f"{phrases.capital(phrases.definite(thing))} lies where the picture is"
        " transparent, so nothing painted there would be seen: it was left alone."
    )


def declined(edits: Sequence[PendingEdit], *, to_say: bool = True) -> str:
    """The answer to a no; ``to_say``: other words for what was meant would help."""
    names = phrases.listed([phrases.definite(edit.target) for edit in edits])
    if not to_say:
        return f"I left {names} alone."
    return f"I left {names} alone: say which one you mean, such as “the one on the left”."


_FAULTS: Mapping[Fault, str] = {
    "unseen": "nothing visible changed",
    "part unpainted": "what the mask now covers kept its old look",
    "still there": "part of {name} is still visible",
    "outline left": "the outline of {name} can still be seen",
    "not there": "I do not see {new} in the result",
    "old look": "a part of {name} kept its old look",
    "old pattern": "the old pattern of {name} can still be seen",
    "other colour": "{name} did not take the colour that you asked for",
    "old colour": "a part of {name} kept its old colour",
}


def _fault(edit: PendingEdit) -> str:
    """What is wrong with what came out, as half a sentence."""
    words = _FAULTS[edit.fault or "unseen"]
    return words.format(name=phrases.definite(edit.target), new=phrases.definite(edit.prompt))


def given_up(edits: Sequence[PendingEdit]) -> list[str]:
    """The sentences for edits that were not committed: what was refused, what nobody would see, and what did
    not come out as asked, of which the nearest is on offer.
    """
    said = [
        which_one(edit.which) if edit.which is not None and edit.which.taken is None else edit.why
        for edit in edits
        if edit.outcome == "refused"
    ]
    unseen = [edit for edit in edits if edit.outcome in ("no change", "already")]
    alike = [edit for edit in unseen if not edit.attempt]  # it is computed: another try is the same
    if drawn := [edit for edit in alike if edit.kind in ("add", "replace")]:
        names = phrases.capital(phrases.listed([edit.prompt for edit in drawn]))
        said.append(f"{names} {'is' if len(drawn) == 1 else 'are'} there already, so nothing was changed.")
    if same := [edit for edit in alike if edit.kind not in ("add", "replace")]:
        looks = "looks" if len(same) == 1 and not phrases.is_several(same[0].target) else "look"
        names = phrases.capital(phrases.subjects(same))
        said.append(f"{names} {looks} like that already, so nothing was changed there.")
    if tried := [edit for edit in unseen if edit.attempt]:
        said.append(
            f"I painted {phrases.subjects(tried)} twice and saw no change, so nothing was changed there:"
            " try other words."
        )
    if doubted := [edit for edit in edits if edit.outcome == "offered" and edit.why]:
        said += list(dict.fromkeys(edit.why for edit in doubted))
        said.append("Nothing was changed; say “keep it” to take what came out all the same.")
    if near := [edit for edit in edits if edit.outcome == "offered" and not edit.why]:
        whys = phrases.listed(list(dict.fromkeys(map(_fault, near))))
        said.append(
            f"I could not get it right: {whys}. Nothing was changed;"
            " say “keep it” to take the closest result."
        )
    return said


def covering(layers: Sequence[Layer]) -> str:
    """What is said of layers that were painted over something which has changed."""
    gone = [each for each in layers if each.kind == "remove"]
    there = [each for each in layers if each.kind != "remove"]
    return " ".join(_covering(each) for each in (there, gone) if each)


def _covering(layers: Sequence[Layer]) -> str:
    names = phrases.listed([phrases.definite(phrases.subject(each)) for each in layers])
    were, it = ("was", "it") if len(layers) == 1 and not names.endswith("s") else ("were", "them")
    if layers[0].kind == "remove":
        return (
            f"Where {names} {were} removed, the old look may still show; say “refresh {names}” to mend that."
        )
    return (
        f"{phrases.capital(names)} {were} painted over what has now changed;"
        f" say “refresh {names}” to paint {it} again."
    )


def plainly(edit: PendingEdit) -> str:
    """What of a look that was asked for cannot be seen in what was done, or is a guess; "" where that is
    nothing.
    """
    if edit.guessed:
        return "What is behind it is partly guessed; say “undo” if it does not look right."
    if not edit.unmet:
        return ""
    words = phrases.listed([f"“{each}”" for each in edit.unmet], "or")
    if edit.kind == "restyle":
        return f"I cannot paint {words}; the rest is done."
    return f"I cannot draw {words}: it is like any other of its kind."


def offered(edits: Sequence[PendingEdit]) -> str:
    """The sentence that comes with variations."""
    count, edit = len(edits), edits[0]
    about = phrases.subject(edit)
    if len({each.prompt for each in edits}) > 1:
        looks = phrases.listed([f"{place} {each.prompt}" for place, each in enumerate(edits, 1)])
        return f"Here are {count} for {about}: {looks}. Pick one, such as “take number 2”."
    if edit.around is not None:
        return f"Here are {count} like it, of which it is the first: pick one, such as “take number 2”."
    return f"Here are {count} variations of {about}: pick one, such as “take number 2”."


def _done(action: DoneAction) -> str:
    match action.how:
        case "edited":
            how = f", {action.step}" if action.step else ""
            if action.without:  # "a vase, without the flowers, added on the table"
                comma = "," if action.kind == "add" else ""
                new = f"{action.prompt}, without {phrases.definite(action.without)}{comma}"
                return phrases.edit(action.model_copy(update={"prompt": new}))
            return phrases.edit(action) + how + (", in another mask" if action.remasked else "")
        case "hidden":
            if action.kind == "add":
                return f"{phrases.definite(action.prompt)} taken out"
            return f"{phrases.definite(action.target)} → as before"
        case "shown":
            return f"{phrases.edit(action)} again"
        case "dropped":
            return f"{phrases.change(action)} deleted"
        case "moved":
            where = f"{action.to} {phrases.definite(action.other)}" if action.other else f"to the {action.to}"
            return f"{phrases.subject(action)} moved {where}"
        case "went back":
            return f"back to {phrases.version(action.version)}"


class Happened(Protocol):
    """What a reply is made of: a turn, or its state while it is carried out."""

    @property
    def plan(self) -> Plan | None: ...

    @property
    def done(self) -> Sequence[DoneAction]: ...

    @property
    def remarks(self) -> Sequence[str]: ...

    @property
    def changed(self) -> bool: ...

    @property
    def failed(self) -> bool: ...


def is_talk(said: str) -> bool:
    """Whether what a planner says is a sentence; else it is a label for what it understood."""
    return said.endswith((".", "!", "?", "…"))


def compose_reply(turn: Happened, told: Collection[str] = ()) -> str:
    """The reply to a whole turn: what the planner had to say, what was done, then what could not be.

    What was ``told`` while it was being done (what was understood, and notes) is not told again.
    """
    said = turn.plan.say.strip() if turn.plan else ""
    talk = is_talk(said) and (turn.changed or not turn.failed)
    parts = [said] if talk else []
    if turn.done:
        done = "; ".join(map(_done, turn.done))
        parts.append("Done." if announced(done) in told else f"Done: {done}.")
    remarks = [remark for remark in dict.fromkeys(turn.remarks) if not talk or remark not in said]
    parts += [remark for remark in remarks if remark not in told]
    if not parts and not remarks:
        labelled = bool(turn.plan and turn.plan.steps) and not is_talk(said)
        parts.append(
            "Nothing was changed." if labelled else said or "Nothing was asked for, so nothing was changed."
        )
    return " ".join(parts)
