"""Sentences in the words that everything after them reads: a pattern that is not wanted, a code beside its
name, the blue of another thing. Pure functions over one sentence; what has none of these stays as it is.
"""

from __future__ import annotations

import re

from tools.language.casual_words import is_of_things as _is_of_things
from tools.language.casual_words import plainly_worded
from tools.language.chunking import is_look, is_thing
from tools.language.colours import value_of
from tools.language.compounds import is_step
from tools.language.lexicon import MATERIALS, SHADES, word_set
from tools.language.looks import read_look
from tools.language.object_sizes import UNKNOWN, thing_in

_CODE = re.compile(r"(?<![\w/.-])#(?P<digits>[0-9a-z]{3,9})(?![\w.-]*\.\w)\b", re.IGNORECASE)
"""What is typed as a colour code; "#1" is a number, "room #12.png" a file."""

_NAME_AND_CODE = re.compile(
    r"\b(?P<name>(?:[a-z]+[ -]){0,2}[a-z]+),? ?\(?(?P<code>#(?:[0-9a-f]{3}){1,2})\b\)?", re.IGNORECASE
)

_PATTERN = (
    r"(?:polka[ -])?(?:stripes?|striping|pattern(?:s|ing)?|prints?|checks?|dots?|spots|motifs?|plaid|tartan"
    r"|florals?|flower pattern)"
)
_PATTERN_TO_TAKE_OFF = (
    r"(?:stripes|striping|pattern(?:s|ing)?|(?:polka[ -])?dots|checks|motifs?|flower pattern)"
)
"""Without what may be a thing of its own: a print, a spot, a check."""
_PATTERNED = (
    rf"(?:{_PATTERN}|striped|stripey|stripy|patterned|printed|checked|chequered|checkered|dotted|spotted"
    r"|polka[ -]dot(?:ted)?|floral|flowery)"
)
_THING = r"(?P<thing>(?:the|my|our|your|that|this|both|all) [\w' -]+?)"
_END = r"(?P<end>(?:,? (?:please|again|now|instead|completely))*[.!]*)$"
_PATTERN_OFF = (
    re.compile(
        rf"(?:remove|delete|erase|lose|drop|(?:get|be) rid of|take|do away with) (?:(?:off|out|away) )?"
        rf"(?:the|those|these|all the|any) {_PATTERN_TO_TAKE_OFF}(?: (?:off|out|away))?"
        rf" (?:from|on|off|of|in) {_THING}{_END}",
        re.IGNORECASE,
    ),
    re.compile(rf"no (?:more )?{_PATTERN} (?:on|for|in) {_THING}{_END}", re.IGNORECASE),
    re.compile(
        rf"(?:(?:i(?:'d| would)? (?:want|like|prefer)|make|have) )?{_THING} (?:without|with no)(?: the| any)?"
        rf" {_PATTERN}{_END}",
        re.IGNORECASE,
    ),
)
_NOT_PATTERNED = re.compile(
    r"(?:,? (?:and|but))?(?:,? |, ?)(?:with no|without(?: the| any)?|no(?: more)?|not|minus the)"
    rf" {_PATTERNED}"
    r"(?: (?:please|on it|at all|anymore|any more))*(?P<after>[.,!;]|$| and | but )",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"\b(?:plain|solid|unpatterned|one[ -]colou?red)\b", re.IGNORECASE)

_COLOUR_OF = re.compile(
    r"(?P<before>\b\w+ (?:in|into|to|with|like|as) |\b(?!(?:make|paint|turn|darken|lighten|change|keep)\b)"
    r"\w+ )"
    r"the (?:(?:same|exact) ){0,2}(?P<colour>(?:[a-z]+ )?[a-z]+) (?:of|as|from|on) "
    r"(?P<of>(?:the|my|our|that) [\w' -]+)",
    re.IGNORECASE,
)
_TONED_DOWN = re.compile(
    rf"(?:please )?(?:tone|dial|turn|calm) down the (?:colou?rs?|[a-z]+) (?:of|on|in) {_THING}{_END}",
    re.IGNORECASE,
)
_COLOURFUL = re.compile(
    rf"(?P<degree>(?:(?:an? |some |much |still |even )*(?:bit|little|lot|touch|tad|much|some|even|still) )*)"
    rf"(?P<more>more|less) colou?r(?: (?:on|in|for|to) {_THING})?{_END}",
    re.IGNORECASE,
)
_COLOUR_OF_OWNER = re.compile(
    r"(?P<before>\b(?:in|into|to|with) )(?P<of>(?:the|my|our) [\w -]+?)'s? (?P<colour>(?:[a-z]+ )?[a-z]+)"
    r"(?=[.,!;]|$| and | please)",
    re.IGNORECASE,
)


_SOUNDS = re.compile(
    r"(?:(?:just for fun|hm+|ok(?:ay)?|so|and|but|i wonder)[ ,]+)*"
    r"(?:how (?:does|would) (?P<thing>an? [\w -]+?) sound"
    r"|(?:what|how) (?:would|will|does|might) (?:it|this|that|the (?:room|picture|place|whole thing))"
    r" look(?: like)? with (?P<new>an? [\w -]+?))"
    r"(?: (?:instead|there|then|now|maybe))* ?[?.!]*",
    re.IGNORECASE,
)


_BETTER = re.compile(
    r"(?P<head>(?:(?:ok(?:ay)?|hm+|no|nah|well|so|and|but|maybe|perhaps|actually|i think|i guess)[ ,]+)*)an? "
    r"(?P<look>[\w -]+?) (?P<noun>[\w-]+) (?:is|would be|might be|may be|looks|would look) (?:much |a lot "
    r"|so much |even )?"
    r"(?:better|nicer|prettier|cooler|more fitting)(?: (?:i (?:think|guess)|there|here|then|maybe|for"
    r" .+))*[.!]*",
    re.IGNORECASE,
)
_BUT_FOR = re.compile(
    r"(?P<head>(?:(?:ok(?:ay)?|hm+|no|well|so|and|now)[ ,]+)*)(?:everything|all|the rest)(?: else| of"
    r" it)?(?: is|'s| looks)?"
    r" (?:fine|good|great|ok(?:ay)?|nice|perfect|right|lovely)(?: now| like this| as it is)?,?"
    r" (?:except(?: for)?|but|apart"
    r" from|save|only)(?: for)? (?P<thing>(?:the|my) [\w' -]+?),? (?:that|it|this|which|they|those)"
    r" (?P<wish>(?:should|must"
    r"|could|has to|have to|needs? to|ought to) .+)",
    re.IGNORECASE,
)
_A_DAY = re.compile(
    r",? (?:and )?(?:then )?(?:we(?:'ll| will)|let's|let us|i(?:'ll| will)) call it a (?:day|night)\b",
    re.IGNORECASE,
)
_WHERE_IT_WAS = re.compile(
    r"\b(?:in (?:its|his|her|their) (?:place|spot)|where (?:it|that|he|she|they) (?:was|were|stood|hung"
    r"|lay|sat|used to (?:be|stand|hang)))\b",
    re.IGNORECASE,
)
_SIDE = re.compile(r"\b(?:in|at|on) (?:the )?(left|right)(?:[- ]hand)? side\b(?! of\b)", re.IGNORECASE)
_TWICE = re.compile(r"\b(the|a|an|my|in|on|and|to|of|it) \1\b", re.IGNORECASE)
_RETURNS = re.compile(
    r"(?P<head>(?:(?:ok(?:ay)?|so|and|now|well|fine|yes|please)[ ,]+)*)(?P<x>he|she|it|they|(?:the|my)"
    r" [\w -]+?) (?:can|may|should|could)"
    r" (?:come|be|go) back(?: (?:in|again|now|there))*[.!]*",
    re.IGNORECASE,
)
_TOPIC_OF = re.compile(
    r"(?P<head>(?:(?:and|yeah|ok(?:ay)?|so|now|good|then)[ ,]+)*)(?:the|my) (?P<noun>[\w-]+)s(?:,| uh| um|"
    r" er)* (?P<wish>(?:please )?(?:take|make"
    r"|paint|turn|remove|put|hide|give|get) .*?(?:the|my) [\w -]*?\b(?P=noun)\b.*)",
    re.IGNORECASE,
)
_MISSED = re.compile(
    r"(?P<head>(?:(?:hey|oh|hm+|ok(?:ay)?|so|and|but|now|actually|no)[ ,]+)*)(?:i|we)(?: do| really| still"
    r"| kind of| already|'m)* miss(?:ing)?"
    r" (?P<x>(?:the|my|our) [\w -]+?)(?: (?:now|though|already|a (?:bit|lot)|too|there))*[.!]*",
    re.IGNORECASE,
)
_PERSONS = {"he": "him", "she": "her", "they": "them"}
_ALL_OF_THEM = re.compile(
    r"(?P<said>.*\b[\w-]+s)[.,;!–-]+ (?:all|both|every (?:single )?one|each)(?: of (?:them|those"
    r"|these))?[.!]*",
    re.IGNORECASE,
)


_THAT_MATTER = re.compile(
    r"\b(?:scrap|forget|drop|ditch|undo|cancel)(?: about)? (?P<thing>(?:the|that) [\w-]+) "
    r"(?:thing|idea|business|stuff|change|colou?r|paint)\b",
    re.IGNORECASE,
)
""" "Scrap the walls thing": what was done to them."""
_THROWN_IN = re.compile(r"\b(?:throw|chuck|pop|stick) in (?=(?:an?|some|two|three) )", re.IGNORECASE)


_SHORT = re.compile(
    r"(?<![\w'’./-])(?:['’]?em|pics?|bg|smth|sth|summat|somethin|sumthin|y['’]?all|ol['’]|dat|dis|th|teh)(?![\w./-])",
    re.IGNORECASE,
)
_IN_FULL = {
    "em": "them", "pic": "picture", "pics": "pictures", "bg": "background", "smth": "something",
    "sth": "something", "summat": "something", "somethin": "something", "sumthin": "something",
    "yall": "you", "ol": "old", "dat": "that", "dis": "this", "th": "the", "teh": "the",
}  # fmt: skip
_PER_CENT = re.compile(
    r"\b(?:(?:like|about|some|maybe|by) )?(?P<count>\d{1,3}) ?(?:%|per ?cent) (?=(?P<step>\w+))",
    re.IGNORECASE,
)


def _in_full(found: re.Match[str]) -> str:
    return _IN_FULL[re.sub("['’]", "", found[0].lower())]


_THEM_THINGS = re.compile(r"\bthem (?P<looks>(?:[a-z]+ ){0,2})(?P<noun>[a-z]+s)\b", re.IGNORECASE)
_ALL_OF_IT = re.compile(r"\bthe (?:whole )?lot(?: of (?:it|them))?(?=[.!?]*$)", re.IGNORECASE)
_SIMILE = re.compile(
    r"(?P<colour>\b[a-z]+) as (?:an? )?(?!(?:well|before|is|was|can|in|usual|possible|planned|ever|much|soon"
    r"|far|long|the|my|our|that|this|it|those|these|with)\b)(?P<like>[a-z]+)(?=[,.;!]|$| please)",
    re.IGNORECASE,
)
_NOT_TOO = re.compile(
    r"\b(?P<colour>[a-z]+),? but (?:not|nothing) (?:too|that|so|overly|super|crazy) (?P=colour)(?=[,.;!?]|$)",
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile(r"(?P<before>[\w-]+) ?\((?P<inside>[\w -]+)\)(?=[ ,.;!]|$)")
_OF_A_KIND = re.compile(
    r"\b(?:one|some) of (?:those|these) (?P<look>[\w -]+?) (?:ones|things|types|jobs|numbers)\b",
    re.IGNORECASE,
)
_ADDED_IN = re.compile(
    r"^(?P<head>(?:(?:and|then|now|let's|please|maybe|ok(?:ay)?)[ ,]+)*)(?:layer|work|drop|bring|sneak|slip)"
    r" in (?=(?:an?|some|two|three) )",
    re.IGNORECASE,
)
_OUT_WITH = re.compile(
    r"^(?P<head>(?:(?:and|then|now|please|just|ok(?:ay)?|right)[ ,]+)*)(?:(?:lob|sling|turf|hoy|hoof|oust"
    r"|evict"
    r"|banish|jettison|zap|nuke|vaporise)(?: out| away| off)?|(?:rip|tear|strip|heave) (?:out|away|off))"
    r" (?P<thing>(?:the|that|those|these|this|my|our)(?: (?!to |with |into |in |out |away |off"
    r" )[\w'-]+){1,3}?)"
    r"(?: (?:out|away|off))?(?P<end>[.!]*)$",
    re.IGNORECASE,
)
_GIVE_US = re.compile(
    r"^(?P<head>(?:(?:and|then|now|please|just|ok(?:ay)?|right)[ ,]+)*)(?:chuck|bung|lob|sling|whack|slap"
    r"|stick|pop|get|give|do) us (?:up )?(?:with )?(?=(?:an?|some) )",
    re.IGNORECASE,
)
_OF_A_STUFF = re.compile(
    r"^(?P<head>(?:(?:and|then|now|please|just|ok(?:ay)?|right|let's)[ ,]+)*)(?!mirror|glass)"
    r"(?P<stuff>[a-z]+) "
    r"(?P<thing>(?:the|that|those|my|our) [\w' -]+?)(?P<end>[.!]*)$",
    re.IGNORECASE,
)
_HEAD = (
    r"^(?P<head>(?:.*[,.;!–—] +)?(?:(?:and|then|now|please|just|ok(?:ay)?|can (?:you|we)|could (?:you|we)"
    r"|let's|maybe|but|so)[ ,]+)*)"
)
_DOWN_FROM = re.compile(
    rf"{_HEAD}(?:get|take|pull|lift) (?P<thing>(?:the|that|this|those|my|our) [\w' -]+?) "
    r"(?:down |off |away )?(?:from|off)(?: of)? (?:the|my|our|that) (?:\w+ )?walls?"
    r"(?P<end>(?:,? please)?[.!]*)$",
    re.IGNORECASE,
)
_WALLED_UP = re.compile(
    rf"{_HEAD}(?:brick|wall|board|block|close) up (?P<thing>(?:the|that|this|those|my|our) [\w' -]*?windows?)"
    r"(?:[,;–—] .*)?(?P<end>(?:,? please)?[.!]*)$",
    re.IGNORECASE,
)
_ON_ITS_SIDE = re.compile(
    r"\b(?:(?:right )?next to|beside|by|near) (?P<thing>(?:the|my|our|that) [\w' -]+?)"
    r"(?:,? (?:on|to|at) (?:its|their)|, (?:on|to|at) the) (?P<side>left|right)(?:[- ]hand)?(?: side)?"
    r"(?= *[.!,;]|$)",
    re.IGNORECASE,
)
_COVERED = re.compile(
    rf"{_HEAD}(?:i(?:'d| would)? (?:want|like) |i want you to )?"
    r"(?:lay|put|install|fit|fix|have|try|do)? ?(?:down )?(?:some |new )*"
    r"(?P<stuff>(?:[a-z]+[ -]){0,3}[a-z]+?) (?:down )?(?:on|onto|over|across|all over) "
    r"(?P<thing>(?:the |my |our |all (?:of )?the |both )?(?:[a-z]+ )?(?:floors?|walls?))"
    r"(?:,? (?:instead|rather than)(?: of)? (?:the |that |those )?(?P<old>[a-z]+))?(?P<end>[.!]*)$",
    re.IGNORECASE,
)
_FLOORED = re.compile(
    rf"{_HEAD}(?:lay|put|install|fit|get) (?:down )?(?:some |new )*(?P<stuff>(?:[a-z]+[ -]){{0,3}}"
    r"(?:floorboards|floor boards|flooring|parquet|laminate))(?: down)?"
    r"(?:,? (?:instead|rather than) of (?:the |that |those )?(?P<old>[a-z]+))?(?P<end>[.!]*)$",
    re.IGNORECASE,
)
_COVERINGS = word_set("""
    parquet laminate tile tiles herringbone marble granite stone slate limestone sandstone travertine terrazzo
    concrete cement brick bricks brickwork mosaic plaster stucco wallpaper panelling paneling wainscoting
    shiplap oak walnut pine birch beech ash maple teak hardwood bamboo terracotta
""")
_BOARDS = re.compile(r"[ -]?\b(?:floorboards|floor boards|flooring)$", re.IGNORECASE)
_AWAY_WITH = re.compile(
    r"(?:(?<=^)|(?<=[,.;:!–—] )|(?<=\band )|(?<=\bthen )|(?<=\bnow )|(?<=\bso )|(?<=\bok )|(?<=\bbut )"
    r"|(?<=\bright )|(?<=\byes )|(?<=\bplease )|(?<=\bjust ))"
    r"(?:off|away|out|begone|be gone) with (?P<thing>it|that|them|those|him|her|(?:the|that|those|my) [\w'"
    r" -]+?)(?=[,.;!]|$)",
    re.IGNORECASE,
)
_NOT_TO_BE_SEEN = re.compile(
    r"^(?P<head>(?:(?:and|so|now|ok(?:ay)?|well)[ ,]+)*)(?:(?P<thing>(?:the|that|those|my|our) [\w' -]+?) "
    r"(?:ought not to"
    r"|oughtn't to|should not|shouldn't|must not|mustn't|should never) (?:be (?:in view|visible|seen|in"
    r" (?:the |this )?(?:shot"
    r"|picture|frame|photo|view))|show)|i (?:don't|do not|never) (?:want|wish|care|need)"
    r" to (?:see|look at|be looking at) (?P<seen>(?:the|that|those|my"
    r"|our) [\w' -]+?))"
    r"(?: (?:any ?more|any longer|again|at all))*(?P<end>[.!]*)$",
    re.IGNORECASE,
)
_MOST = re.compile(
    r"\bthe (?P<most>[a-z]+)est (?P<look>[a-z]+(?: [a-z]+)?) (?:you(?:'ve| have)? (?:got|have)|you have"
    r"|possible|there is|going"
    r"|you can (?:do|find))(?=[,.;!]|$)",
    re.IGNORECASE,
)
_NOPE = re.compile(
    r"^(?:nope|nah|naw|no|hmm+)[,.!]* (?=(?:lose|ditch|bin|get rid of|remove|delete) (?:it|that|them|him"
    r"|her)[.!]*$)",
    re.IGNORECASE,
)
_GIVE_A_THING = re.compile(
    r"^(?P<head>(?:(?:and|then|now|please|just|ok(?:ay)?|right)[ ,]+)*)(?:gimme|give me|get me|let me have) "
    r"(?P<new>(?:an?|some|two|three) (?:[\w-]+ ){0,3}?(?P<noun>[\w-]+)) (?P<place>(?:on|in|by|next to|beside"
    r"|above|over|under"
    r"|behind|against|near) (?:the|my|that|our) [\w' -]+?)(?P<end>[.!?]*)$",
    re.IGNORECASE,
)
_NO_THINGS = word_set("""
    red blue green yellow black white grey gray pink purple orange brown shade tone colour color look touch
    bit hint splash finish coat versions options ideas variations suggestions choices alternatives
""")
MOST_OF_A_REMARK = 3
"""Before a step more words than this are no mere remark,"""
_REFERS = word_set("same too like before again that this it those as also one ones the my and both all")
"""nor is one with such a word: "the same, but a bit darker"."""
_MADE_TO_HAVE = re.compile(
    r"\bmake (?P<x>[\w' -]+?) (?:have|wear|hold) (?P<new>(?:an?|some|two|three) [\w' -]+?)(?P<end>[.!?]*)$",
    re.IGNORECASE,
)
_REMARK_BUT = re.compile(
    r"^(?P<remark>[a-z' ]{2,25}),? (?:but|though|only) (?P<rest>(?:maybe |perhaps |could be )?(?P<step>(?:an?"
    r" (?:bit|touch|tad|shade"
    r"|little|lot) |slightly |much |way )(?:(?:more|less) )?[a-z]+)(?P<end>[.!]*))$",
    re.IGNORECASE,
)
_AND_ALL = re.compile(r" (?:an['’]? all|and all|n all)(?=[.!]*$)", re.IGNORECASE)
_WITH_ITS_LOAD = re.compile(
    rf"{_HEAD}(?P<verb>take|remove|delete|get rid of|lose|clear|throw out|throw away|take away|take out)"
    r" (?P<thing>(?:the|that|this|my|our) [\w' -]+?)(?: (?:away|out|off))?"
    r",? (?:(?:(?:and|(?:together |along )?with) (?P<load>(?:the|that|my|all (?:of )?the|both) [\w' -]+?)"
    r" (?:(?:that|which) (?:is|are|stands?|sits?|lies?) |standing |sitting |lying |placed |resting )?"
    r"on (?:it|top(?: of it)?))"
    r"|(?:and|(?:together |along )?with) its (?P<own>[\w' -]+?)"
    r"|(?:together|along) with (?P<other>(?:the|my) [\w' -]+?))(?: away| out)?(?P<end>(?:,? please)?[.!]*)$",
    re.IGNORECASE,
)
""" "Take the side table away with the vase standing on it"."""
_OUT_AND_IN = re.compile(
    rf"{_HEAD}(?:the |my )?(?P<old>[\w' -]+?) out(?:,| and|, and|;| [–—-])"
    r" (?P<new>(?:an? |some |the )?[\w' -]+?) in(?P<end>(?: (?:there|instead|please))*[.!]*)$",
    re.IGNORECASE,
)
_PAVING = frozenset({"tarmac", "asphalt", "gravel", "turf", "lino"})
_PRONOUN = r"(?:it|that|this|them|those|these|both|both of them|all of (?:it|them))"
_OBJECT = rf"(?P<thing>{_PRONOUN}|(?:the|my|our|that|those|these|both) [\w' -]+?)"
_DEGREE_SAID = (
    r"(?P<degree>an? (?:notch|bit|tad|touch|little|hair|smidge|smidgen|peg|whisker|shade|tone|step|lot"
    r"|fair bit|good bit|couple of (?:notches|shades|tones|steps))|a wee bit|(?:two|three|four) "
    r"(?:notches|shades|tones|steps)|slightly|loads|way|right)"
)
_BY_DEGREES = re.compile(
    rf"{_HEAD}(?P<verb>bring|take|knock|dial|turn|tone|pull|push|bump|crank|kick|ramp|lift|drop) {_OBJECT}"
    rf" (?:back )?(?P<way>down|up|back)(?: by)? {_DEGREE_SAID}(?P<end>(?: (?:please|then|for me))*[.!?]*)$",
    re.IGNORECASE,
)
_CALMED = re.compile(
    rf"{_HEAD}(?:(?:calm|tone|dial|reel|ease|damp|tame|rein) {_OBJECT}(?: (?:right|way))? (?:down|back|in"
    rf"|off)"
    rf"|tame (?P<tamed>{_PRONOUN}|(?:the|my) [\w' -]+?))(?: {_DEGREE_SAID})?"
    r"(?P<end>(?: (?:please|then|for me))*[.!?]*)$",
    re.IGNORECASE,
)
_LEVEL = (
    r"(?P<level>saturation|colou?r|intensity|vibrancy|brightness|lightness|warmth|shine|sheen|gloss|glare"
    r"|glossiness)"
)
_LEVELLED = re.compile(
    rf"{_HEAD}(?:(?:bring|take|knock|dial|turn|tone|pull|ease|push|bump|crank|kick|ramp|lift|drop|get|lose"
    rf"|boost|reduce|lower|raise|increase|up) )(?:(?P<early>down|up|back) )?(?:some of |a bit of )?"
    rf"the {_LEVEL}(?: (?P<way>down|up|back|off|out))?(?: {_DEGREE_SAID})?(?: (?:of|on|in|from|off))? "
    rf"(?P<thing>it|them|(?:the|my|our|that|those) [\w' -]+?)(?P<end>(?: (?:please|then))*[.!?]*)$",
    re.IGNORECASE,
)
_LESS_OF_A_LEVEL = {
    "saturation": "more muted", "intensity": "more muted", "vibrancy": "more muted", "brightness": "darker",
    "lightness": "darker", "warmth": "cooler", "color": "more muted", "colour": "more muted",
}  # fmt: skip
_MORE_OF_A_LEVEL = {
    "saturation": "more vivid", "intensity": "more vivid", "vibrancy": "more vivid", "brightness": "brighter",
    "lightness": "lighter", "warmth": "warmer", "color": "more vivid", "colour": "more vivid",
}  # fmt: skip


_LIFTED = re.compile(
    rf"{_HEAD}(?P<verb>brighten|lighten|warm|cheer|liven|perk|jazz|cool|darken|dim|deepen|soften|whiten|mute"
    rf"|tone|calm)(?P<early> (?:up|down))? {_OBJECT}(?P<late> (?:up|down))?"
    rf"(?:(?: by)?(?: (?:just|only|ever so))? {_DEGREE_SAID})?(?P<end>(?: (?:please|then|for me))*[.!?]*)$",
    re.IGNORECASE,
)
""" "Warm the walls up a little", "darken the floor a smidge": a verb with a particle or with a degree."""
_LIFT = {
    "brighten": "brighter", "lighten": "lighter", "warm": "warmer", "cool": "cooler", "darken": "darker",
    "dim": "darker", "deepen": "deeper", "soften": "softer", "whiten": "whiter", "mute": "more muted",
    "tone": "more muted", "calm": "more muted",
}  # fmt: skip
_NEEDS_ITS_PARTICLE = frozenset({"cheer", "liven", "perk", "jazz", "tone", "calm"})
_BY_THE_WAY = re.compile(r"[ ,]+(?:tbh|tbf|imh?o|ngl|fwiw)(?=[ ,.;!?]|$)", re.IGNORECASE)
_SAME_BUT = re.compile(
    r"^(?:.*\b)?the same (?P<noun>[a-z]+),? but (?:in|made of|out of) (?P<look>(?!the |an? )[\w -]+?)"
    r"(?P<end>[.!?]*)$",
    re.IGNORECASE,
)
_IN_STRIPES = re.compile(
    rf"{_HEAD}(?P<verb>make|do|turn|paint) {_OBJECT} (?:in(?:to)? )?an? (?P<colours>[a-z]+ and [a-z]+)"
    r" (?P<pattern>stripe|check)s?(?P<end>[.!?]*)$",
    re.IGNORECASE,
)
_STRIPED = {"stripe": "striped", "check": "checked"}


def _how_far(degree: str | None) -> str:
    """A degree as it stands before a step: "slightly " for "a notch"."""
    words = (degree or "").lower()
    if re.search(r"\b(?:two|three|four|couple|lot|loads|way|right|fair|good)\b", words):
        return "much " if re.search(r"\b(?:lot|loads|way|right|four)\b", words) else ""
    return "slightly " if words else ""


def _is_lifted(found: re.Match[str]) -> bool:
    """Whether a verb that lifts or lowers says so of a thing: "the red" and "the colour of the sofa" are
    toned down elsewhere.
    """
    if " with " in found["thing"]:
        return False  # "jazz the lampshade up with polka dots"
    verb, particle = found["verb"].lower(), (found["early"] or found["late"] or "").strip().lower()
    if verb in ("tone", "calm"):
        noun = found["thing"].split()[-1].lower()
        return particle == "down" and _is_of_things(noun) and " of " not in f"{found['thing']} "
    return bool(particle or (found["degree"] and verb not in _NEEDS_ITS_PARTICLE))


def _in_steps(sentence: str) -> str:
    """What is said of a look by how far it is to go ("calm it down", "take the shine off the floor", "bring
    it down two shades") as a step.
    """
    if found := _BY_DEGREES.match(sentence):
        shades = re.search(r"shades?|tones?", found["degree"]) is not None
        down = found["way"].lower() != "up"
        if shades:
            step = f"{found['degree'].lower()} {'darker' if down else 'lighter'}"
        else:
            step = f"{_how_far(found['degree'])}more {'muted' if down else 'vivid'}"
        return f"{found['head']}make {found['thing']} {step}{found['end']}"
    if found := _CALMED.match(sentence):
        thing = found["thing"] or found["tamed"]
        return f"{found['head']}make {thing} {_how_far(found['degree'])}more muted{found['end']}"
    if (found := _LIFTED.match(sentence)) and _is_lifted(found):
        step = _LIFT.get(found["verb"].lower(), "more vivid")
        return f"{found['head']}make {found['thing']} {_how_far(found['degree'])}{step}{found['end']}"
    found = _LEVELLED.match(sentence)
    if found is None:
        return sentence
    level = found["level"].lower()
    verb = found[0][found.end("head") :].split()[0].lower()
    way = (found["way"] or found["early"] or "").lower()
    more = way == "up" or (
        not way and verb in ("up", "boost", "raise", "increase", "lift", "bump", "crank", "ramp")
    )
    if level in ("colour", "color") and not way:
        return sentence  # "take the colour from that photo"
    if level in _LESS_OF_A_LEVEL:
        look = _how_far(found["degree"]) + (_MORE_OF_A_LEVEL if more else _LESS_OF_A_LEVEL)[level]
    else:
        look = "glossy" if more else "matt"
    return f"{found['head']}make {found['thing']} {look}{found['end']}"


def _of_the_most(found: re.Match[str]) -> str:
    """ "The darkest green you've got": very dark green."""
    root = found["most"].lower()
    base = next((word for word in (root, f"{root}e", f"{root[:-1]}y", root[:-1]) if is_look(word)), "")
    return f"very {base} {found['look']}" if base in SHADES else found["look"]


def _those(found: re.Match[str]) -> str:
    """ "Them walls": those walls."""
    known = _is_of_things(found["noun"].lower()) and value_of(found["noun"].lower()) is None
    return f"those {found['looks']}{found['noun']}" if known else found[0]


def _colour_alone(found: re.Match[str]) -> str:
    """ "White as cotton": white."""
    return found["colour"] if value_of(found["colour"].lower()) is not None else found[0]


def _softened(found: re.Match[str]) -> str:
    """ "Black, but not too black": a soft black."""
    colour = found["colour"]
    return f"soft {colour}" if value_of(colour.lower()) is not None else found[0]


def _out_of_brackets(found: re.Match[str]) -> str:
    """ "Concrete (polished)": concrete, polished."""
    both = (found["before"].lower(), found["inside"].lower())
    looks = [read_look(words) for words in both]
    says = all(look.value is not None or look.material or look.pattern for look in looks[:1])
    return f"{found['before']}, {found['inside']}" if says else found[0]


def _colloquially(sentence: str) -> str:
    """What people say in their own way in the words that most say it in."""
    sentence = _BY_THE_WAY.sub("", sentence)
    if (found := _SAME_BUT.match(sentence)) and _is_of_things(found["noun"].lower()):
        return f"make the {found['noun']} {found['look']}{found['end']}"
    if found := _IN_STRIPES.match(sentence):
        look = f"{found['colours']} {_STRIPED[found['pattern'].lower()]}"
        return f"{found['head']}make {found['thing']} {look}{found['end']}"
    sentence = _IN_BRACKETS.sub(_out_of_brackets, _ALL_OF_IT.sub("all of them", sentence))
    sentence = _NOT_TOO.sub(_softened, _SIMILE.sub(_colour_alone, _THEM_THINGS.sub(_those, sentence)))
    sentence = _AND_ALL.sub(" too", _NOPE.sub("", sentence))
    if (found := _GIVE_A_THING.match(sentence)) and found["noun"].lower() not in _NO_THINGS:
        return f"{found['head']}put {found['new']} {found['place']}{found['end']}"
    if found := _REMARK_BUT.match(sentence):
        words = found["remark"].lower().split()
        refers = len(words) > MOST_OF_A_REMARK or any(
            word in _REFERS or is_look(word) or _is_of_things(word) for word in words
        )
        steps = is_step(found["step"].lower().replace(" ", "_"))
        sentence = found["rest"] if steps and not refers else sentence
    sentence = _MADE_TO_HAVE.sub(r"give \g<x> \g<new>\g<end>", sentence)
    sentence = _MOST.sub(_of_the_most, _AWAY_WITH.sub(r"get rid of \g<thing>", sentence))
    if found := _NOT_TO_BE_SEEN.match(sentence):
        return f"{found['head']}remove {found['thing'] or found['seen']}{found['end']}"
    sentence = _OF_A_KIND.sub(r"a \g<look> one", sentence)
    sentence = _GIVE_US.sub(r"\g<head>give me ", _ADDED_IN.sub(r"\g<head>add ", sentence))
    if found := _OUT_WITH.match(sentence):
        return f"{found['head']}remove {found['thing']}{found['end']}"
    if (found := _DOWN_FROM.match(sentence)) and is_thing(found["thing"].split()[-1].lower()):
        return f"{found['head']}remove {found['thing']}{found['end']}"
    if (found := _WITH_ITS_LOAD.match(sentence)) and is_thing(found["thing"].split()[-1].lower()):
        load = found["load"] or found["other"] or f"the {found['own']}"
        if thing_in(load)[1] is not UNKNOWN:  # no part of it, such as its shade
            thing = found["thing"]
            return f"{found['head']}remove {load} on {thing} and {thing}{found['end']}"
    if (found := _OUT_AND_IN.match(sentence)) and is_thing(found["old"].split()[-1].lower()):
        last = found["new"].split()[-1].lower()
        if last in ("one", "ones") or is_thing(last):
            return f"{found['head']}replace the {found['old']} with {found['new']}{found['end']}"
    if found := _WALLED_UP.match(sentence):
        return f"{found['head']}remove {found['thing']}{found['end']}"
    sentence = _ON_ITS_SIDE.sub(r"to the \g<side> of \g<thing>", sentence)
    if (covered := _covered(sentence)) != sentence:
        return covered
    if found := _OF_A_STUFF.match(sentence):
        stuff, thing = found["stuff"].lower(), found["thing"].split()[-1].lower()
        if stuff in _PAVING or (stuff in MATERIALS and _is_of_things(thing)):
            return f"{found['head']}make {found['thing']} {found['stuff']}{found['end']}"
    return _in_steps(sentence)


def _covered(sentence: str) -> str:
    """What is laid on a floor or a wall is what that is to be: "lay oak parquet on the floor"."""
    found = _FLOORED.match(sentence) or _COVERED.match(sentence)
    if found is None or not (found["old"] is None or found["old"].lower() in MATERIALS | SHADES):
        return sentence
    bare = _BOARDS.sub("", found["stuff"])
    words = bare.lower().replace("-", " ").split()
    if bare == found["stuff"] and (not words or words[-1] not in _COVERINGS):
        return sentence
    if not all(is_look(word) for word in words):
        return sentence
    thing = found.groupdict().get("thing") or "the floor"
    return f"{found['head']}make {thing} {bare or 'wooden'}{found['end']}"


def _degree(found: re.Match[str]) -> str:
    """ "20 % lighter" in words: a step is a tenth of all there is from black to white."""
    count, step = int(found["count"]), found["step"].lower()
    if step not in ("more", "less") and not is_step(step):
        return found[0]  # "30 % bigger", "100 % cotton"
    return "a bit " if count < 15 else "" if count < 35 else "much "


def rephrased(sentence: str) -> str:
    """The sentence with short words in full, shares as degrees, "plain" for a pattern that is not wanted,
    codes without the names beside them, "the colour of the bed" for "the blue of the bed", and a wish for
    "how does a plum ceiling sound?".
    """
    if found := _SOUNDS.fullmatch(sentence):
        return f"I would like {found['thing'] or found['new']}"
    sentence = _PER_CENT.sub(_degree, _SHORT.sub(_in_full, sentence))
    sentence = _colloquially(plainly_worded(sentence))
    sentence = _THAT_MATTER.sub(r"undo \g<thing>", _THROWN_IN.sub("add ", sentence))
    sentence = _TWICE.sub(
        r"\1", _SIDE.sub(r"on the \1", _WHERE_IT_WAS.sub("there", _A_DAY.sub("", sentence)))
    )
    if (found := _MISSED.fullmatch(sentence)) and is_thing(found["x"].split()[-1].lower()):
        return f"{found['head']}bring {found['x']} back"
    if found := _RETURNS.fullmatch(sentence):
        who = _PERSONS.get(found["x"].lower(), found["x"])
        return f"{found['head']}bring {who} back"
    if (found := _TOPIC_OF.fullmatch(sentence)) and is_thing(found["noun"].lower()):
        sentence = f"{found['head']}{found['wish']}"
    if (found := _BETTER.fullmatch(sentence)) and is_thing(found["noun"].lower()):
        return f"{found['head']}make the {found['noun']} {found['look']}"
    if found := _BUT_FOR.fullmatch(sentence):
        return f"{found['head']}{found['thing']} {found['wish']}"
    if (found := _ALL_OF_THEM.fullmatch(sentence)) and is_thing(found["said"].split()[-1].lower()):
        sentence = found["said"]
    if (found := _TONED_DOWN.match(sentence)) and is_thing(found["thing"].split()[-1].lower()):
        return f"make {found['thing']} more muted{found['end']}"
    if found := _COLOURFUL.fullmatch(sentence):
        degree = "slightly " if re.search(r"\b(?:bit|little|touch|tad|some)\b", found["degree"], re.I) else ""
        degree = "much " if re.search(r"\b(?:lot|much)\b", found["degree"], re.I) else degree
        step = "saturated" if found["more"].lower() == "more" else "muted"
        return f"make {found['thing'] or 'it'} {degree}more {step}{found['end']}"
    for pattern in _PATTERN_OFF:
        found = pattern.match(sentence)
        if found is not None and is_thing(found["thing"].split()[-1].lower()):
            return f"make {found['thing']} plain{found['end']}"
    said = sentence
    if found := _NOT_PATTERNED.search(said):
        plain = "" if _PLAIN.search(said[: found.start()]) else " without a pattern"
        said = said[: found.start()] + plain + found["after"] + said[found.end() :]
    said = _NAME_AND_CODE.sub(_code_alone, said)
    said = _COLOUR_OF.sub(_colour_of, said)
    return _COLOUR_OF_OWNER.sub(_colour_of, said)


def no_colour_code(sentence: str) -> str:
    """What is typed as a colour code and is none ("#12345z"); empty where there is nothing of the kind."""
    for found in _CODE.finditer(sentence):
        digits = found["digits"].lower()
        typed = any(c.isdigit() for c in digits) and (
            (len(digits) > 2 and not digits.isdigit()) or len(digits) > 4
        )
        if typed and value_of(f"#{digits}") is None:
            return found[0]
    return ""


def plainly(look: str) -> str:
    """A look with "plain" for a pattern that it is to be without: "mustard velvet without a pattern"."""
    found = re.search(rf",? (?:without|with no)(?: an?| the| any)? {_PATTERN}$", look, re.IGNORECASE)
    if found is None:
        return look
    rest = look[: found.start()]
    if _PLAIN.search(rest):
        return rest
    article = re.match(r"(?:an?|the) ", rest, re.IGNORECASE)
    return f"{'a ' if article else ''}plain {rest[article.end() if article else 0 :]}"


def _code_alone(found: re.Match[str]) -> str:
    """The code without the colour's name before it, and with the words before that."""
    words = re.split(r"[ -]", found["name"])
    for begin in range(len(words)):
        if value_of(" ".join(words[begin:]).lower()) is not None:
            return " ".join((*words[:begin], found["code"]))
    return found[0]


def _colour_of(found: re.Match[str]) -> str:
    colour = found["colour"].lower()
    of_thing = any(map(is_thing, found["of"].lower().split()))
    return (
        f"{found['before']}the colour of {found['of']}"
        if of_thing and value_of(colour) is not None
        else found[0]
    )
