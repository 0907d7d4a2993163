"""One open session with its planner, engines and graph: what a chat and the one-shot commands talk to.

``Editor.say`` carries out one sentence; ``open_editor`` finds the picture, the session, the preset and the
planner that an editor needs. Importing this module loads no model and no graph.
"""

from __future__ import annotations

import asyncio
import importlib
import sqlite3
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Self

from agent.errors import AgentError
from agent.planner import load_planner
from agent.planner.context import Context, Planner
from agent.planner.plan import Keep, Plan
from agent.safe_text import plain
from agent.turn import phrases
from agent.turn.context import Distant, Engines, PresetEngines, ReadsAhead, TurnContext, ignore
from agent.turn.events import Listener, Turn, View
from agent.turn.memory import MemoryFile
from agent.turn.state import TurnState
from sessions import SessionError, Sessions, data_folder
from sessions.files import FULL, absolute, is_full
from sessions.model import Changes
from tools.engines import registry, threads
from tools.engines.registry import Preset
from tools.engines.requirements import telling
from tools.errors import Cancelled, PictureError
from tools.kinds import Kind
from tools.language.consent import keeps, yes_or_no

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sessions.session import Session

LONGEST = 2000
"""A sentence of more characters is not read."""


class Editor:
    """An open session and what edits it. Made by ``Editor.open`` or ``open_editor``; close it.

    One turn at a time; the methods belong to one event loop's thread, but for ``warm_up``. ``remarks`` are
    sentences about how the picture was read and what was left unfinished, for the user.
    """

    def __init__(
        self,
        context: TurnContext,
        remarks: tuple[str, ...] = (),
        *,
        fleeting: bool = False,
        new: bool = False,
    ) -> None:
        """See ``Editor.open``."""
        self._context = context
        self._fleeting = fleeting
        self._new = new
        self._asked: str | None = context.memory.asked
        self._busy = False
        self.remarks = remarks

    @classmethod
    def open(
        cls,
        *,
        session: Session,
        preset: Preset,
        planner: Planner,
        engines: Engines | None = None,
        asks: bool = True,
        guesses: bool = False,
        remarks: tuple[str, ...] = (),
        fleeting: bool = False,
        new: bool = False,
    ) -> Self:
        """Make an editor for an open session, which from now on belongs to it.

        ``engines`` are the preset's own unless given, and are loaded when first wanted. With ``asks`` False
        nobody answers a question: a doubtful edit is not done, and the question is the reply. With
        ``guesses`` the best guess is taken instead, with a remark. A ``fleeting`` session goes when it is
        closed while nothing was made in it and nothing is on offer; so does a ``new`` one that is
        given up.
        """
        file = MemoryFile(session.folder)
        context = TurnContext(session, planner, preset, engines or PresetEngines(preset), file, asks, guesses)
        if (cut_off := context.memory.unfinished) is not None:
            where = phrases.version(session.head)
            remarks = (*remarks, f"“{cut_off}” was interrupted and not carried out; this is {where}.")
            context.remember(unfinished=None, asked=None)
        elif context.memory.asked is not None and asks:
            remarks = (*remarks, f"Still waiting for your answer: {context.memory.asked}")
        return cls(context, remarks, fleeting=fleeting, new=new)

    @property
    def session(self) -> Session:
        """The open session."""
        return self._context.session

    @property
    def planner(self) -> Planner:
        """What plans the sentences."""
        return self._context.planner

    @property
    def preset(self) -> Preset:
        """The preset in use."""
        return self._context.preset

    async def say(self, sentence: str, on_event: Listener = ignore) -> Turn:
        """Carry out one sentence: plan, locate, gate, paint, check, commit, reply.

        Where the editor asked before whether to go on, a yes or a no answers that; anything else drops the
        question. Raises ``AgentError``, ``SessionError`` and ``ToolError``, each with one sentence for the
        user; the session is then at its last committed version. Cancelling the task stops the engines
        between two steps, with the same effect.
        """
        sentence = readable(sentence)
        if self._asked is None and self._is_to_keep(sentence):
            return await self.carry_out(Plan(steps=(Keep(),)), sentence, on_event)
        answer = yes_or_no(sentence) if self._asked is not None else None
        if answer is not None:
            waits = await self._waits()
            if waits is None:
                question, self._asked = self._asked, None
                self._context.remember(asked=None, held=())
                raise AgentError(
                    f"“{question}” was asked by another release and can no longer be answered:"
                    " enter the request again."
                )
            answer = answer if waits else None
        return await self._turn(
            sentence, on_event, TurnState(sentence=sentence) if answer is None else answer
        )

    async def carry_out(self, plan: Plan, sentence: str, on_event: Listener = ignore) -> Turn:
        """Carry out a plan that is ready; ``sentence`` is what the user typed for it. See ``say``."""
        return await self._turn(sentence, on_event, TurnState(sentence=sentence, plan=plan))

    def warm_up(self, picture: NDArray[np.uint8] | None = None) -> None:
        """Load what the next sentence needs, and have the planner read ahead and the segmenter look at the
        ``picture`` that it will be about, unless the planner leaves it time for that. Takes seconds; may be
        called from another thread.

        Raises ``EngineError`` when an engine cannot be loaded, ``Cancelled`` when a turn that waits for the
        look is cancelled.
        """
        from tools.segmenting.base import look

        context = self._context
        if picture is not None and isinstance(context.planner, ReadsAhead):
            context.planner.read_ahead(self.planner_context(), picture)
        segmenter = context.engines.segmenter()
        context.engines.inpainters()
        _graph()
        if picture is not None and not isinstance(context.planner, Distant):
            look(segmenter, picture, cancelled=lambda: context.lock.locked() and context.cancelled())

    def planner_context(self) -> Context:
        """What the planner would see now."""
        from agent.turn.planner_context import context_of

        return context_of(self.session, self._context.memory)

    @property
    def marks(self) -> Mapping[str, int]:
        """The versions that the user gave a name, by it."""
        return dict(self.planner_context().marks)

    def offers(self) -> list[NDArray[np.uint8]]:
        """The pictures that what is on offer would make, each uint8 RGB (H, W, 3); empty without.

        One for each variation; one in all where the nearest to what was asked is on offer.
        """
        from agent.turn.paint import new_layer

        offers = self._context.memory.offers
        if offers is None or not offers.are_on_offer(self.session.head):
            return []
        layers = [new_layer(self.session, edit) for edit in offers.at(self.session.head)]
        if offers.attempts:
            return [self.session.preview(Changes(layers=tuple(layers)))]
        return [self.session.preview(Changes(layers=(layer,))) for layer in layers]

    @property
    def offers_attempts(self) -> bool:
        """Whether what is on offer is the nearest that the last turn came to what was asked, to be kept."""
        offers = self._context.memory.offers
        return offers is not None and offers.version == self.session.head and offers.attempts

    @property
    def is_kept(self) -> bool:
        """Whether the session stays when it is closed."""
        from sessions.prune import is_empty

        return not (self._fleeting and is_empty(self.session.folder))

    def give_up(self) -> None:
        """The user broke off: a session that was new, whatever its name, goes if nothing was made in it."""
        self._fleeting = self._fleeting or self._new

    def close(self) -> None:
        """Close the session, which goes if there is nothing in it to keep. Closing twice does no harm."""
        if isinstance(self.planner, ReadsAhead):
            self.planner.stop_reading()
        self.session.close()
        if self._fleeting:
            self._fleeting = False
            _drop_if_empty(self.session)

    def _is_to_keep(self, sentence: str) -> bool:
        """Whether a sentence takes the nearest that is on offer, or would if there were anything to take."""
        if not keeps(sentence) or self.offers_attempts:
            return keeps(sentence)
        now = self.planner_context()
        return yes_or_no(sentence) is None and now.question is None and not now.variations

    async def _waits(self) -> bool | None:
        """Whether the turn that stopped at a question can go on: another process may have answered it. None
        where another release asked it.
        """
        graph = await asyncio.to_thread(_graph)
        waits: bool | None = await graph.waits(self.session)
        return waits

    async def _turn(self, sentence: str, on_event: Listener, start: TurnState | bool) -> Turn:
        if self._busy:
            raise AgentError("The previous sentence is still being worked on: wait for it, or cancel it.")
        context = self._context
        began = time.perf_counter()
        self._busy, self._asked = True, None
        held: tuple[str, ...] = ()
        asked, context.asks = (
            context.asks,
            context.asks or isinstance(start, bool),
        )  # a no is heard by whoever asked
        try:
            await context.begin(on_event)
            context.remember(unfinished=sentence)
            graph = await context.work(lambda _: threads.apart(_graph))
            state, question = await graph.run(context, start)
            if question is not None:
                plan = state.plan or Plan()
                self.session.add_turn(sentence, question, plan.model_dump(mode="json", exclude_none=True))
                held = tuple(edit.mask for edit in state.edits if edit.mask is not None)
            self._asked = question
        except Cancelled as cancelled:  # an engine stopped before the task was told
            raise asyncio.CancelledError from cancelled
        except sqlite3.Error as error:
            folder = self.session.folder
            why = FULL if is_full(folder) else error
            raise AgentError(f"The folder {folder} cannot be used: {why}.") from error
        finally:
            context.remember(unfinished=None, asked=self._asked, held=held)
            context.listener = ignore
            context.asks = asked
            self._busy = False
        seconds = {key: round(state.seconds.get(key, 0.0), 3) for key in ("plan", "locate", "paint")}
        seconds["total"] = round(time.perf_counter() - began, 3)
        edits = state.finished
        if question is not None:
            edits = (*edits, *(edit.but(outcome=edit.outcome or "unsure") for edit in state.edits))
        return Turn(
            sentence=sentence,
            reply=question if question is not None else state.reply,
            plan=state.plan or Plan(),
            version=self.session.head,
            changed=state.changed,
            failed=state.failed,
            edits=tuple(edit.but(outcome=edit.outcome or "skipped") for edit in edits),
            done=state.done,
            remarks=state.remarks,
            question=question,
            seconds=seconds,
            views=state.views if question is None else _doubted(state),
        )


def _doubted(state: TurnState) -> tuple[View, ...]:
    """What a question is about: the outlines of what was found."""
    found = [edit for edit in state.edits if edit.open and edit.mask is not None and edit.patch is None]
    masks = tuple(edit.mask for edit in found if edit.mask is not None)
    return (View(label=", ".join(map(phrases.subject, found)), outlines=masks),) if masks else ()


def _drop_if_empty(session: Session) -> None:
    """Remove a closed session without any edit. One that cannot go costs nobody anything."""
    from sessions.prune import is_empty

    with suppress(SessionError):
        Sessions(session.folder.parent).remove_if(session.name, is_empty)


def _graph() -> ModuleType:
    """The graph's module: importing it takes a second, so it waits for the first turn."""
    return importlib.import_module("agent.turn.graph")


def readable(sentence: str) -> str:
    """The sentence as it was meant (see ``agent.safe_text.plain``), without control characters and broken
    letters.

    Raises ``AgentError`` when nothing is left, or when it is too long.
    """
    if len(sentence) <= LONGEST:
        sentence = plain(sentence)
    if len(sentence) > LONGEST:
        raise AgentError(
            f"The sentence has {len(sentence)} characters and at most {LONGEST} are read: shorten it."
        )
    if not phrases.says_something(sentence):
        raise AgentError("The sentence is empty: say what to change.")
    return sentence


def open_editor(
    picture: Path | None,
    session_name: str | None,
    preset: str | None,
    planner: str | None,
    data: Path | None = None,
    *,
    asks: bool = True,
    guesses: bool = False,
    inpainters: Mapping[Kind, str] | None = None,
) -> Editor:
    """Open what a conversation needs.

    With a ``picture``, a new session of that name (by default one named after the picture), or the session of
    that name if it is of the same picture. Without one, the session of that name, or a new one of the sample
    room. ``preset`` and ``planner`` are names; by default a session's own preset, and the preset's planner.
    A new session that was given no name is fleeting. ``inpainters`` are engines by kind instead of the
    preset's. ``data`` is the data folder. Raises ``ToolError``, ``SessionError`` and ``AgentError``.
    """
    sessions = Sessions((data or data_folder()) / "sessions")
    session = remarks = None
    new = False
    if session_name is not None and sessions.exists(session_name):
        session = sessions.open(session_name)
    try:
        # What can be refused without reading a pixel is refused first.
        chosen = registry.find_preset(preset or _preset_of(session), inpainters)
        with telling(chosen):
            registry.check_here((inpainters or {}).values())
        engine = load_planner(planner or chosen.planner)
        if session is None:
            session, remarks = _of_picture(sessions, picture or sample_room(), session_name, chosen)
            new = True
        elif picture is not None:
            remarks = _same_picture(session, picture)
        return Editor.open(
            session=session,
            preset=chosen,
            planner=engine,
            asks=asks,
            guesses=guesses,
            remarks=remarks or (),
            fleeting=new and session_name is None,
            new=new,
        )
    except BaseException:
        if session is not None:
            session.close()
            if new:
                _drop_if_empty(session)
        raise


def sample_room() -> Path:
    """The picture that is edited where none is named. Raises ``PictureError`` when it is not there."""
    import pocket

    path = pocket.sample_room()
    if not path.exists():
        raise PictureError("The sample room is missing from this installation: name a picture to edit.")
    return path


def _preset_of(session: Session | None) -> str:
    """The preset that a session was made with, if this version still has it."""
    if session is not None and session.preset in registry.PRESETS:
        return session.preset
    return registry.DEFAULT_PRESET


def _of_picture(
    sessions: Sessions, path: Path, name: str | None, preset: Preset
) -> tuple[Session, tuple[str, ...]]:
    """A new session of a picture file, and remarks about how it was read."""
    from sessions.openraster import holds_session
    from tools.pictures import read_picture

    source = absolute(path)
    if holds_session(source):
        session = sessions.import_file(name, source)
        said = "1 version" if len(session.versions) == 2 else f"{len(session.versions) - 1} versions"
        return session, (f"{path.name} holds a session with {said}, and continues from there.",)
    read = read_picture(path)
    session = sessions.create(
        name, read.pixels, alpha=read.alpha, form=read.form, preset=preset.name, source=source
    )
    return session, read.notes


def _same_picture(session: Session, path: Path) -> tuple[str, ...]:
    """Remarks about how a picture was read. Raises ``AgentError`` when the session is of another one."""
    from sessions.pictures import digest_of
    from tools.pictures import read_picture

    read = read_picture(path)
    if session.base != digest_of(read.pixels):
        raise AgentError(
            f"The session {session.name!r} belongs to another picture than {path.name}:"
            " choose another name with --session."
        )
    return read.notes
