"""Plain talk: greetings, thanks, praise and questions, with something sensible to say.

Only whole clauses have an answer. That a sentence is talk is the readers' to say.
"""

from __future__ import annotations

from itertools import groupby

from tools.language.patterns import Pattern
from tools.language.tokens import tokenise

HELP = (
    "I change one thing in the picture at a time or several: “make the sofa red leather”, “remove the lamp”,"
    " “put a plant in the corner”, “darker”, “undo only the sofa”, “show me three versions”."
)
_HELLO = "Hello! What shall I change in the picture?"
_FINE = "I am fine, thank you. What shall I change in the picture?"
_WELCOME = "You are welcome."
_BYE = "All right. The picture is kept."
_THANKS = "Thank you."
_FLATTERED = "Thank you. What shall I change?"
_WHO = "I am InpaLLa, a picture editor that you talk to. What shall I change?"
_SAVE = "I only plan edits; in the chat, /save writes the picture to a file."
_ONLY = "I only change pictures. What shall I change?"
_NOTED = "All right. Tell me when you want something changed."
_AGREED = "It is. What shall I change?"
_UNKNOWN = "I cannot tell; I only change pictures. What shall I change?"
_FILL = (
    r"(?: (?:so much|a lot|very much|you|mate|man|dude|again|there|all|everyone|for that|in advance|for the "
    r"help|everybody|then|now|inpalla|a bunch|a million|buddy|today|for now|anyway|though|already|with that"
    r"|like that|indeed|really|too|lol|haha))*"
)
_PRAISE = (
    r"(?:nicer|much nicer|way nicer|nice|good|great|cool|perfect|lovely|awesome|amazing|beautiful|wonderful"
    r"|excellent|brilliant|fantastic|superb|better|much better|way better|gorgeous|stunning|pretty good"
    r"|pretty nice|well done|sweet|neat|incredible|impressive|fine|so good|not bad|spot on|wow|love it"
    r"|loving it|yay|super|fab|fabulous|magic|exactly|ace|sick|dope|the best|so nice|so cool|so much better"
    r"|very nice|very good|really nice|really good|a masterpiece|fun|funny|interesting|good enough|all good"
    r"|ideal)"
)
_IT = r"(?:it|that|this|the (?:sofa|room|picture|result|wall|walls|rug|lamp|chair|[a-z]+))"
_RULES: tuple[tuple[str, str], ...] = (
    (r"(?:hi|hello|hey|howdy|yo|hiya|greetings|good (?:morning|afternoon|evening|day)|hello there"
        r"|hi there|hey there|sup|what is up|whats up)" + _FILL, _HELLO),
    (r"(?:how are you|how is it going|how do you do|are you there|you there|are you ok|how are things"
        r"|how is life)(?: .*)?", _FINE),
    (r"(?:thanks|thank you|thx|cheers|ta|many thanks|much appreciated|thank|i appreciate it"
        r"|appreciated)" + _FILL +
        r"(?: (?:that|it|this) (?:is|looks) .*|" + rf" (?:looks? )?{_PRAISE})?", _WELCOME),
    (r"(?:bye|goodbye|good night|goodnight|see you|ciao|that is all|that will be all|that is it"
        r"|we are done|i am done|done|all done|that is everything|nothing else|no more|i am finished"
        r"|finished)" + _FILL, _BYE),
    (rf"(?:(?:oh|wow|haha|ha|ooh|well|yes|yeah|ok|okay|hey|man|ah|really|so|very|pretty|just|looks"
        rf"|looking|that is|this is|it is|thats|that looks|this looks|it looks|they look|what a"
        rf"|thats) )*{_PRAISE}(?: (?:one|job|work|stuff|idea|thing|result|choice|now|thanks|indeed|already"
        rf"|then|picture|move|touch|mate|to me|so far|like that|like this|as it is|enough))*" + _FILL,
        _THANKS),
    (rf"(?:{_IT}|they|the new [a-z]+|the [a-z]+ [a-z]+) (?:is|are|looks?|turned out|came out|feels?"
        rf"|really looks?|now looks?|does look)(?: (?:so|really|very|much|quite|pretty|just|absolutely|now"
        rf"|already|way|a lot|actually|totally|truly))*(?: {_PRAISE})(?: (?:now|already|like that|like this"
        rf"|thanks|this way|that way|there|then|to me|in (?:it|here|there)|as it is|with .*))*", _THANKS),
    (r"can you (?:also |only |even )*(?:remove|change|add|edit|replace|paint|do|swap|delete|handle"
        r"|recolou?r|make|see|draw) (?:objects|things|colou?rs|pictures|photos|other (?:things|pictures"
        r"|photos|languages)|anything|everything|materials|furniture|images|people|styles|text"
        r"|more than .*|real photos|stuff)(?: too| as well| at all| in photos| in pictures| also)*", HELP),
    (r"(?:(?:can|could|may|how (?:do|can|could)|where (?:do|can)|i want to|i would like to|let me"
        r"|is there a way to|please|and|now|ok|just) ?(?:i|we|you|one)? ?(?:please )?)*(?:save|export"
        r"|download|share|print|upload|send|email|post|store)(?: (?:it|this|that|the (?:picture|image"
        r"|photo|result|room|file)|my work|everything|as .*|to .*|here|now|please|somewhere))*", _SAVE),
    (r"(?:i |we |my \w+ )?(?:really |just |absolutely |do |totally |quite |also |kinda |still )*(?:love"
        r"|loves|like|likes|adore|dig|enjoy) (?:the|that|this|my|our|how the|what) [\w -]+?(?: (?:now"
        r"|like that|like this|this way|already|better|much better|a lot|so much|looks?|turned out"
        r"|came out|more|too))+", _THANKS),
    (r"(?:i |we )(?:really |just |absolutely |do |totally |quite |also |kinda |still )*(?:love|like"
        r"|adore|dig|enjoy) (?:the|that|this|my|our) (?:new )?\w+", _THANKS),
    (r"i (?:really |just |absolutely |do |totally |quite )*(?:like|love|adore|dig|enjoy) (?:it|this"
        r"|that|them|what you did|the result|how .*|this one|the new .*|the way .*|it now|that a lot"
        r"|it a lot|this a lot|it so much|that one)" + _FILL, _THANKS),
    (r"(?:you are|youre|you) (?:so |really |very |quite |pretty |the |a |an )*(?:good|great|best"
        r"|amazing|awesome|smart|clever|genius|star|legend|funny|helpful|kind|nice|fast|quick|slow"
        r"|talented|brilliant|wizard|lifesaver|stupid|dumb|bad|useless|wrong|right|welcome|cute|weird"
        r"|crazy|hired|fired)(?: .*)?", _FLATTERED),
    (r"(?:what (?:can|do) you do|what are you able to do|what can i (?:do|say|ask|type|try)|how does "
        r"(?:this|it) work|how do (?:i|you) (?:use|work|do) (?:this|it|that)|help|help me|help please"
        r"|can you help(?: me)?|what (?:commands|things) .*|what is possible|what are my options"
        r"|instructions|usage|what do i do(?: now)?|how (?:can|do) i .*|show me what you can do"
        r"|what else can you do|what kind of (?:edits|changes|things) .*|can you explain .*)" + _FILL, HELP),
    (r"(?:who|what) (?:are|made|built|wrote|created|is) (?:you|inpalla|this)(?: .*)?|what is your name"
        r"|are you (?:a|an|human|real|alive|an ai|ai|chatgpt|sentient) ?.*|who is behind .*"
        r"|where are you from|how old are you|do you (?:sleep|dream|like|know|have|understand|remember"
        r"|love|speak|work|think|believe|ever|see|live|get)(?: .*)?|what model .*|are you .*", _WHO),
    (r"(?!why (?:not|do not|can not)\b|why can(?:not)? (?:we|you)\b|what do you (?:think|say) (?:about"
        r"|of|to|if)\b|how (?:do|does|would|will|might|could) .* (?:sound|look)\b|what would .* look\b"
        r"|what if\b|what about\b)(?:how (?:long|much|many|old|far|big|fast|often|come)|why|when|where|who"
        r"|whose|what time|what happened|what is|what are|what was|what were|what does|what did"
        r"|what do you think|what do you see|what colou?r (?:is|are|was|were)|which (?:one|colou?r"
        r"|version)? ?(?:is|are|do|was|would)|what have|what has|what kind|what version|how did|how is"
        r"|how are|how was|how do|how does|how come|what else)(?: .*)?", _UNKNOWN),
    (r"(?:tell|sing|say|explain|describe|write) (?:me|us|it|what|something|this|the picture|a"
        r"|to)?(?: .*)?", _ONLY),
    (r"(?:yes|yeah|yep|no|nope|nah|ok|okay|sure|alright|right|hm+|well|lol|haha|hahaha|wow|oh|ah"
        r"|i see|fine|got it|understood|never mind|nevermind|forget it|no worries|whatever|maybe|perhaps"
        r"|cool cool|of course|not really|nothing|idk|i do not know|no idea|let me think|let us see"
        r"|one moment|wait|hold on|hang on|hm ok|oh ok|meh|as you like|up to you|sounds good|makes sense"
        r"|fair enough|not now|later|no thanks|no thank you|it is fine|that is fine|it is ok|that is ok"
        r"|good to know|leave it|leave it like that|leave it like this|keep it|keep it like that"
        r"|keep it like this|keep it that way|keep this|keep that|stop|quit|exit)" + _FILL, _NOTED),
    (r"(?!.*\b(?:of|with|by|about) (?:the|that|this|my|our|those|these)\b)(?:i am|we are) (?:so |very "
        r"|really |just |quite |a bit |feeling |pretty )*(?:happy|sad|tired|hungry|bored|back|here|curious"
        r"|excited|new|in love|not sure|impressed|confused|speechless|done|testing"
        r"|learning|sorry|lost|fine|good|great|busy|late|home|from|amazed|pleased|glad|delighted)(?: .*)?",
        _NOTED),
    (r"(?:nice|lovely|beautiful|good|great|cute|cosy|cozy|pretty|what a|such a)(?: (?:nice|lovely"
        r"|beautiful|cosy|cozy|pretty|cute))? (?:weather|day|room|house|flat|place|picture|home|sofa|view"
        r"|photo|image)(?: .*)?", _AGREED),
)  # fmt: skip
_PATTERNS = tuple((Pattern(pattern), reply) for pattern, reply in _RULES)


def answer(sentence: str) -> str:
    """What to say to plain talk, or to the first part of it that has an answer; empty where there is none."""
    runs = groupby((token.low for token in tokenise(sentence)), key=lambda low: low[0].isalnum())
    parts = [" ".join(run) for spoken, run in runs if spoken]
    for text in (" ".join(parts), *parts):
        for pattern, reply in _PATTERNS:
            if pattern.fullmatch(text):
                return reply
    return ""
