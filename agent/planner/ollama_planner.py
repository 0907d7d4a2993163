"""The planner under Ollama: a vision model reads the sentence and sees the picture; the resolver makes the
plan.

The model answers with frames, not with steps: what is wanted, in words, in a small JSON schema that the
server enforces. Which layer is meant, how looks merge and what "bring it back" does is left to the same
resolver that serves the built-in planner. An answer that is cut off, or is no JSON, is asked for once more;
then the built-in planner answers and says so. A server that is not there, a model that is not there and a
server that does not answer in time are a ``PlannerError`` that names the command that fixes it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from agent.errors import PlannerError
from agent.planner import ollama_server
from agent.planner.builtin import BuiltinPlanner
from agent.planner.context import Context
from agent.planner.dialogue import ellipsis, session_talk
from agent.planner.frames import Frame, Reference
from agent.planner.ollama_prompt import NUM_CTX, NUM_PREDICT, Budget, changes, messages, size
from agent.planner.plan import Ask, Plan
from agent.planner.reading_ahead import ReadingAhead
from agent.planner.resolve.layers import stem
from agent.planner.resolve.resolver import resolve
from agent.safe_text import plain
from tools.engines import gpu_memory
from tools.language.lexicon import word_set

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from ollama import AsyncClient

CONTEXT_BYTES = 11 * 2**28
"""What must be free beside a model's file for its server to put all of it on the card: 0.9 to 1.1 GiB for
the context, and, for a model that sees, its projector once more and a GiB that the server leaves free. With
less it puts some layers on the processor, and says so only in ``ps``.
"""

_QUICK = 2.0
"""Seconds that the server has to say what it holds, and to let go of it."""

PATIENCE = 1.0
"""Seconds after which it is said what is waited for."""

_BUDGETS: dict[str, Budget] = {}
"""What is known of the length of prompts, by model, for as long as the process lives."""

_Wanted = Literal[
    "restyle", "replace", "remove", "add", "undo", "redo", "go_to_version", "undo_only", "bring_back",
    "variations", "pick", "keep", "refresh", "compare", "ask", "talk",
]  # fmt: skip


MOST_CHARACTERS = 32 * 2**10
"""An answer of more characters is endless: ``NUM_PREDICT`` tokens are a tenth of that."""

_MOST_WANTS = 32
_MOST_LETTERS = 500
_MOST_NUMBER = 1000


def _phrase(text: str) -> str:
    if len(text) > _MOST_LETTERS:
        raise ValueError("too long for a thing or a look")
    return plain(text)


def _count(number: int | None) -> int | None:
    if number is not None and not 0 <= number <= _MOST_NUMBER:
        raise ValueError("nothing is counted so far")
    return number


# Checked here and not in the schema: servers make slow grammars of limits.
_Phrase = Annotated[str, AfterValidator(_phrase)]


class Want(BaseModel):
    """One thing that the user asks for, as the model reads it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    act: _Wanted
    object: _Phrase = Field(
        default="", description="the thing to change, or the place of a new thing, in the user's words"
    )
    look: _Phrase = Field(default="", description="the new look or the new thing, in the user's words")
    refers_to: Literal["", "it", "them", "both", "all", "first", "second", "third", "last", "other"] = ""
    same_as: _Phrase = Field(default="", description="the thing whose look is copied, or 'last'")
    number: Annotated[int | None, AfterValidator(_count)] = Field(
        default=None, description="how many steps or variations, which version or variation"
    )


class Answer(BaseModel):
    """What the model answers: its wants in the sentence's order, and words for plain talk or a question."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    wants: tuple[Want, ...]
    say: Annotated[str, AfterValidator(plain)] = ""

    @field_validator("wants")
    @classmethod
    def _are_few(cls, wants: tuple[Want, ...]) -> tuple[Want, ...]:
        if len(wants) > _MOST_WANTS:
            raise ValueError("no sentence asks for so much")
        return wants


@cache
def _schema() -> dict[str, Any]:
    """The schema of an answer, to which the server holds its model."""
    return Answer.model_json_schema()


class ServedModel:
    """A model that an Ollama server on this machine keeps on the graphics card: a ``gpu_memory.Resident``.

    The server loads it when it is asked, some time after ``to_card``: until then the room for it is promised.
    A server that is not there, or does not answer, holds nothing; neither does one that runs its models on
    the processor, which it tells once the model is loaded.
    """

    def __init__(self, model: str, base_url: str | None = None) -> None:
        self.name = f"ollama:{model}"
        self.weight_bytes = 0
        self.working_bytes = 0
        self._awaited = False
        self._on_processor = False
        self.share = 1.0
        """The part of the model that lies on the card, as far as the server told when it was last asked."""
        self.full_name = model if ":" in model.rpartition("/")[2] else f"{model}:latest"
        self._base_url = base_url

    def is_there(self) -> bool:
        """Whether the server answers and has the model."""
        with suppress(*_failures()), ollama_server.client(self._base_url, _QUICK) as client:
            return any(each.model == self.full_name for each in client.list().models)
        return False

    @property
    def is_here(self) -> bool:
        """Whether the server's address is one of this machine."""
        try:
            return ollama_server.address(self._base_url).is_here
        except PlannerError:
            return False

    def look(self) -> bool:
        """Ask the server for the model's size; whether it is on the card."""
        self.weight_bytes = self.working_bytes = 0
        with suppress(*_failures()), ollama_server.client(self._base_url, _QUICK) as client:
            for running in client.ps().models:
                if running.model == self.full_name:
                    self.weight_bytes, self._awaited = int(running.size_vram or 0), False
                    self._on_processor = not self.weight_bytes
                    self.share = ollama_server.share_on_card(running.size, running.size_vram)
                    return not self._on_processor
            sizes = {each.model: int(each.size or 0) for each in client.list().models}
            if self.full_name in sizes and not self._on_processor:
                self.weight_bytes, self.working_bytes = sizes[self.full_name], CONTEXT_BYTES
        return False

    @property
    def promised_bytes(self) -> int:
        """What the server is yet to take of the card for the model that it was asked for."""
        if not self._awaited or self.look():
            return 0
        return self.weight_bytes + self.working_bytes if self._awaited else 0

    def to_card(self) -> None:
        """Leave the room to the server, which brings the model when it is asked."""
        self._awaited = True
        gpu_memory.manager().trim()

    def offload(self) -> None:
        """Have the server unload the model, and wait until it has."""
        self._awaited = False
        with suppress(*_failures()), ollama_server.client(self._base_url, _QUICK) as client:
            client.generate(self.full_name, keep_alive=0)
            until = time.monotonic() + _QUICK
            while time.monotonic() < until:
                if all(each.model != self.full_name for each in client.ps().models):
                    break
                time.sleep(0.02)


def _failures() -> tuple[type[Exception], ...]:
    """What a client raises when the server is not there, or is none."""
    import httpx

    ollama = ollama_server.library()
    return (
        PlannerError, httpx.HTTPError, httpx.InvalidURL, ollama.ResponseError, ConnectionError, ValueError,
        TypeError, AttributeError, LookupError, RecursionError,
    )  # fmt: skip


class OllamaPlanner:
    """Plans with a model that an Ollama server runs.

    ``base_url`` defaults to OLLAMA_HOST, then to Ollama's own address. ``timeout`` in seconds is for the
    whole answer to a sentence, also where it has to be asked twice; the first one includes the loading of
    the model.
    """

    def __init__(self, model: str, base_url: str | None = None, timeout: float = 120.0) -> None:
        self.model = model
        self.base_url = base_url
        self.timeout = timeout
        self._can_see: bool | None = None
        self._told_of_eyes = False
        self._builtin = BuiltinPlanner()
        self._served = ServedModel(model, base_url)
        self._told_of_processor = False
        self._client_of: tuple[asyncio.AbstractEventLoop, AsyncClient] | None = None
        self._budget = _BUDGETS.setdefault(model, Budget())
        self._ahead: ReadingAhead | None = None
        self._is_loading = False
        self.patience = PATIENCE
        self.on_wait: Callable[[str], None] | None = None
        """Told what is waited for, when it takes a while."""

    @property
    def name(self) -> str:
        """The engine's name, as in ``--planner``."""
        return f"ollama:{self.model}"

    def is_there(self) -> bool:
        """Whether the server answers and has the model."""
        return self._served.is_there()

    async def plan(self, sentence: str, context: Context, picture: NDArray[np.uint8] | None = None) -> Plan:
        """Plan one sentence. Raises ``PlannerError`` where the server or the model is not there or does not
        answer.
        """
        if not sentence.strip():
            return self._builtin.plan_now(sentence, context)
        full = ellipsis.filled(sentence, context)
        sentence = sentence if full.question else str(full.parts[0])
        if full.question or ellipsis.restored(sentence, context) or ellipsis.read(sentence, context):
            return self._builtin.plan_now(sentence, context)  # sets and exceptions are kept by rule
        if (known := session_talk.read(sentence, context, self._builtin.plan_now)) is not None:
            return known  # the record knows more of the conversation than a model does
        clock = asyncio.get_running_loop().time
        until = clock() + self.timeout
        async with self._told_of_waiting(), self._on_card():
            await self._read_so_far(context, until)
            answer = await self._answer(sentence, context, picture, until)
            if answer is None and clock() < until:
                try:
                    answer = await self._answer(sentence, context, picture, until)
                except PlannerError:
                    if clock() < until:
                        raise
        remark = f"{self.model} gave no usable answer, so the built-in planner was used."
        if answer is not None:
            plain_words = (
                self._builtin.plan_now(sentence, context) if _is_nonsense(answer, sentence) else None
            )
            if plain_words is not None and _does(plain_words):
                remark = (
                    f"What {self.model} answered is not in your sentence, so the built-in planner read it."
                )
                return _remarked(plain_words, remark)
            remark = " ".join(filter(None, (self._of_eyes(), self._of_processor())))
            return _remarked(resolve(_frames(answer, sentence), context), remark)
        return _remarked(self._builtin.plan_now(sentence, context), remark)

    def read_ahead(self, context: Context, picture: NDArray[np.uint8] | None = None) -> None:
        """Have the server load the model and read what every next sentence begins with: the instructions, the
        changes and the picture. It returns at once and never fails.
        """
        self.stop_reading()
        self._ahead = ReadingAhead(changes(context), lambda: self._read(context, picture))

    def stop_reading(self) -> None:
        """No sentence will come for what is being read ahead."""
        if self._ahead is not None:
            self._ahead.cancel()

    async def _read(self, context: Context, picture: NDArray[np.uint8] | None) -> None:
        """What is read ahead: the request of the next sentence without the sentence, and no answer to it."""
        client = ollama_server.async_client(self.base_url, self.timeout)
        async with client, asyncio.timeout(self.timeout), self._on_card():
            self._is_loading = not await self._is_loaded(client)
            if picture is not None and not await self._sees(client):
                picture = None
            most = self._budget.bytes(picture=picture is not None)
            await client.chat(
                self.model,
                messages("", context, picture, most),
                format=_schema(),
                think=False,
                options={"temperature": 0, "num_ctx": NUM_CTX, "num_predict": 1},
            )

    async def _read_so_far(self, context: Context, until: float) -> None:
        """Wait for what is being read ahead where the sentence needs it: to break it off while the model is
        loaded may break off the loading. What the sentence does not need is broken off.
        """
        ahead, self._ahead = self._ahead, None
        if ahead is None or not ahead.is_running:
            return
        if ahead.of != changes(context):
            ahead.cancel()
            return
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await ahead.ended()

    @asynccontextmanager
    async def _told_of_waiting(self) -> AsyncIterator[None]:
        """While it lasts, tell once what is waited for, when it takes a while."""
        tell = self.on_wait
        if tell is None:
            yield
            return
        if self._ahead is None or not self._ahead.is_running:
            self._is_loading = not await self._is_loaded(self._client())

        async def told() -> None:
            await asyncio.sleep(self.patience)
            tell(f"Waiting for {self.model} to {'load' if self._is_loading else 'answer'} …")

        telling = asyncio.ensure_future(told())
        try:
            yield
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def _is_loaded(self, client: AsyncClient) -> bool:
        """Whether the server has the model in memory; True where it does not tell."""
        try:
            async with asyncio.timeout(_QUICK):
                return any(each.model == self._served.full_name for each in (await client.ps()).models)
        except Exception:  # the chat that follows says what is wrong
            return True

    def _of_processor(self) -> str:
        """A sentence about a model that did not find room on the card, once; else ""."""
        share = self._served.share
        # Where there is no card at all, nothing of it could lie there.
        if self._told_of_processor or share == 1.0 or (not share and not gpu_memory.manager().active):
            return ""
        self._told_of_processor = True
        return ollama_server.on_processor_words(self.model, share)

    @asynccontextmanager
    async def _on_card(self) -> AsyncIterator[None]:
        """Room on the graphics card for the model while it is asked: what it finds taken when it is loaded,
        it does not wait for, but works on the processor instead.
        """
        card = gpu_memory.manager()
        if (card.known and not card.active) or not self._served.is_here:
            yield
            return
        room, moving, gone = ExitStack(), threading.Lock(), False

        def enter() -> None:
            card.register(self._served, on_card=self._served.look())
            with moving:
                if not gone:
                    room.enter_context(card.using(self._served))

        def leave() -> None:
            with moving:
                room.close()

        try:
            await asyncio.to_thread(enter)
            yield
            await asyncio.to_thread(self._served.look)
            await asyncio.to_thread(leave)
        finally:
            gone = True  # a cancelled ``enter`` may still be at it: nobody waits for that here
            asyncio.get_running_loop().run_in_executor(None, leave)

    async def _answer(
        self, sentence: str, context: Context, picture: NDArray[np.uint8] | None, until: float
    ) -> Answer | None:
        """The model's answer, or None where it is cut off, endless, no answer of Ollama's at all, or does not
        fit the schema.
        """
        import httpx

        ollama = ollama_server.library()
        try:
            with ollama_server.told(self.model, self.base_url, self.timeout):
                if picture is not None and not await self._sees(self._client()):
                    picture = None
                try:
                    content = await self._said(sentence, context, picture, until)
                except ollama.ResponseError as error:
                    if picture is None or not _is_about_images(error):
                        raise
                    content = await self._said(sentence, context, None, until)
        except (httpx.RemoteProtocolError, httpx.ReadError):
            return None  # it broke off
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            return None  # what answers there speaks another language, such as HTML
        if content is None:
            return None
        try:
            return Answer.model_validate_json(content)
        except ValidationError:
            return None

    async def _sees(self, client: AsyncClient) -> bool:
        """Whether the model sees pictures. One that does not is sent none: its server takes a picture without
        a word and makes a mark in the text of it. A server that does not tell is taken at its errors.
        """
        if self._can_see is None:
            try:
                async with asyncio.timeout(_QUICK):
                    shown = await client.show(self.model)
            except Exception:  # the chat that follows says what is wrong
                return True
            for key, value in (shown.modelinfo or {}).items():
                if key.endswith(".context_length") and isinstance(value, int) and value > NUM_PREDICT:
                    self._budget.context = min(NUM_CTX, value)
            self._can_see = not shown.capabilities or "vision" in shown.capabilities
        return self._can_see

    def _of_eyes(self) -> str:
        """A sentence about a model that cannot see, once; else ""."""
        if self._can_see is not False or self._told_of_eyes:
            return ""
        self._told_of_eyes = True
        return f"{self.model} cannot see, so it plans from your words alone."

    async def _said(
        self, sentence: str, context: Context, picture: NDArray[np.uint8] | None, until: float
    ) -> str | None:
        """What the model says to a prompt that it has read as a whole, None where the answer was cut off;
        raises what the client raises, and ``PlannerError`` where no prompt is short enough.
        """
        sees = picture is not None
        for _ in range(2):
            told = messages(sentence, context, picture, self._budget.bytes(picture=sees))
            content, tokens = await self._chatted(told, until)
            if not self._budget.was_cut(size(told), tokens):
                self._budget.learn(size(told), tokens, picture=sees)
                return content
        raise PlannerError(
            f"The request is longer than the {self._budget.context} tokens that {self.model} can read at"
            " once: say it in fewer words, or use `--planner builtin`."
        )

    async def _chatted(self, told: list[dict[str, Any]], until: float) -> tuple[str | None, int]:
        """One answer, None where it was cut off, and how many tokens the prompt had, 0 where nobody says."""
        content, done, tokens = "", "", 0
        async with asyncio.timeout_at(until):
            parts = await self._client().chat(
                self.model,
                told,
                stream=True,
                format=_schema(),
                # Thinking models think unless told not to, and the schema holds only once they have stopped.
                think=False,
                options={"temperature": 0, "num_ctx": NUM_CTX, "num_predict": NUM_PREDICT},
            )
            async for part in parts:
                content += part.message.content or ""
                if len(content) > MOST_CHARACTERS:
                    return None, 0
                if part.done:
                    done, tokens = part.done_reason or "stop", part.prompt_eval_count or 0
        return (None if done in ("", "length") else content), tokens

    def _client(self) -> AsyncClient:
        """The client. Its connections belong to one event loop, so another loop gets another one."""
        import httpx

        loop = asyncio.get_running_loop()
        if self._client_of is None or self._client_of[0] is not loop:
            timeout = httpx.Timeout(self.timeout, connect=5.0)
            self._client_of = (loop, ollama_server.async_client(self.base_url, timeout))
        return self._client_of[1]


def _remarked(plan: Plan, remark: str) -> Plan:
    """A plan with a sentence before what it says; what a planner only calls its steps is not said then."""
    if not remark:
        return plan
    said = plan.say if plan.say.endswith((".", "!", "?", "…")) else ""
    return plan.model_copy(update={"say": f"{remark} {said}".strip()})


def _is_about_images(error: Any) -> bool:
    """Whether a server refused a request because its model cannot see."""
    words = str(error.error).lower()
    return error.status_code in (400, 500) and any(
        word in words for word in ("image", "vision", "multimodal")
    )


# ---- from the model ----------------------------------------------------------------------------------------
_TAKES_BACK = word_set("""
    undo revert back restore original originally reset over scratch before cancel again version versions
    step steps previous earlier mistake wrong hide without return start old was were take takes forget redo
    forward show bring keep need want reverse rollback beginning first initial unchanged discard normal
""")
"""A sentence that takes something back holds one of these words; without any, a model has guessed."""


def _is_nonsense(answer: Answer, sentence: str) -> bool:
    """Whether a model wants what has no word in common with the sentence, or takes something back unasked: a
    small model keeps to the schema and answers anything.
    """
    words = _words(sentence)
    for want in answer.wants:
        if want.act in ("undo", "redo", "go_to_version", "undo_only", "bring_back"):
            if not words & _TAKES_BACK:
                return True
        elif want.act in ("restyle", "replace", "remove", "add"):
            own = {stem(word) for word in _words(f"{want.object} {want.look}")}
            if own and not own & {stem(word) for word in words}:
                return True
    return False


def _words(text: str) -> set[str]:
    return set("".join(c if c.isalpha() else " " for c in text.lower()).split()) - _SMALL_WORDS


_SMALL_WORDS = word_set("the a an of in on it and to")


def _does(plan: Plan) -> bool:
    """Whether a plan does something and asks nothing."""
    return bool(plan.steps) and not any(isinstance(step, Ask) for step in plan.steps)


def _frames(answer: Answer, sentence: str) -> tuple[Frame, ...]:
    """The model's wants as frames; what would take something back unasked becomes a question."""
    words = set("".join(c if c.isalpha() else " " for c in sentence.lower()).split())
    frames = []
    for want in answer.wants:
        frame = _frame(want, answer.say)
        if frame.act in ("undo", "redo", "goto", "hide", "back") and not words & _TAKES_BACK:
            frame = Frame(
                "ask", say="Shall I take something back? Then say what, for example \u201cundo\u201d."
            )
        frames.append(frame)
    return tuple(frames) or (Frame("talk", say=answer.say),)


def _frame(want: Want, say: str) -> Frame:
    reference: Reference = want.refers_to if not want.object else ""
    match want.act:
        case "restyle" | "replace" | "remove" | "add":
            if not want.object and not reference and want.act != "add":
                reference = "it"
            return Frame(
                "edit", want.act, target=want.object, prompt="" if want.act == "remove" else want.look,
                reference=reference, like=want.same_as,
            )  # fmt: skip
        case "go_to_version":
            return Frame("goto", number=want.number or 0)
        case "undo_only":
            return Frame("hide", target=want.object, reference=reference)
        case "refresh":
            return Frame("refresh", target=want.object, reference=reference or ("" if want.object else "it"))
        case "keep":
            return Frame("keep")
        case "bring_back":
            return Frame("back", target=want.object, reference=reference or ("" if want.object else "it"))
        case "variations":
            kind = "restyle" if want.look and want.object else None
            reference = reference or ("" if want.object else "it")
            return Frame("variations", kind, want.object, want.look, reference, number=want.number)  # type: ignore[arg-type]
        case "ask":
            return Frame("ask", target=want.object, say=say)
        case "talk":
            return Frame("talk", say=say)
        case _:
            return Frame(want.act, number=want.number)
