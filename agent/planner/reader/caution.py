"""What sounds like a wish to take something away and is none: "don't you dare remove the rug", "who removed
it?", "is it hard to remove a sofa?". Pure functions over a sentence and what was read of it.

Readers learn what a sentence is about, and this is about removing the rug. That nobody asks for it stands in
a few closed words, which a rule sees more surely.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from agent.planner.frames import Frame
from agent.planner.resolve.wording import definite
from tools.language.chunking import is_look
from tools.language.colours import value_of
from tools.language.lexicon import MATERIALS, word_set
from tools.language.looks import read_look
from tools.language.noun_phrases import parse

_TAKE = (
    r"(?:remov(?:e|ing)|delet(?:e|ing)|eras(?:e|ing)|tak(?:e|ing)|get(?:ting)? rid|throw(?:ing)?|los(?:e"
    r"|ing)|drop(?:ping)?"
    r"|hid(?:e|ing)|undo(?:ing)?|clear(?:ing)?|scrap(?:ping)?|touch(?:ing)?)"
)
_FORBIDDEN = re.compile(
    r"\b(?:do(?: not|n'?t)|never|must(?: not|n'?t)|should(?: not|n'?t)|may not|not to)\b(?: (?:you|ever"
    r"|even|think|of|dare"
    rf"|try|to|about|just|go|and|please|anybody|anyone)\b)* {_TAKE}\b",
    re.IGNORECASE,
)
_INVITED = re.compile(
    r"\bwhy (?:do(?: not|n'?t)|not)\b|\bdo(?: not|n'?t) (?:you|we) (?:think|want)\b", re.IGNORECASE
)
_EDGE = (
    r"^(?:(?:ok(?:ay)?|so|and|but|well|hm+|hey|oh|sorry|no|please|just (?:asking|curious|wondering))"
    r"[ ,:.!]+)*"
)
_ASKED = re.compile(
    rf"{_EDGE}(?:who|whose|when|where|what (?:happens|would happen|will happen|happened)|how (?:hard"
    rf"|difficult|easy|long|many)"
    r"|is (?:it|this|that|there)|was (?:it|this|that)|would (?:it|that|this|things|the room|everything)"
    r" (?:be|look|feel)|does"
    r"|did|has|have (?:i|you|we|they)|do you think|are you able|do (?:you|i|we)|are there|is anyone)\b",
    re.IGNORECASE,
)
_TOLD = re.compile(
    rf"{_EDGE}(?:i|we|he|she|they|(?:my|our) \w+)(?: (?:have|has|had|just|already|once|never|also)|'ve)*"
    rf" (?:removed|deleted|erased"
    r"|took|taken|threw|thrown|lost|dropped|got rid|cleared|scrapped|sold|gave)\b[^,;.!?]*[.!]*$",
    re.IGNORECASE,
)
_AFTER_ALL = re.compile(
    r"[.!?…] +(?:(?:so|and|just|please|then|now|right|ok(?:ay)?)[ ,]+)*(?:remove|delete|erase|get rid|lose"
    r"|bin|ditch|scrap"
    r"|chuck|take|throw)\b[^?]*$",
    re.IGNORECASE,
)
""" "Who needs six cushions. Get rid of them." asks for something in the end."""
_ABLE = re.compile(
    rf"{_EDGE}(?:can|could|will|would) (?:you|it|this|one|i)(?P<even> (?:even|actually"
    rf"|really|also|somehow))? .*",
    re.IGNORECASE,
)
_ANY_PICTURE = re.compile(
    r"\b(?:from|in|on|out of) (?:an?|any|my|some)? ?(?:pictures?|photos?|images?)\b", re.IGNORECASE
)
_UNDECIDED = re.compile(
    r"\b(?:(?:not|un) ?(?:quite |so |really )?(?:sure|decided)(?: yet)?|haven'?t decided|(?:was|were|am"
    r"|i'm|we're|are) (?:just |only )?(?:thinking"
    r"|wondering|toying|considering|debating)\b.*\b(?:but|not sure|yet)|maybe (?:later|not)|or maybe not)\b",
    re.IGNORECASE,
)
_STORY = re.compile(
    rf"{_EDGE}(?:(?:mine|ours|his|hers|theirs)(?: at \w+| back \w+)?(?:'s| is| are| was| were"
    rf"| has| have| had)\b"
    r"(?! to\b)|(?:yesterday|recently|back then|the other (?:day|week)|last (?:night|week|month|year"
    rf"|summer|winter|time)|\w+ (?:years?"
    rf"|months?|weeks?|days?) ago)[, ]+\b(?!make|paint)"
    r"|(?:a|an|some|one|my|our|his|her|the) [\w-]+(?: of (?:mine|ours|his|hers))? (?:painted|repainted"
    r"|removed|bought|sold|got|threw|tore|put|changed"
    r"|covered|lost|broke)\b[^,;.!?]* (?:her|his|their|its)\b[^,;.!?]*[.!]*$"
    r"|(?:the|my|our|his|her|their) [\w' -]+? (?:got|was|were|has been|have been|had been) (?:replaced"
    r"|removed|painted|repainted|covered|changed|thrown out|taken (?:away|out|down)|sold)\b[^,;.!?]*"
    r"\b(?:by (?:an?|the|my|our|some)|on \w+day|in (?:spring|summer|autumn|winter|\d{4})|last \w+|yesterday"
    r"|years? ago)\b[^,;.!?]*[.!]*$"
    r"|if (?:i|we) (?:had (?:the |more |enough |any )?(?:money|time|space|room|cash|budget|say)|won\b"
    r"|were rich).*\b(?:i|we)(?:['’]d| would)\b)",
    re.IGNORECASE,
)
""" "The table in the window got replaced by a bigger one", "if I had the money I would throw it all out"."""
_PAST = (
    r"(?:\w+ed|took|tore|had|got|bought|sold|was|were|did|undid|made|put|lost|threw|found|gave|went|saw|hid"
    r"|hung"
    r"|broke|kept|left|built|cut)"
)
_LIVED = re.compile(
    rf"{_EDGE}(?:when (?:i|we|he|she|they|(?:my|our) \w+) {_PAST}\b"
    rf"|(?:my|our|his|her) \w+ (?:once|just|already|even|nearly|never) {_PAST}\b)"
    r"(?!.*\b(?:please|can you|could you)\b)"
    r"|\b(?:i|we|he|she|they) (?:had|got) (?:it|them|mine|ours) \w+ed\b[^,;.!?]*[.!]*$",
    re.IGNORECASE,
)
""" "When I took the curtains down I found a nest", "my son once undid all my varnishing", "I had it dyed"."""
_ERRAND = re.compile(
    rf"{_EDGE}(?:[a-z]+, )?(?:(?:put|stick|pop) the (?:kettle|dinner|oven|washing) on\b|(?:put|turn) that"
    rf" down\b"
    r"|turn (?:the )?(?:telly|tv|radio|music|sound|volume) (?:down|up)\b)",
    re.IGNORECASE,
)
""" "Put the kettle on" is said to somebody in the room."""
_HAPPENS = re.compile(
    rf"{_EDGE}(?:(?:wait|hang on|hold on|one (?:sec|second|moment|minute)|sorry|oh)\b[ ,:.!-]+)*"
    r"(?:the|my|our) \w+(?:['’]s| is| are)(?: just| already| still)? \w+ing[ .!]*$",
    re.IGNORECASE,
)
""" "Wait, the kettle's boiling": what goes on there, and no look."""
_SOME_OF_THEM = re.compile(
    r"\b(?:remove|take(?: away| out| off| down)?|lose|ditch|bin|delete|get rid of"
    r"|chuck) (?P<count>one|two|three"
    r"|four|a few|some|a couple|half)(?: of (?:them|those|these))?(?: away| out| off"
    r"| down)?(?: please)?[.!]*$",
    re.IGNORECASE,
)
""" "Too many cushions, take away two": not all of them."""
_SLIPPED = re.compile(
    r"\bwrong (?:button|key|window|tab|chat|app|number|person)\b[^,;.!?]*[.!]*$", re.IGNORECASE
)
_LATER = re.compile(
    r"\b(?:(?:i'll|i will|let me|need to|have to|want to) (?:first )?(?:sleep on|think about|think over)"
    r" (?:it|that|this)"
    r"|(?:i'll|let me) think(?: first)?[.!]*$)",
    re.IGNORECASE,
)
_WHAT_IF = re.compile(
    rf"{_EDGE}(?:would|will|does|do|did|is|can|could|should) (?=\w+ing\b){_TAKE}\b.*\?", re.IGNORECASE
)
""" "Would undoing one thing also lose the others?"."""
_MANY = re.compile(r"\b(?:that |so |too )?many (?P<noun>\w+)")
_COUNTED = re.compile(
    r"(?:too |so |not )?(?:many|few|enough)\b.*|(?:too|so) much (?P<of>\w+)(?: .+)?", re.IGNORECASE
)
_MUCH_OF = re.compile(r"(?:too|so) much (?P<colour>[a-z]+)", re.IGNORECASE)
_SHARE = re.compile(r"(?:only |just )?half(?:(?: of)? (?:that|it|this|them)| as(?: much)?)?", re.IGNORECASE)
_NO_LOOK = word_set("make them it that him her they we you i he she but should could would can must please")
_BEFORE_A_THING = word_set("of like as than with on in from to by under over behind beside near")
_OWN = ("the", "my", "our", "your", "that", "this", "those", "these", "both", "all", "his", "her", "their")

Frames = tuple[Frame, ...]


def cautious(frames: Frames, sentence: str) -> Frames:
    """What was read of a sentence, with what nobody asks to be taken away kept, asked about, or answered; and
    a question in the place of a look that is a number of things ("too many cushions").
    """
    sentence = sentence.replace("’", "'")
    frames = tuple(map(_of_colour, frames))
    if any(frame.kind == "restyle" and _is_no_look(frame.prompt) for frame in frames):
        return (Frame("ask"),)
    if any(frame.kind == "restyle" and _is_count(frame.prompt) for frame in frames):
        return (_too_many(frames),)
    if _SLIPPED.search(sentence):
        return (Frame("talk"),)
    told = (
        _ERRAND.search(sentence)
        or _HAPPENS.match(sentence)
        or _STORY.search(sentence)
        or _LIVED.search(sentence)
        or _LATER.search(sentence)
    )
    if told and not any(frame.act in ("talk", "ask", "tell") for frame in frames):
        return (Frame("talk"),)
    if any(frame.kind == "remove" and _is_of_colours(frame.target) for frame in frames):
        return (Frame("talk"),)
    if any(map(partial(_is_of_a_stuff, sentence=sentence), frames)):
        return (Frame("talk"),)
    if not any(map(takes, frames)):
        return frames
    if any(frame.kind == "remove" and _speaks(frame.target, sentence) for frame in frames):
        return (Frame("talk"),)
    removed = [frame for frame in frames if frame.kind == "remove"]
    if (
        len(removed) == 1
        and (some := _SOME_OF_THEM.search(sentence))
        and some["count"] not in removed[0].target
    ):
        of_what = definite(removed[0].target) if removed[0].target else "them"
        return (Frame("ask", say=f"Which of {of_what} shall I remove? Say where each is."),)
    if _WHAT_IF.search(sentence):
        return (_asked(removed) if removed else Frame("talk"),)
    if removed and (many := _MANY.search(removed[0].target)):
        return (Frame("ask", say=f"Which {many['noun']} shall I remove?"),)
    if _FORBIDDEN.search(sentence) and not _INVITED.search(sentence) and len(frames) == 1:
        thing = frames[0].target or "that"
        return (Frame("keep", target=frames[0].target, say=f"All right, I leave {thing} as it is."),)
    if not any(frame.kind == "remove" or frame.act in ("hide", "drop") for frame in frames):
        return frames
    if _TOLD.search(sentence):
        return (Frame("talk"),)
    if _UNDECIDED.search(sentence):
        return (_asked(frames),)
    able = _ABLE.match(sentence)
    if able is not None and (able["even"] or _ANY_PICTURE.search(sentence)):
        return (_asked(frames),)
    if _AFTER_ALL.search(sentence):
        return frames
    if _ASKED.search(sentence) and (len(frames) == 1 or sentence.rstrip().endswith("?")):
        return (_asked(frames),)
    return frames


def _is_of_colours(target: str) -> bool:
    """Whether no thing is named, but colours: "red and green should never be seen"."""
    words = [word for word in target.lower().split() if word not in ("the", "and")]
    return len(words) > 1 and all(value_of(word) is not None and word not in MATERIALS for word in words)


def _is_of_a_stuff(frame: Frame, sentence: str) -> bool:
    """Whether something is said of a stuff as such ("leather's so cold in winter")."""
    stuff, look = frame.target.lower(), read_look(frame.prompt)
    if frame.kind != "restyle" or stuff not in MATERIALS or look.value is not None or look.step is not None:
        return False
    is_so = r"(?:'s| is| are| gets?| feels?| looks?| never| always| can)\b[^,;.!?]*[.!]*$"
    return re.match(rf"{_EDGE}{re.escape(stuff)}{is_so}", sentence, re.IGNORECASE) is not None


def _speaks(target: str, sentence: str) -> bool:
    """Whether it is somebody who says or wants something: "the plumber reckons the bath must go"."""
    verbs = r"(?:says?|said|reckons?|thinks?|thought|wants?|wanted|likes?|hates?|told|asked|insists?)"
    return bool(target) and re.match(rf"{_EDGE}{re.escape(target)} {verbs}\b", sentence, re.I) is not None


def takes(frame: Frame) -> bool:
    """Whether a frame takes something away or back."""
    return frame.act in ("undo", "redo", "goto", "hide", "drop") or frame.kind == "remove"


def _of_colour(frame: Frame) -> Frame:
    """ "Too much red" is less red; of a colour of which there is no less, the user is asked."""
    found = _MUCH_OF.fullmatch(frame.prompt) if frame.kind == "restyle" else None
    if found is None or value_of(found["colour"].lower()) is None:
        return frame
    less = f"less {found['colour'].lower()}"
    return replace(frame, prompt=less) if read_look(less).step is not None else Frame("ask")


def _is_no_look(prompt: str) -> bool:
    """Whether a look has words that no look has: "make them leather", "that but much lighter",
    "half of that".
    """
    words = prompt.lower().split()
    pairs = zip(["", *words], words, strict=False)
    return _SHARE.fullmatch(prompt) is not None or any(
        word in _NO_LOOK and before not in _BEFORE_A_THING for before, word in pairs
    )


def _asked(frames: Sequence[Frame]) -> Frame:
    """The question that answers one about taking something away."""
    target = next((frame.target for frame in frames if frame.kind == "remove" and frame.target), "")
    if not target:
        return Frame("ask")
    if parse(target).article.lower() not in _OWN:
        return Frame("talk", say="I can take things out of a picture: say which, such as “remove the lamp”.")
    return Frame("ask", say=f"Shall I remove {target}?")


def _is_count(look: str) -> bool:
    found = _COUNTED.fullmatch(look)
    return found is not None and not (found["of"] and is_look(found["of"].lower()))


def _too_many(frames: Sequence[Frame]) -> Frame:
    frame = next(frame for frame in frames if frame.kind == "restyle" and _is_count(frame.prompt))
    if frame.target and "many" in frame.prompt.lower():
        noun = " ".join(parse(frame.target).noun)
        return replace(Frame("ask"), say=f"Which {noun} shall I remove?")
    return Frame("ask")
