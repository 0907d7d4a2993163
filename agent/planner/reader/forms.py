"""The forms of a sentence that tell a wish from talk: whether a clause of it commands, who does what in it,
and when.

The encoder sees what a sentence is about, and talk about removing a lamp is about the same as the wish. That
nobody asks for it stands in closed classes of words, which are counted here for the judge of wishes. Pure
functions over words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.planner.reader.splitting import joined
from tools.language.chunking import is_look

_EDGE = (
    r"(?:(?:ok(?:ay)?|so|and|but|then|well|hm+|hey|oh|ah|sorry|no|nah|nope|yes|yeah|yep|right|please|pls|now"
    r"|also|actually|just|maybe|perhaps|honestly|anyway|guys|mate|bro|dude|man|dear|love|honey|lol|haha|omg"
    r"|wow|ugh|alright|look|listen|hi|hello|sure|fine|great|good|wait|still|first|next|plus|or|kindly"
    r"|quickly|go ahead and|you know what|to be honest|tbh|ngl|like|um+|uh+|er+m?)\b[ ,.:!…–—-]*)*"
)
_COMMANDS = (
    r"(?:make|paint|repaint|turn|put|add|remove|take|give|change|set|have|colou?r|recolou?r|lose|get|try|use"
    r"|delete|erase|hide|show|replace|swap|switch|keep|leave|drop|bring|place|hang|do|go|undo|redo|revert"
    r"|restore|move|throw|toss|chuck|bin|ditch|scrap|stick|pop|whack|bung|slap|rip|tear|strip|kill|axe|nuke"
    r"|yeet|clear|clean|tidy|fix|sort|lighten|darken|brighten|dim|soften|tone|dial|calm|tint|dye|stain|cover"
    r"|wrap|dress|fill|drape|lay|let|lets|call|save|zoom|compare|open|pick|choose|start|reset|cancel|forget"
    r"|wipe|finish|deepen|warm|cool|knock|crank|bump|push|pull|extend|shrink|enlarge|widen|match|mirror"
    r"|redecorate|refurbish|tile|carpet|wallpaper|plaster|varnish|gimme|surprise|hit|stop|reupholster"
    r"|exchange|trade|substitute|update|smarten|style|restyle|shift|see|say|think|picture|imagine|roll|skip"
    r"|return)"
)
_NO_COMMAND = (
    r"(?:let me (?:tell|ask|know|see|think|check|get|find|guess)|let's see|do (?:you|we|they|i|people)\b|have"
    r" (?:you|we"
    r"|they|i|a look|fun)\b|(?:see|say|think|call|give) (?:you|me a (?:sec|second|minute|moment)|what)\b"
    r"|\w+ (?:is|was|are|were|has|had|does|did)\b|(?:hang|hold|get|come) (?:on|out|off|over|lost)\b|put "
    r"(?:that|it) down\b|go on\b)"
)
_COMMAND = re.compile(rf"^{_EDGE}(?!{_NO_COMMAND}){_COMMANDS}\b", re.IGNORECASE)
_CLAUSES = re.compile(r"[,;.!?:…–—]+\s*|\s(?:and|but|so|then|or)\s", re.IGNORECASE)
_WANTS = re.compile(
    r"\b(?:should|must|needs?|has to|have to|got to|gotta|ought(?: to)?|oughta|could (?:use|do with|be|go"
    r"|have)"
    r"|can (?:go|be|we|you|u|i|it|the)|could (?:you|ya|u|we|i|it|the)|would (?:you|look|be|suit|like|love"
    r"|prefer)|i'd (?:like|love|rather|prefer|go|want|have)|i(?:'ll| will) (?:have|take|go)|i (?:want|need"
    r"|fancy|wish|think|reckon|vote)|we (?:want|need)|wanna|wants?|please|pls|plz|let's|lets|how about"
    r"|what about|what if|why not|why don't|time for|instead|rather|gimme|deserves|calls for|cries out"
    r"|wouldn't (?:cry|mind|go amiss)|could do without"
    r"|(?:i'm|we're) (?:sick of|fed up with|bored of|tired of|over)|i (?:can't stand|hate)|out with|in with"
    r"|(?:would|might|may|could) (?:be|get) (?:done|made|painted|changed|removed)|(?:is|would) better|much"
    r" better if"
    r"|goes|away|decided on|settled on|going (?:with|for)|gone (?:with|for)|went (?:with|for)|picked"
    r"|chose)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\b(?:please|pls|plz|can you|could you|would you|will you|can we|could we|let's|lets|i want|i'd like"
    r"|i'd love|gimme|how about|what about|what if|obliged|grateful|appreciate it|so kind|a dear|i (?:was |am"
    r" )?wonder(?:ing)?,?"
    r" (?:if|whether) (?:we|you|it|the [\w -]+?) (?:could|can|might)|i (?:was|am)? ?wondering|(?:is|would) it"
    r" (?:be )?possible"
    r"|any chance|would you mind|why don't)\b",
    re.IGNORECASE,
)
_PEOPLE = (
    r"(?:mom|mum|mother|dad|father|wife|husband|hubby|boss|client|brother|sister|son|daughter|kids?|children"
    r"|boyfriend|girlfriend|partner|friends?|flatmate|roommate|nan|gran|granny|grandma|grandpa|neighbou?rs?"
    r"|landlord|designer|builders?|decorator|plumber|tenants?|cat|dog|ex|aunt|uncle|cousin|mate|teacher"
    r"|seller|buyers?|agent|in-law|folks|parents|guy|lady|man|woman|people|owners?)"
)
_PERSON = re.compile(
    rf"^{_EDGE}(?:i|we|he|she|they|you|(?:my|our|his|her|their|the) (?:\w+(?:-\w+)* )?{_PEOPLE}|everyone"
    rf"|everybody|nobody|no one|someone|somebody|people|{_PEOPLE})(?:'s|'ve|'d|'re|'m)? ",
    re.IGNORECASE,
)
_NAME = re.compile(rf"^{_EDGE}[A-Z][a-z]+(?:'s)?,? ")
_PAST = re.compile(
    r"\b(?:\w+(?<!r)ed|took|tore|had|got|bought|sold|was|were|did|made|lost|threw|thrown|found|gave|went|saw"
    r"|hid|hung|broke|kept|left|built|cut|said|told|drew|spilt|used to|knew|came|ate|thought|been|wore|chose"
    r"|seen|gone|taken)\b",
    re.IGNORECASE,
)
_LONG_AGO = re.compile(
    r"\b(?:ago|yesterday|last (?:night|week|month|year|summer|winter|spring|autumn|time)|used to|once|back"
    r" then"
    r"|as a (?:kid|child)|years|always|never)\b",
    re.IGNORECASE,
)
_NOT_YET = re.compile(
    r"\b(?:if (?:i|we|he|she|they|only|the)|imagine|someday|some day|one day|one of these|next (?:week|month"
    r"|year|summer|spring|autumn|winter|time|door)|when (?:i|we|he|she|they|the)|once (?:i|we|he|she|they"
    r"|the)|tomorrow|eventually|in (?:january|february|march|april|may|june|july|august|september|october"
    r"|november|december)|will be|going to|gonna|might|may|(?:w|c|sh)ould(?: have|'ve)|until|till"
    r"|whatever happens)\b",
    re.IGNORECASE,
)
_DENIES = re.compile(
    r"\b(?:never|don't|do not|won't|wouldn't|can't|cannot|couldn't|not|no way|nobody|hardly|nearly|almost"
    r"|tempted)\b",
    re.IGNORECASE,
)
_WONDERS = re.compile(
    rf"^{_EDGE}(?:who|what|when|where|why|which|how|is|are|was|were|did|does|do|has|have|had|will)\b",
    re.IGNORECASE,
)
_OTHERS = re.compile(r"\b(?:he|she|they|him|her|them|his|their|my|our|we)\b", re.IGNORECASE)
_FEELS = re.compile(
    r"\b(?:lol|haha|wow|oh|lovely|great|love|thanks|honestly|ha|blimey|gosh|what an?|yeah right|as if)\b",
    re.IGNORECASE,
)
_UNSURE = re.compile(
    r"\b(?:maybe not|or not|no idea|not sure|dunno|don't know|who knows|hang on|thinking|wonder(?:ing)?"
    r"|can't decide)\b",
    re.IGNORECASE,
)

MOST_OF_A_LOOK = 4
"""A clause of more words is no look alone."""
_TALE = re.compile(
    rf"^{_EDGE}(?:imagine (?!if\b)|if (?:only|it were up to|i (?:had|won|were))"
    rf"|if (?!you\b|it's\b|that's\b|possible|we could|i could|i may|i might|there's)[^.!?]*(?: would\b|"
    rf" will\b|'d\b|'ll\b)"
    rf"|would (?:an?|the) [\w -]+? (?:show|cost|need|last|hide|attract|stain|fade|crack|scratch|take|mean"
    rf"|affect)\b|you should(?: have|'ve) (?:seen|heard|been)"
    r"|(?!(?:the|my|our|his|her|your|those|these|that|this|both|all|i|we|you|they|it)\b)(?:\w+ ){0,2}\w+s"
    r"(?: and \w+)? (?:don't|do not|never|always|tend to|rarely|hardly ever|aren't) "
    r"|who(?: on earth| the \w+| in (?:the world|their right mind))? (?:needs|wants|buys|puts|paints|has)\b"
    r"|you(?:'d| would|'ll| will) (?:never|think|be (?:surprised|amazed))\b"
    rf"|(?:it|that|this|there) (?:was|were) (?!(?:\w+ ){{0,3}}(?:better|nicer|best|nicest|prettier|mistake"
    rf"|wrong|bad idea|supposed|meant|wanted|(?:left|right|other|first|second) one))"
    rf"|the [\w' -]+? (?:was|were) (?!(?:\w+ ){{0,3}}(?:better|nicer|best|nicest|prettier|mistake|wrong|bad"
    rf" idea|supposed|meant|wanted))"
    rf"|(?:i|we|he|she|they|(?:my|our|his|her|their|the) (?:\w+ )?{_PEOPLE})(?: have| has|'ve) (?!(?:just )?"
    rf"(?:decided"
    rf"|changed|had|got|to|always|picked|chosen|settled|agreed|opted|gone|thought)\b)(?:\w+ )?\w+(?:ed|en|t"
    rf"|wn|un|ung|ade|one|ought)\b"
    rf"|(?:he|she|they|(?:my|our|his|her|their|the) (?:\w+ )?{_PEOPLE}) (?!(?:wanted|said|decided|liked"
    rf"|picked|preferred"
    rf"|suggested|asked|chose|told)\b)(?:had (?:an?|one|some|the same|those)\b|\w+ed|took|tore"
    rf"|drew|got|bought|sold|did|made|lost|threw|found|gave"
    rf"|went|saw|hid"
    rf"|hung|broke|kept|left|built|cut|wouldn't let|would not let|told us|told me)\b)",
    re.IGNORECASE,
)
_LEFT_OPEN = re.compile(
    r"(?:maybe not|or (?:maybe )?not|no idea|not sure|dunno|who knows|can't (?:really )?(?:tell|decide|say)"
    r"|don't know)[ .!?…]*$",
    re.IGNORECASE,
)
_REFUSES = re.compile(
    r"\b(?:are you (?:mad|crazy|kidding|serious|out of your mind)|no way|not a chance|over my dead body|as if"
    r"|you must be (?:joking|kidding))[ .!?…]*$",
    re.IGNORECASE,
)
""" "What, remove the fireplace? Are you mad?"."""
_WISH_LATER = re.compile(
    r"[,;.!?:…–—]\s*(?:so |and |but |then |just |please )*(?:it|that|this|they|those|the [\w -]+?)(?:'s| is|"
    r" are)? (?:has|have"
    r"|needs?|must|should|can|could|gotta|got to|goes)\b|\b(?:please|pls|let's|can you|could you|i want|i'd"
    r" like)\b",
    re.IGNORECASE,
)

COUNT = 25
"""How many forms there are."""


def forms(words: Sequence[str]) -> NDArray[np.float32]:
    """The forms of a sentence as numbers (``COUNT``), most of them 0 or 1."""
    said = joined(words)
    clauses = [clause for clause in map(str.strip, _CLAUSES.split(said)) if clause]
    commands = [_COMMAND.match(clause) is not None for clause in clauses] or [False]
    wants, past = _WANTS.search(said) is not None, _PAST.search(said) is not None
    person = _PERSON.match(said) is not None
    states = not any(commands) and not wants
    return np.array(
        (
            any(commands),
            commands[0],
            commands[-1],
            wants,
            _ASKS.search(said) is not None,
            person,
            past,
            person and past,
            _NOT_YET.search(said) is not None,
            _DENIES.search(said) is not None,
            _WONDERS.match(said) is not None,
            said.endswith("?"),
            said.endswith("!"),
            " but " in said.lower(),
            min(len(words), 40) / 12,
            len(clauses) / 3,
            _OTHERS.search(said) is not None,
            _FEELS.search(said) is not None,
            states,
            states and (person or past),
            _NAME.match(said) is not None,
            _LONG_AGO.search(said) is not None,
            _UNSURE.search(said) is not None,
            states and _NOT_YET.search(said) is not None,
            any(map(_is_look, clauses)),
        ),
        np.float32,
    )


def tells(sentence: str) -> bool:
    """Whether a sentence tells what was, what somebody did, or what might be, or leaves open whether it wants
    anything, and no clause of it commands.
    """
    said = sentence.replace("’", "'")
    if _REFUSES.search(said):
        return True
    clauses = [clause for clause in map(str.strip, _CLAUSES.split(said)) if clause]
    if any(map(_COMMAND.match, clauses)) and not said.lower().startswith(
        ("imagine", "lol imagine", "haha imagine")
    ):
        return False
    return (_TALE.match(said) or _LEFT_OPEN.search(said)) is not None and not _WISH_LATER.search(said)


def _is_look(clause: str) -> bool:
    """Whether a clause is nothing but a look: "a bit lighter", "dark green"."""
    said = clause.lower().split()
    return 0 < len(said) <= MOST_OF_A_LOOK and is_look(said[-1]) and not _PERSON.match(f"{clause} ")
