"""How requests open, as tables: "could you maybe", "I was wondering whether", "it would be nice if", "how
about".

``REQUESTS`` are openings that add nothing to what follows, ``WANTS`` say that what follows is wanted. Of
the openings that
fit, the longest one counts, so their order does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable

from tools.language.patterns import Pattern

_CAN = "(?:can|could|would|will|may|might|should|shall)"
_COULD = "(?:could|can|would|might|may|will|should)"
_YOU = "(?:you|we|i|ya|one|someone|somebody|us)"
_I = "(?:i|we)"
_SOFTLY = (
    "(?: (?:please|maybe|possibly|perhaps|just|also|kindly|now|then|both|quickly|at least|help me"
    "|be able to|try to|try and|go ahead and|be so kind (?:as to|and)|be so good (?:as to|and)))*"
)
_REALLY = (
    "(?: (?:really|just|also|so|actually|still|rather|much|very much|kind of|kinda|sort of|honestly"
    "|definitely|absolutely|only))*"
)
_NICE = (
    "(?:(?:so|really|very|quite|pretty|much|super|way) )?(?:great|nice|nicer|cool|lovely|good|awesome"
    "|better|amazing|perfect|ideal|fun|best|wonderful|fantastic|neat|interesting|sweet|swell|helpful|kind)"
)
_SAYS = (
    "(?:says|thinks|reckons|suggests|insists|said|say|think|suggested|believes|feels|told me|asked me"
    "|asked|wants me|wants you|wants us)"
)

REQUESTS = (
    # asking somebody to do it
    f"{_CAN}(?: not)? {_YOU}{_SOFTLY}",
    f"(?:do (?:not )?you|would you|could you|you)? ?think {_YOU} {_COULD}",
    "(?:do you not|do not you|do you|you do not|you do) think(?: that)?|do not you think",
    "(?:(?:would|do) you )?mind(?: if (?:i|we|you))?(?= )",
    "(?:do|are) you able to|would it (?:kill|hurt|bother) (?:you|anyone) to|can not (?:you|we)",
    "do me (?:a|the) favou?r (?:of|and)",
    (
        "(?:is|would) (?:it|that|this)(?: be)?(?: at all)? (?:possible|ok|okay|cool|alright"
        f"|too much)(?: (?:to|if|for)(?: (?:you|we|i|ask you to))?(?: {_COULD})?)?(?: (?:have|get"
        "|see)(?= ))?"
    ),
    (
        "(?:is (?:it|there)(?: at all)? (?:possible|any way|a way|any chance|a chance|any possibility)"
        f"|any (?:chance|way|possibility))(?: (?:to|that|of|for|if))?(?: {_YOU})?(?: (?:{_COULD}"
        "|to))?(?: (?:get|have|see)(?= ))?"
    ),
    f"(?:can|could|may|might) {_I} (?:please |maybe |just )*(?:have|get|see|try|ask (?:you )?(?:to|for))",
    f"{_I}(?: (?:would|will|do))?{_REALLY} (?:like|love|want|need|prefer|wish|ask|beg)(?: for)? you to",
    # saying what one thinks or plans
    (
        f"(?:{_I} (?:was|am|were|are) ?)?(?:just )?(?:wondering|thinking|curious|considering)(?: (?:if"
        f"|whether|about|that|of|along the lines of))?(?: (?:maybe|perhaps))?(?: {_YOU})?(?: {_COULD})?"
    ),
    (
        f"{_I}(?: (?:would|will))?{_REALLY} (?:like|love|want|need|prefer|wish|have|plan|decided|fancy"
        "|mean|have decided|am going|are going) to(?: (?:see|have|get|try|go for|go with"
        "|ask you to)(?= ))?"
    ),
    (
        f"{_I}{_REALLY}(?: (?:do|would))?{_REALLY} (?:think|guess|feel|believe|reckon|suppose|figure|say"
        "|said|bet|feel like|was thinking|am thinking|wonder|wish|hope|imagine|suggest|propose|insist"
        "|request|recommend|vote|vote for|am sure|know|am convinced|thought|figured|decided"
        f"|have decided)(?: (?:that|if|whether|maybe|perhaps|about|of|for|on))?(?: {_YOU} {_COULD})?"
    ),
    (
        f"(?:it|that|this) (?:would|might|could) (?:be|look) {_NICE}(?: (?:if|to"
        f"|when))?(?: {_YOU})?(?: {_COULD})?(?: (?:see|have|get)(?= ))?"
    ),
    (
        f"{_I} (?:would|will){_REALLY} (?:like|love|prefer|appreciate|adore|be (?:so )?(?:happy|glad"
        f"|grateful)) (?:it )?(?:if|when)(?: {_YOU}(?: {_COULD})?)?"
    ),
    (
        "(?:you|we) (?:should|could|can|may|must|might|will|would|need to|have to|ought to"
        "|had better)(?! not)(?: (?:also|just|maybe|please|really))*"
    ),
    (
        f"(?:my|the|our|his|her)(?: \\w+){{1,2}} {_SAYS}(?: (?:that|to|for|if))?(?: {_YOU} (?:should|could"
        "|must|need to|ought to))?"
    ),
    "(?:my|the|our|his|her)(?: \\w+){1,2} would like (?:you|me|us)(?: to)?",
    (
        f"(?:he|she|they|everyone|everybody|someone|people) {_SAYS}(?: (?:that|to"
        f"|for))?(?: {_YOU} (?:should|could|must|need to))?"
    ),
    # suggesting
    "what (?:about|if)|how (?:about|bout)|why not|why (?:do|can|could) (?:not (?:you|we)|(?:you|we) not)",
    "what if (?:i|we|you|there|it|one|someone)(?: (?:had|was|were|got|could|would|just|also|instead|maybe))*",
    "what would (?:happen if|you say (?:to|about|if)|it look like (?:if|with))",
    "what (?:do|would) you (?:think|say) (?:about|of|to|if)(?: (?:we|you|i|making|having|painting))?",
    (
        "how would (?:you feel about|it look (?:if|with|like if)|it be (?:if|with))|how do you feel about"
        "|how do(?:es)?(?= [a-z ]+ sound)"
    ),
    (
        f"would(?: not)? it (?:not )?be {_NICE}(?: (?:if|to))?(?: {_YOU}(?: {_COULD})?)?(?: (?:have|see"
        "|get)(?= ))?"
    ),
    (
        "(?:imagine|suppose|pretend|say|picture|assume|let us say|let us imagine"
        "|let us pretend)(?: (?:that|if|for a moment|for a second))+"
    ),
    (
        "(?:imagine|suppose|pretend)(?= (?:the|my|our|that|this) [a-z ]+ (?:is|are|was|were|being|painted"
        "|made|covered)\\b)|if(?= (?:the|my|our|that|this) [a-z ]+ (?:was|were)\\b)"
    ),
    "(?:show|tell|let me see|let us see)(?: (?:me|us))? (?:what|how)",
    # ordering
    (
        "(?:go ahead|go on|try|come on|feel free|be (?:a|an) \\w+|do me a favou?r|be so kind|be so good"
        "|be nice|make yourself useful) (?:and|to|as to)"
    ),
    (
        "(?:remember|make sure|be sure|help me|time|ready|i am ready|it is (?:about )?time|i need|i want"
        "|i would like|we have|i have|we need|we want|you need|you have|you ought|i ask you"
        "|i am asking you|i beg you|you are going|you are supposed|i am trying|i am looking"
        "|we are looking|your job is|the idea is|the plan is|all i want is|what i want is"
        "|what i need is) (?:to|that you|for you to)"
    ),
    (
        "let there be|(?:let|have) (?:us|me)(?: (?:just|also|maybe|now))*|let's(?: (?:just|also|maybe|now"
        "|go ahead and|try and|try to))*"
    ),
    # getting from one thing to the next
    (
        "(?:next|first|second|third|then|finally|lastly|afterwards|second of all|first of all|first off"
        "|for starters|to start with|to begin with|next up|in addition|on top of that|besides that"
        "|other than that|apart from that|one more thing|another thing|quick question"
        "|(?:and )?while (?:you|we) are at it|at the same time|after that|in the meantime)"
    ),
    "(?:maybe|perhaps|possibly|surely|ideally|preferably|honestly|personally)",
    (
        "(?:the thing is|you know(?: what)?|as you can see|i tell you what|tell you what"
        "|here is the thing|guess what|listen|look|see|so basically|in my opinion|if you ask me"
        "|to be honest|please note that|i mean|for me|if (?:it is )?possible|if you (?:can|could)"
        "|if you do not mind|when you have a (?:moment|minute|second)|when you get a chance|as for"
        "|regarding|concerning|with regard to|about|speaking of|when it comes to|in terms of"
        "|as soon as you can)(?: that)?"
    ),
    "(?:here is|there is) (?:an idea|what i want|what i would like|a thought|my idea)",
)

_WOULD = (
    "(?: (?:would|will|do|could|am|are|might|really|also|just|so|still|kind of|kinda|rather|actually"
    "|definitely|much|very much|only|absolutely|desperately|totally|honestly|currently))*"
)

WANTS = (
    (
        f"(?:{_I}|you|he|she|they|my \\w+|everyone){_WOULD} (?:want|wants|need|needs"
        "|prefer|fancy|miss|picturing|imagining|seeing"
        "|wish for"
        "|wish|hope for|desire|crave|do with|use|imagine|picture|envision|after|craving|dreaming of"
        "|looking for|in the mood for|keen on|wanting|require|opt for|kill for|die for|demand|request"
        "|going with|going for"
        "|asking for|settling on|voting for)(?: (?:to (?:see|have|get|try|go for|go with|be able to see)"
        "|it if|it when))?"
    ),
    (
        f"(?:{_I}|you|he|she|they|my \\w+|everyone){_REALLY} (?:would|will|could|might){_REALLY} (?:like"
        "|love|adore|enjoy|have|see|get|take|go for|go with|choose|pick|use|do with|kill for"
        "|die for)(?: (?:to (?:see|have"
        "|get|try|go for|go with)|it if|it when))?"
    ),
    f"{_I} see(?= the )",
    (
        f"{_I} (?:have )?(?:always |ever |long |been |secretly )*(?:dreamed of|dreamt of|wanted"
        "|dreaming of|dreaming about|wished for|needed|fancied|longed for|wanting|thinking of"
        "|thinking about|looking for|hoping for|admired|loved|decided on|chosen|settled on|opted for"
        "|gone for|gone with|picked)(?: (?:to have|having))?"
    ),
    (
        "(?:would|could|should|can|may)? ?(?:love|prefer|fancy|want|need|needs|wanted|needed|go for"
        "|go with|looking for|in the mood for|imagine|picture|dying for|wishing for|craving|desperate for"
        "|make that)"
    ),
    (
        "(?:give|get|bring|show|fetch|find) (?:me|us)|let (?:me|us) (?:see|have)|let's (?:have|see"
        "|go with|go for|get|try|do|use)|hook me up with|hit me with"
    ),
    "there (?:should|could|must|might|ought to|needs to|has to|can|would) (?:be|also be)",
    (
        "(?:it|this|that|the room|the place|this room|the picture|this place|this corner|the scene"
        "|the whole thing) (?:could (?:use|do with)|needs|need|wants|lacks|is missing|would benefit from"
        "|could really use|really needs|is lacking|deserves|is crying out for|calls for|cries out for"
        "|is begging for)"
    ),
    (
        "(?:it|this|that|the room|the place|this room|the picture|this place|this corner|the scene"
        f"|the whole thing) would look {_NICE} with"
    ),
    "(?:could|can) use|(?:could )?do with|missing|(?:it is )?(?:about )?time for",
)


def _patterns(tables: Iterable[str]) -> tuple[Pattern, ...]:
    return tuple(Pattern(f"(?:{table})(?= |$)") for table in tables)


_REQUESTS, _WANTS = _patterns(REQUESTS), _patterns(WANTS)


def _longest(patterns: Iterable[Pattern], text: str) -> str:
    matches = (pattern.match(text) for pattern in patterns)
    return max((match.group() for match in matches if match), key=len, default="")


def request(text: str) -> str:
    """The longest opening of a request at the start of ``text``, or nothing."""
    return _longest(_REQUESTS, text)


def want(text: str) -> str:
    """The longest words of wanting at the start of ``text``, or nothing."""
    return _longest(_WANTS, text)
