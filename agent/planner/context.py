"""The planner's interface: a sentence and the context of the conversation in, a plan out.

``advance`` is the picture-less half of carrying a plan out: what a planner may know once the plan was done.
It lets several sentences be planned in a row without painting anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from agent.planner.plan import (
    Ask,
    Compare,
    Drop,
    Edit,
    Goto,
    Hide,
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
from tools.kinds import Kind
from tools.language.looks import settled
from tools.language.noun_phrases import parse
from tools.language.referring import without

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class LayerView:
    """What a planner may know of a layer: its id, its edit in words, whether it is visible at the head,
    whether it was thrown away before, and the colour that its thing had in the base picture (Oklab).
    """

    id: int
    target: str
    prompt: str
    kind: Kind
    visible: bool = True
    dropped: bool = False
    was: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class VersionView:
    """One version: the version that it was made from, and the layer table and focus as they were in it."""

    parent: int
    layers: tuple[LayerView, ...] = ()
    focus: tuple[int, ...] = ()


@dataclass(frozen=True)
class Spoken:
    """What a sentence spoke of: the phrases of the things that its plan was about, and the sentence.

    ``moved``: it went to another version, so that "it" means what was changed there. ``outcome``: what came
    of it, in words ("the sofa: red leather"). ``head``: the version that it led to.
    """

    phrases: tuple[str, ...]
    sentence: str
    moved: bool = False
    outcome: str = ""
    head: int = 0


@dataclass(frozen=True)
class Context:
    """The conversation so far, as a planner sees it.

    ``layers`` are all layers in the order of their ids; ``focus`` the ids that the last edit made or touched
    (what "it" means), most recent last; ``versions`` how many versions there are besides the base; ``head``
    the number of the current one; ``sentences`` the user's earlier sentences, oldest first; ``variations``
    how many variations are on offer; ``question`` what the planner asked in the turn before and has no answer
    to yet.

    ``history`` holds every version by its number, 0 (the base) first. It may be left empty: then ``advance``
    knows the base and the current version only, and takes the others for what the current one is without its
    newest layers. ``offer`` is the edit that the variations on offer are variations of, and ``offered`` what
    each of them paints, where that is known. ``nearest`` says that the nearest to what was asked last is on
    offer, to be kept. ``marks`` are the names that the user gave to
    versions. ``done``: the sentence before changed the picture, so that there is something to take back.
    ``doubted`` is the edit of that sentence that waits for the answer which of several things is meant.
    ``saves`` are the files that versions were saved as, in their order; ``visited`` the versions that were
    the head after each sentence, 0 first; ``told`` the question that the last sentence asked. ``picked``: one
    of the variations on offer was taken, and nothing was done since.
    ``spoken`` is what the latest sentences spoke of, the newest last.
    """

    layers: tuple[LayerView, ...] = ()
    focus: tuple[int, ...] = ()
    versions: int = 0
    head: int = 0
    sentences: tuple[str, ...] = ()
    variations: int = 0
    question: str | None = None
    history: tuple[VersionView, ...] = ()
    offer: Edit | None = None
    offered: tuple[str, ...] = ()
    nearest: bool = False
    marks: tuple[tuple[str, int], ...] = ()
    done: bool = True
    doubted: Edit | None = None
    saves: tuple[tuple[str, int], ...] = ()
    visited: tuple[int, ...] = (0,)
    told: Tell | None = None
    picked: bool = False
    spoken: tuple[Spoken, ...] = ()

    @property
    def at_head(self) -> VersionView:
        """The version at the head."""
        return self.history[self.head] if self.history else VersionView(0)

    @property
    def parent(self) -> VersionView:
        """The version that the one at the head was made from."""
        return self.history[self.at_head.parent] if self.history else VersionView(0)

    @property
    def way(self) -> tuple[int, ...]:
        """The versions from the head back to the base picture, which is left out."""
        number, way = self.head, list[int]()
        while number:
            way.append(number)
            number = self.history[number].parent
        return tuple(way)


class Planner(Protocol):
    """One implementation of "what does this sentence ask for"."""

    @property
    def name(self) -> str:
        """The engine's name, as in ``--planner``."""
        ...

    async def plan(self, sentence: str, context: Context, picture: NDArray[np.uint8] | None = None) -> Plan:
        """Plan one sentence. ``picture``: the current one, uint8 RGB (H, W, 3), for planners that see."""
        ...


def advance(context: Context, sentence: str, plan: Plan) -> Context:
    """The context after ``plan``, the answer to ``sentence``, was carried out. Pure; nothing is painted.

    All steps of a sentence that change the picture make one version together. An ``Edit`` without ``layer``
    appends a layer; with one it replaces that layer's words in place and makes it visible. A step that names
    a layer, a version or a variation that does not exist changes nothing.
    """
    state = replace(context, history=context.history or (VersionView(0),))
    asked: str | None = None
    changed = False
    for step in plan.steps:
        match step:
            case Ask():
                asked = step.question
            case Mark():
                state = replace(state, marks=(*state.marks, (step.name, state.head)))
            case Save():
                version = state.head if step.version is None else step.version
                state = replace(state, saves=(*state.saves, (step.path, version)))
            case Tell() | Compare() | Look() | Open():
                pass
            case Variations():
                state = _offered(state, step)
            case Undo() | Redo() | Goto():
                state = _moved(_committed(state) if changed else state, step)
                changed = False
            case _:
                # The first change of a sentence sets the focus anew, the later ones add to it.
                after = _changed(state if changed else replace(state, focus=()), step)
                if after is not None:
                    state, changed = after, True
    if changed:
        offer = _picked(state) if [step.do for step in plan.steps] == ["pick"] else None
        state = _committed(state)
        if offer is not None:
            state = replace(state, variations=context.variations, offer=offer, picked=True)
    last = plan.steps[-1] if plan.steps else None
    said = spoken_of(sentence, plan.steps, state.layers)
    came = outcome_of(plan.steps, context.head, state.head, state.history, len(context.history))
    said = replace(said, outcome=came, head=state.head)
    return replace(
        state,
        sentences=(*context.sentences, sentence),
        question=asked,
        done=context.done if only_looks(step.do for step in plan.steps) else state.head != context.head,
        doubted=None,
        visited=(*context.visited, state.head),
        told=last if isinstance(last, Tell) else None,
        spoken=(*context.spoken, said),
    )


def only_looks(does: Iterable[str]) -> bool:
    """Whether the steps of a sentence leave the picture alone, as plain talk does: what was done before them
    is still what was done last.
    """
    return set(does) <= {"save", "look", "tell", "mark", "compare"}


def _picked(state: Context) -> Edit | None:
    """The edit on offer once one of its variations was taken: of the layer that this made."""
    return state.offer.model_copy(update={"layer": state.focus[-1]}) if state.offer and state.focus else None


def spoken_of(sentence: str, steps: Sequence[Step], layers: Sequence[LayerView]) -> Spoken:
    """What a sentence spoke of, by the steps that came of it; ``layers`` are all of the session."""
    known = {layer.id: layer for layer in layers}
    phrases: list[str] = []
    for step in steps:
        number: int | None = getattr(step, "layer", None)
        layer = known.get(number) if number is not None else None
        match step:
            case Edit():
                phrases.append(step.prompt if step.kind == "add" else step.target)
            case Variations() | Look() if step.target:
                phrases.append(step.target)
            case Tell() if step.about:
                phrases.append(step.about)
            case _ if layer is not None:
                phrases.append(layer.prompt if layer.kind == "add" else layer.target)
    moved = any(isinstance(step, Undo | Redo | Goto) for step in steps)
    return Spoken(tuple(dict.fromkeys(phrases)), sentence, moved)


def outcome_of(
    steps: Sequence[Step], before: int, after: int, history: Sequence[VersionView], known: int
) -> str:
    """What came of a sentence, in words: from the version ``before`` it to the one ``after`` it, when there
    were ``known`` versions (the base among them). Empty for plain talk.
    """
    if after != before and 0 <= after < len(history):
        if after < max(known, 1):
            there = [described_layer(layer) for layer in history[after].layers if not layer.dropped]
            return f"version {after} again: {'; '.join(there[-6:]) or 'nothing'}"
        parent = history[after].parent
        old = {layer.id: layer for layer in history[parent].layers}
        changed = [described_layer(layer) for layer in history[after].layers if old.get(layer.id) != layer]
        from_ = f"from version {parent}: " if parent != before else ""
        return from_ + "; ".join(changed[:6])
    for step in steps:
        match step:
            case Variations():
                return f"offers {step.count} of {step.target or 'it'}"
            case Mark():
                return f"called {step.name}"
            case Ask():
                return "asked"
            case Save() | Open():
                return "saved" if isinstance(step, Save) else "opened"
            case Tell() | Compare() | Look():
                return "answered"
            case _:
                return "not done"
    return ""


def described_layer(layer: LayerView) -> str:
    """A layer in a few words: "the sofa: red leather", "a cat: new on the rug", "the lamp: gone"."""
    target, prompt = _short(layer.target), _short(layer.prompt)
    match layer.kind:
        case "remove":
            words = f"{target}: gone"
        case "add":
            words = f"{prompt}: new {target}".rstrip()
        case "replace":
            words = f"{prompt}: for {target}"
        case _:
            words = f"{target}: {_look_alone(prompt, target)}"
    return words if layer.visible else f"{words} (hidden)"


def _look_alone(prompt: str, target: str) -> str:
    """ "A red leather sofa" of the sofa is "red leather"."""
    words, noun = prompt.split(), [word.lower() for word in parse(target).noun]
    for length in range(len(noun), 0, -1):
        if [word.lower() for word in words[-length:]] == noun[-length:]:
            words = words[:-length]
            break
    if words and words[0].lower() in ("a", "an"):
        words = words[1:]
    return " ".join(words) or "changed"


def _short(text: str, most: int = 60) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _committed(state: Context) -> Context:
    number = len(state.history)
    made = VersionView(parent=state.head, layers=state.layers, focus=state.focus)
    return replace(
        state,
        history=(*state.history, made),
        versions=number,
        head=number,
        variations=0,
        offer=None,
        offered=(),
        picked=False,
        nearest=False,
    )


def _at(state: Context, number: int) -> Context:
    """The state with another version as its head: layers that the version does not have are there but not
    visible.
    """
    version = state.history[number]
    known = {layer.id: layer for layer in version.layers}
    layers = tuple(known.get(layer.id, replace(layer, visible=False)) for layer in state.layers)
    return replace(
        state,
        head=number,
        layers=layers,
        focus=version.focus,
        variations=0,
        offer=None,
        offered=(),
        picked=False,
        nearest=False,
    )


def _moved(state: Context, step: Undo | Redo | Goto) -> Context:
    number = state.head
    match step:
        case Goto():
            return _at(state, step.version) if step.version < len(state.history) else state
        case Undo():
            focus = state.focus
            for _ in range(step.count):
                focus = state.history[number].focus or focus
                number = state.history[number].parent
            # "it" goes on meaning what was undone: "undo. make it blue".
            return replace(_at(state, number), focus=focus)
        case Redo():
            for _ in range(step.count):
                children = [
                    n for n in range(number + 1, len(state.history)) if state.history[n].parent == number
                ]
                number = children[-1] if children else number
            return _at(state, number)


def _offered(state: Context, step: Variations) -> Context:
    layer = next((view for view in state.layers if view.id == step.layer), None)
    target = step.target if step.target is not None else layer.target if layer else ""
    prompt = step.prompt if step.prompt is not None else layer.prompt if layer else ""
    kind: Kind = step.kind or (layer.kind if layer else "restyle")
    offer = Edit(target=target, prompt=prompt, kind=kind, layer=step.layer)
    return replace(state, variations=step.count, offer=offer, offered=(), picked=False)


def _changed(state: Context, step: Step) -> Context | None:
    """The state after a step that changes layers, not yet a version; None where it changes nothing."""
    match step:
        case Edit():
            return _edited(state, step)
        case Pick():
            return _edited(state, state.offer) if state.offer and step.index <= state.variations else None
        case Refresh() | Reorder() | Mask():
            if not any(layer.id == step.layer for layer in state.layers):
                return None
            focused = replace(state, focus=_focused(state, step.layer))
            if not isinstance(step, Mask) or step.how != "subtract":
                return focused
            layers = tuple(
                replace(layer, target=without(layer.target, step.what)) if layer.id == step.layer else layer
                for layer in state.layers
            )
            return replace(focused, layers=layers)
        case Drop():
            if not any(layer.id == step.layer and not layer.dropped for layer in state.layers):
                return None
            layers = tuple(
                replace(layer, visible=False, dropped=True) if layer.id == step.layer else layer
                for layer in state.layers
            )
            return replace(state, layers=layers)
        case Show(version=int(version)) if version < len(state.history):
            then = next((layer for layer in state.history[version].layers if layer.id == step.layer), None)
            layers = tuple(then if then and layer.id == then.id else layer for layer in state.layers)
            return replace(state, layers=layers, focus=_focused(state, step.layer)) if then else None
        case Hide() | Show():
            if not any(layer.id == step.layer for layer in state.layers):
                return None
            visible = isinstance(step, Show)
            layers = tuple(
                replace(layer, visible=visible) if layer.id == step.layer else layer for layer in state.layers
            )
            return replace(state, layers=layers, focus=_focused(state, step.layer))
    return None


def _edited(state: Context, edit: Edit) -> Context | None:
    # a step is asked for once: the layer goes by the colour that it came to
    prompt = settled(edit.prompt, edit.target) if edit.kind == "restyle" else edit.prompt
    if edit.layer is None:
        number = max((layer.id for layer in state.layers), default=-1) + 1
        made = LayerView(number, edit.target, prompt, edit.kind)
        return replace(state, layers=(*state.layers, made), focus=_focused(state, number))
    if not any(layer.id == edit.layer for layer in state.layers):
        return None
    made = LayerView(edit.layer, edit.target, prompt, edit.kind)
    layers = tuple(made if layer.id == edit.layer else layer for layer in state.layers)
    return replace(state, layers=layers, focus=_focused(state, edit.layer))


def _focused(state: Context, layer: int) -> tuple[int, ...]:
    return (*(number for number in state.focus if number != layer), layer)
