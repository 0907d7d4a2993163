"""Sentences about the conversation itself: undo, redo, versions, variations, comparing.

These may throw work away, so they are the one place where whole clauses are matched and nothing is guessed: a
clause that does not fit one of these patterns from its first word to its last is no command.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from re import Match

from agent.planner.frames import Frame
from tools.language import lexicon as lx
from tools.language.lexicon import word_set
from tools.language.patterns import Pattern

_NUMBER = (
    r"(?P<n>\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|a couple(?: of)?|a few|a|once|twice"
    r"|thrice|several)"
)
_UNIT = r"(?:steps?|versions?|changes?|edits?|times?|things?|ones?|actions?|moves?|stages?)"
_THAT = (
    r"(?:that|it|this|the (?:last|latest|previous|most recent)(?: (?:one|change|step|edit|thing|bit|action"
    r"|move))?|(?:my |your |the )?last(?: (?:one|change|step|edit|thing|action|move))?|what you (?:just )?did"
    r"|the change|that (?:last )?(?:one|change|edit|step|bit))"
)
_WAS = (
    r"(?:back )?(?:(?:exactly |just )?(?:like|as|how|the way|to how|to the way|to what|to as|as it) (?:it"
    r"|they|that|this|he|she) (?:was|were|looked|had been)(?: before| originally| at first| in the "
    r"beginning)?|to normal|to (?:the|its|their) (?:original|old|former|previous|initial)(?: (?:colour|color"
    r"|state|look|form|self))?|to original)"
)
_UNDO = r"(?:undo|revert|reverse|cancel|roll back|rollback|take back|un-do|unmake)"
_KINDS = (
    r"(?:versions?|variations?|variants?|options?|alternatives?|ideas?|takes?|possibilities|choices"
    r"|suggestions|samples|examples|proposals|looks|ways|designs|attempts|tries)"
)
_SHOW = (
    r"(?:(?:show|give|make|try|do|get|paint|generate|create|offer|see|have|propose|produce|present|suggest"
    r"|whip up|come up with|explore|want|need|like|prefer|love)(?: me| us)?(?: out)?)"
)
_TAKE = (
    r"(?:take|pick|choose|use|keep|go with|go for|select|like|prefer|want|love|have|give me|make it"
    r"|apply|stick with|settle on|take|"
    r"i (?:really |definitely )?(?:like|prefer|want|love|choose|pick|will take|will have|take|go with"
    r"|would (?:take|go with|pick|choose|say))|we (?:will )?take|it is|that is|definitely)"
)
_ORDINAL = r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|\d(?:st|nd|rd|th))"


def number_in(text: str | None, default: int = 1) -> int:
    """A count in words or digits."""
    if not text:
        return default
    if text.isdigit():
        return int(text)
    for word in text.split():
        if word in lx.NUMBERS:
            return lx.NUMBERS[word]
    return 1


def _undo(match: Match[str]) -> Frame:
    return Frame("undo", number=number_in(match.groupdict().get("n")))


def _redo(match: Match[str]) -> Frame:
    return Frame("redo", number=number_in(match.groupdict().get("n")))


def _original(_: Match[str]) -> Frame:
    return Frame("goto", number=0)


def _version(match: Match[str]) -> Frame:
    return Frame("goto", number=number_in(match["n"]))


def _hide(match: Match[str]) -> Frame:
    return _named("hide", match["x"])


def _back(match: Match[str]) -> Frame:
    return _named("back", match["x"])


def _refresh(match: Match[str]) -> Frame:
    return replace(_named("hide", match["x"]), act="refresh")


def _named(act: str, words: str) -> Frame:
    words = re.sub(r"^(?:only|just) ", "", words.strip())
    words = re.sub(
        r" (?:only|again|please|alone|change|changes|edit|edits|bit|part|thing|layer|one|stuff)$", "", words
    )
    words = re.sub(
        r"^(?:the )?(?:changes?|edits?|thing|bit|part)(?: you (?:did|made))? (?:to|of|on|about|with) ",
        "",
        words,
    )
    words = re.sub(r"^what you did (?:to|with) ", "", words)
    made: Frame
    if words in ("it", "that", "this", "that one"):
        made = Frame("hide" if act == "hide" else "back", reference="it")
    elif words in ("both", "both of them"):
        made = Frame("hide" if act == "hide" else "back", reference="both")
    else:
        made = Frame("hide" if act == "hide" else "back", target=words)
    return made


def _all_but(match: Match[str]) -> Frame:
    return Frame("hide", reference="all", like=match["x"])


def _compare(_: Match[str]) -> Frame:
    return Frame("compare")


def _pick(match: Match[str]) -> Frame:
    words = match["n"]
    number = 1 if words in ("left", "former") else number_in(words)
    return Frame("pick", target=words, number=number)


_RULES: tuple[tuple[str, Callable[[Match[str]], Frame]], ...] = (
    # -- comparing first: "compare with the original" names the original too
    (r"(?:.* )?(?:compare|comparison)(?: .*)?", _compare),
    (r"(?:.* )?(?:before (?:and|vs|versus|/|or|&) after|before after|side by side|difference"
        r"|differences)(?: .*)?", _compare),
    (r".*\bnext to (?:how|what|the original|the old)\b.*", _compare),
    (r"(?:show|see|let me see|let us see|look at|view|can i see)(?: me| us)? (?:the )?(?:original"
        r"|before|old (?:one|version|picture)|start|starting point|picture before|untouched (?:picture"
        r"|room|image))(?: (?:picture|image|photo|room|version|one))?(?: again)?", _compare),
    (r"(?:(?:show|remind|tell) me )?(?:what|how) (?:did )?(?:it|that|this|the (?:room|picture|image"
        r"|photo))(?: look(?:ed)?| was)?(?: like)? (?:before|originally|at first|at the start"
        r"|in the beginning|to begin with)", _compare),
    (r"(?:how|what) (?:was|were) (?:it|that|the (?:room|picture|image)) (?:like )?(?:before|originally)",
        _compare),
    (r"(?:show me )?(?:what|everything that|what all) (?:has |have |is |you )*(?:changed|been changed"
        r"|different)(?: so far)?", _compare),
    # -- the base picture
    (rf"(?:{_UNDO}|discard|throw away|drop|forget|remove|delete|scrap|ditch|bin) (?:everything|all"
        rf"|all of (?:it|that|them|this)|(?:all )?(?:of )?(?:the |my |your |these )?(?:changes|edits)"
        rf"|the lot|it all)(?: (?:so far|again|you did|we did|i did))?", _original),
    (r"take (?:it all|everything|all of it|all of that) back", _original),
    (r"(?:reset|start (?:over|again|afresh|fresh|anew|from scratch|from the beginning|from zero)"
        r"|from scratch|clean slate|back to square one|begin again|restart)(?: (?:everything|it|all|the "
        r"(?:picture|image|room|photo)|please|again|from scratch|with the original|from the beginning))*",
        _original),
    (r"(?:(?:go|take (?:me|it|us)|get|bring (?:me|it|us)|return|revert|reset|switch|change (?:it"
        r"|everything)|put (?:it|everything)|restore (?:it|everything)|jump|roll|undo|move|come|turn (?:it"
        r"|everything)) )?(?:all the way )?(?:back )?(?:right )?to (?:the |how it was (?:at|in) the |our "
        r"|my )?(?:very )?(?:original|base|start|beginning|first|initial|untouched|unedited|starting)(?: "
        r"(?:picture|image|photo|room|version|state|one|point|look))?(?: again)?", _original),
    (r"(?:back to )?(?:the )?(?:original|base|start)(?: (?:picture|image|photo|room|version|one|again"
        r"|back))*", _original),
    (r"(?:restore|bring back|give (?:me )?back|give me|i (?:want|need|would like)(?: to have)?|get back"
        r"|get me|load|use|put back|return) (?:the |my )?(?:original|base|untouched|unedited|initial)(?: "
        r"(?:picture|image|photo|room|version|one|again|state|back))*", _original),
    (r"(?:put|set|change|turn|get) (?:everything|it all|the (?:room|picture|image)) " + _WAS, _original),
    (r"everything " + _WAS, _original),
    # -- versions by number
    (r"(?:(?:go|take me|get|return|revert|switch|jump|roll|move|come|load|open|restore|show|bring|use"
        r"|undo|let us go|reset)(?: (?:me|us|it))? )?(?:back )?(?:to )?(?:the )?(?:version|state|revision"
        r"|v|snapshot)(?: number| no| nr)? ?#? ?(?P<n>\d{1,3}|zero|one|two|three|four|five|six|seven|eight"
        r"|nine|ten)", lambda m: Frame("goto", number=0 if m["n"] == "zero" else number_in(m["n"]))),
    (rf"(?:go|take me|get|return|revert|switch|jump|roll|move|come|load|open|restore)(?: (?:me|us"
        rf"|it))?(?: back)?(?: to)? (?:the )?(?P<n>{_ORDINAL}) version", _version),
    # -- undo and redo by count
    (rf"{_UNDO}(?: {_THAT})?(?: again)?", _undo),
    (rf"{_UNDO} (?:the |my |your |those )?(?:last |latest |previous |past )?{_NUMBER}(?: (?:last|latest"
        rf"|previous))?(?: {_UNIT})?", _undo),
    (rf"{_UNDO} {_THAT} {_NUMBER}(?: {_UNIT})?", _undo),
    (rf"(?:(?:go|step|take (?:me|us|it)|roll|get|jump|move"
        rf"|come) )?back(?:wards)?(?: by)?(?: {_NUMBER}(?: {_UNIT})?)?", _undo),
    (rf"(?:go|take|move|jump)? ?{_NUMBER} {_UNIT} back(?:wards)?", _undo),
    (r"(?:(?:go|step|switch|return|revert|take me|bring me) )?(?:back )?(?:to )?(?:the )?(?:previous"
        r"|prior|earlier) (?:version|one|state|step|picture|image|look)(?: again)?", _undo),
    (r"(?:go |step |switch |return |revert )?back to the last (?:version|one|state|step|picture|image"
        r"|look)(?: again)?", _undo),
    (r"(?:take|change|turn|switch|swap|set|roll|flip) (?:that|it|this|them)(?: last (?:one|change"
        r"|bit))? back(?: again)?", _undo),
    (rf"(?:put|change|turn|make|set|have|leave|get|bring) (?:it|that|this|them) {_WAS}", _undo),
    (rf"{_WAS}", _undo),
    (r"(?:back to )?(?:how|what|the way) (?:it|that) was(?: before)?", _undo),
    (r"(?:scratch|strike|cancel|unsay|ignore|discard) (?:that|it)(?: last (?:one|change|bit))?", _undo),
    (r"(?:ctrl|control|cmd|command|strg) ?[-+]? ?z", _undo),
    (r"(?:i |we )?(?:think )?(?:i )?(?:liked|preferred|loved) (?:it|that)(?: (?:more|better"
        r"|the way it was))? before", _undo),
    (r"(?:it|that) (?:was|looked) (?:much |way |a lot |far |so much )?(?:better|nicer|prettier) "
        r"(?:before|earlier)", _undo),
    (rf"redo(?: (?:it|that|this|{_THAT}))?(?: again)?", _redo),
    (rf"redo (?:the )?(?:last )?{_NUMBER}(?: {_UNIT})?", _redo),
    (rf"redo {_THAT} {_NUMBER}(?: {_UNIT})?", _redo),
    (rf"(?:(?:go|step|move|jump) )?forward(?:s)?(?: again)?(?: {_NUMBER}(?: {_UNIT})?)?", _redo),
    (rf"(?:go )?{_NUMBER} {_UNIT} forward", _redo),
    (r"(?:undo (?:the|that|my) undo|un-?undo|take back the undo|reverse the undo|undo the undoing|do "
        r"(?:it|that) after all|reapply (?:it|that))", _redo),
    # -- one of the variations
    (rf"(?:{_TAKE} )?(?:the |with |that )*(?P<n>{_ORDINAL}|last|middle|left|right|final|former"
        rf"|latter)(?: (?:one|option|version|variation|variant|idea|choice|alternative|of (?:them|those"
        rf"|these)))?(?: (?:is|looks) (?:the )?(?:best|nice|nicest|good|great|perfect|better|it|lovely"
        rf"|my favou?rite))?(?: please)?", _pick),
    (rf"(?:{_TAKE} (?:the |with )?(?:number |option |variation |variant |choice |version |alternative "
        rf"|idea |picture )?|(?:the )?(?:number|option|variation|variant|no|nr|choice|version|alternative"
        rf"|idea|picture) ?#? ?|#? ?(?!one))(?P<n>\d|one|two|three|four|five|six|seven|eight)(?: (?:is"
        rf"|looks) (?:the )?(?:best|nice|nicest|good|great|perfect|better|it|lovely"
        rf"|my favou?rite))?(?: please)?", _pick),
    # -- one thing as it was, or there again
    (rf"(?:{_UNDO}) (?:everything|all)(?: of (?:it|them|that))? (?:but|except|except for|apart from"
        rf"|besides) (?P<x>.+)", _all_but),
    (r"(?:back |go back |go )?to before (?:that|this|it)(?: last one)?", _undo),
    (rf"(?:{_UNDO}) (?:only |just )?(?P<x>.+)", _hide),
    (r"hide (?P<x>.+) (?:change|changes|edit|edits|layer)", _hide),
    (r"show (?P<x>the \w+)", _back),
    (rf"(?:only|just) {_UNDO} (?P<x>.+)", _hide),
    (r"(?:remove|delete|drop|lose|discard|ditch|scrap|forget|cancel) (?P<x>(?:the |that "
        r"|my )?[\w -]+?) (?:change|changes|edit|edits|layer)", _hide),
    (r"(?:without|minus) (?P<x>(?:the |that |my )?[\w -]+?) (?:change|changes|edit|edits|layer)", _hide),
    (rf"(?:put|set|change|turn|get|bring|make|switch|have|leave|take|revert|return|restore|reset) "
        rf"(?P<x>(?:the|my|our|both|that|this|those|these) [\w -]+?) (?:back )?{_WAS}", _hide),
    (rf"(?P<x>(?:the|my|our|that|both)(?: [\w -]+?)??) (?:should (?:be|look) |back )?{_WAS}", _hide),
    (r"(?:i |we )?(?:liked|preferred|loved|want|miss|would like|would rather have|like|prefer|need"
        r"|bring back|give me|can i have|restore) (?:the |my |our )(?:old|original|previous|former|first"
        r"|initial) (?P<x>[\w -]+?)(?: back| again)?(?: (?:better|more|please|after all))*", _hide),
    (r"(?:unhide|bring back|show again|put back|get back|give back|reinstate|restore|re-?add|give (?:me"
        r"|us) back) (?P<x>.+?)(?: again| please| back| after all)*", _back),
    (r"(?:bring|put|get|give me|give us|want|have|i want|i need|i would like|i would love|can i have"
        r"|could i have|i would like to have|may i have|we want|we need|i miss|add|show|let me have|take) "
        r"(?P<x>(?:it|them|that|the|my|our|both|that|this|those|these|all)\b[\w -]*?) back(?: again| in"
        r"| please| on| there| where (?:it|they) (?:was|were)| in (?:its|their) place| after all)*", _back),
    (r"(?P<x>(?:the|my|our) [\w -]+?) back(?: again| please| in)*", _back),
    (r"(?:show|unhide) (?P<x>(?:it|them|the [\w -]+?))(?: again| once more)", _back),
    (r"(?:refresh|repaint|re-?render|redraw) (?P<x>.+)", _refresh),
    (r"(?:hide) (?P<x>.+)", lambda m: Frame("hide", target=m["x"], prompt="hide")),
)  # fmt: skip
_PATTERNS = tuple((Pattern(pattern), make) for pattern, make in _RULES)

_VARIATIONS = Pattern(
    rf"(?:(?:i |we )?(?:would |will |could |just )?{_SHOW} )?(?:(?:the|with|out|to see|to have) "
    rf")*(?:(?P<n>\d{{1,2}}|one|two|three|four|five|six|seven|eight|nine|ten|half a dozen|a dozen|a "
    r"couple(?: of)?|a few|a handful of|several|some|any|a bunch of|a number of|multiple|various|another) )?"
    r"(?:(?:other|different|more|new|further|random|nice|alternative|possible|cool|good|fresh) "
    rf")*(?P<kind>{_KINDS})(?: (?:of|for|on|with|to|as|in) (?P<x>.+)| where (?P<w>.+))?"
)


_TRIGGERS = word_set("""
    undo revert reverse cancel roll rollback take back backwards un-do unmake redo forward forwards version
    versions state revision snapshot v original originally base start beginning first second third fourth
    fifth sixth seventh eighth last middle left right final former latter previous prior earlier before
    after compare comparison difference differences side changed different reset restart scratch discard
    everything all strike unsay ignore ctrl control cmd command strg number option variation variant no nr
    choice alternative idea picture one two three four five six seven eight 1 2 3 4 5 6 7 8 9 was were
    looked normal unhide bring restore reinstate hide show miss liked preferred old again change changes
    edit edits layer layers unedited untouched initial un-undo ununDo reapply state put give readd re-add
    refresh repaint rerender re-render redraw get untouched slate square prefer preferred loved want need
""")
"""A clause without any of these is no command."""
_LONGEST = 24


def command(text: str) -> Frame | None:
    """The command that a clause is, or None. ``text`` is lower case, without its polite edges."""
    words = text.split()
    if len(words) > _LONGEST or not _TRIGGERS.intersection(words):
        return None
    for pattern, make in _PATTERNS:
        match = pattern.fullmatch(text)
        if match:
            return make(match)
    return None


_MERE_KINDS = word_set("look looks way ways design take version idea option")


def variations(text: str) -> tuple[int, str] | None:
    """How many variations a clause asks for and of what, in words; None where it asks for none."""
    match = _VARIATIONS.fullmatch(text)
    if match and (
        match["n"] or text.split()[0] not in ("look", "looks", "ways", "way", "design", "idea", "ideas")
    ):
        words = match["x"] or match["w"] or ""
        kind = match["kind"]
        if not match["n"] and kind in _MERE_KINDS:
            return None
        return _count(match["n"]), words
    return None


_COUNTS = {"half a dozen": 6, "a dozen": 8, "another": 2, "a handful of": 5, "one": 2}


def _count(words: str | None) -> int:
    if not words or words in (
        "some",
        "any",
        "several",
        "a few",
        "a bunch of",
        "a number of",
        "multiple",
        "various",
        "different",
    ):
        return 3
    return min(8, max(2, _COUNTS.get(words) or number_in(words, 3)))
