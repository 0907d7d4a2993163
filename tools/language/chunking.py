"""Where a noun phrase ends and where the look begins: "the chair behind the table" + "dark red".

English marks neither, so the words' classes decide, and for unknown words their place: the noun of a run is
its last thing-word, what follows is the look; where there is no thing-word, the first unknown word is the
noun.
"""

from __future__ import annotations

from tools.language import colours
from tools.language import lexicon as lx
from tools.language.lexicon import word_set
from tools.language.noun_phrases import is_compound, sort_of
from tools.language.tokens import Token, Tokens

DETERMINERS = lx.DEFINITE | lx.INDEFINITE | frozenset({"no"})
_OPENERS = frozenset(
    {"all", "both", "each", "one", "some", "most", "none", "couple", "few", "rest", "lot", "lots"}
)
STOPS = (
    lx.LOCATIVES
    | lx.BE
    | lx.MODALS
    | word_set("""
        to into onto with without for of off from as like than that which who whose where when while if
        because so and or but it them they he she we i you me us please too instead out away up down
        back not n't then than also again until till since gone there here somewhere anywhere using made
        using via per just only now → : , . ! ? ; / ( ) " add put insert remove
        delete make replace screams scream begs cries calls do does did broke bought gave took found fell
        spilled hates hate likes loves thinks knocked destroyed ruined wear wearing hold holding show
        shows showing depict display match matching same different more less no a an the my our your his
        her their this these those both all nicer better rather except apart really completely totally
        entirely much way far slightly somewhat bit even very removed deleted replaced painted changed
        covered turned swapped instead anymore any another some right? look looking would could should
        stay go goes has have had says thinks upholstered wrapped done
    """)
) - frozenset({"right", "left", "back", "near", "opposite", "inside", "outside"})

LOCATIVE_PHRASES = lx.phrases(
    """
    next to | left of | right of | to left of | to right of | in front of | on top of | close to | to the
    left of | to the right of | on either side of | to
    the side of | in between | right next to | just above | just below | right above | up on | over by |
    down on | out on | over in | right by | right behind | right beside | at the foot of | all over | on
    each side of | in the middle of | right on | right in | right under | over on | over at | on both sides
    of | opposite | alongside | underneath | inside of | along | hanging on | hanging over | hanging above |
    hanging from | standing on | standing in | standing by | sitting on | lying on | standing next to |
    leaning against | near to
    """
)


def lows(tokens: Tokens) -> tuple[str, ...]:
    """The tokens as they are looked up."""
    return tuple(token.low for token in tokens)


def locative(tokens: Tokens) -> int:
    """How many tokens the place word at the start takes ("next to": 2); 0 where there is none."""
    words = lows(tokens)
    longest = max((len(p) for p in LOCATIVE_PHRASES if words[: len(p)] == p), default=0)
    if longest:
        return longest
    return 1 if words and words[0] in lx.LOCATIVES else 0


def is_thing(low: str) -> bool:
    """Whether a word is a known thing-word, in either number."""
    if low in lx.NOUNS:
        return True
    if low.endswith("'s"):
        return is_thing(low[:-2])
    if low.endswith("ies"):
        return low[:-3] + "y" in lx.NOUNS
    if low.endswith("es") and low[:-2] in lx.NOUNS:
        return True
    return low.endswith("s") and low[:-1] in lx.NOUNS


def is_look(low: str) -> bool:
    """Whether a word is a known look word."""
    return sort_of(low) is not None


def is_pure(low: str) -> bool:
    """Whether a word is a thing and never a look."""
    return is_thing(low) and not is_look(low) and low not in ("colour", "color", "finish", "style")


def _is_verb_left(tokens: Tokens, index: int) -> bool:
    """Whether "left" is the verb: "the owners left this carpet"."""
    follow = tokens[index + 1].low if index + 1 < len(tokens) else ""
    return (
        tokens[index].low == "left"
        and index > 0
        and follow in ("this", "that", "the", "a", "an", "us", "me", "behind", "their", "his", "her", "some")
    )


def is_stop(low: str) -> bool:
    """Whether a word cannot be part of a noun phrase's core."""
    return low in STOPS or (not low[0].isalnum() and low != "'") or low in ("one's",)


def determiners(tokens: Tokens) -> int:
    """How many tokens the determiner at the start takes: "the", "all of the", "the two", "another"."""
    words = lows(tokens)
    i = 0
    while i < len(words):
        if words[i] in ("a", "the") and words[i + 1 : i + 3] in (
            ("couple", "of"),
            ("bit", "of"),
            ("pair", "of"),
            ("lot", "of"),
        ):
            if words[i + 1] == "pair":
                return i + 1  # "a pair of candles" is a thing of its own
            i += 3
        elif (
            words[i] in _OPENERS | lx.NUMBERS.keys()
            and words[i + 1 : i + 2] == ("of",)
            and words[i + 2 : i + 3] != ("them",)
        ):
            i += 2
        elif words[i] in DETERMINERS or words[i].isdigit():
            # "one" and "other" are nouns when nothing follows: "the other one".
            if words[i] == "one" and (i + 1 == len(words) or is_stop(words[i + 1])):
                break
            i += 1
        else:
            break
    return i


def core(tokens: Tokens) -> Tokens:
    """The run of words from the start that can belong to one noun phrase, without its determiner."""
    end = 0
    while end < len(tokens) and not is_stop(tokens[end].low) and not _is_verb_left(tokens, end):
        end += 1
    # "a black and white rug", "a big, red sofa": looks joined inside the phrase
    while (
        end + 1 < len(tokens) and end > 0 and tokens[end].low in ("and", ",") and is_look(tokens[end - 1].low)
    ):
        follow = end + 1
        while follow < len(tokens) and is_look(tokens[follow].low):
            follow += 1
        inside = follow < len(tokens) and not is_stop(tokens[follow].low)
        if follow == end + 1 or (tokens[end].low == "," and not inside):
            break
        while follow < len(tokens) and not is_stop(tokens[follow].low):
            follow += 1
        end = follow
    return tokens[:end]


def head(run: Tokens, *, look_follows: bool) -> int:
    """How many tokens of a run belong to the noun phrase; the others are the look that follows it.

    ``look_follows``: the clause needs a look and has none after this run ("make the ottoman bouclé").
    """
    words = lows(run)
    owner = max((i for i, word in enumerate(words[:-1]) if word.endswith("'s")), default=-1)
    if owner >= 0:  # "the poodle's | fur pink"
        return owner + 1 + max(1, head(run[owner + 1 :], look_follows=look_follows))
    pure = [i for i, word in enumerate(words) if is_pure(word)]
    if look_follows and len(pure) > 1 and pure[-1] == len(words) - 1 and is_colour_too(words[-1]):
        return pure[-2] + 1  # "the sofa | pumpkin"
    if pure:
        end = pure[-1] + 1
        follow = words[end : end + 1]
        if (
            follow
            and end + 1 < len(words)
            and is_thing(follow[0])
            and (follow[0].endswith("s") or follow[0] == "mirror")
        ):
            end += 1  # "the bathroom tiles | dark green"
        while not look_follows and end < len(words) and not is_look(words[end]):
            end += 1  # "a chaise longue"
        return end
    if "one" in words or "ones" in words:
        return max(i for i, word in enumerate(words) if word in ("one", "ones")) + 1
    filler = lx.EVALUATIVE | lx.VAGUE_LOOKS | {"and", ","}
    unknown = [i for i, word in enumerate(words) if not (is_look(word) or is_thing(word) or word in filler)]
    if unknown:
        last = unknown[0]
        while last + 1 in unknown:
            last += 1
        if last + 2 < len(words) and is_thing(words[last + 1]) and words[last + 1].endswith("s"):
            last += 1  # "the nursery tiles | dark green"
        if last + 1 == len(words) - 1 and is_compound(words[last], words[last + 1]):
            last += 1  # "traffic light"
        at_end = last == len(words) - 1 and look_follows and not is_compound(words[last - 1], words[last])
        if at_end and (last > unknown[0] or (last > 0 and is_thing(words[last - 1]))):
            last -= 1
        return last + 1
    things = [i for i, word in enumerate(words) if is_thing(word) or word in lx.MATERIAL_NOUNS]
    if not look_follows:
        return len(words)
    inner = [i for i in things if i < len(words) - 1]
    if inner:
        first = inner[0]
        while first + 1 in inner:
            first += 1
        return first + 1
    return len(words) if len(words) == 1 else len(words) - 1


def is_colour_too(low: str) -> bool:
    """Whether a thing-word is the name of a colour as well ("pumpkin", "leaf")."""
    return low in colours.names()


def split(
    tokens: Tokens, *, places: bool = True, look_follows: bool = False, tails: bool = False
) -> tuple[Tokens, Tokens]:
    """The noun phrase at the start of ``tokens``, and the rest. The phrase is empty where none begins.

    ``places``: a place after the noun belongs to the phrase ("the lamp on the left"). ``look_follows``: see
    ``head``. ``tails``: "with …" belongs to the phrase too ("a lamp with a green shade").
    """
    start = determiners(tokens)
    run = core(tokens[start:])
    if not run:
        if start and tokens[start - 1].low in ("one", "both", "all", "others", "another"):
            return tokens[:start], tokens[start:]
        return (), tokens
    after = tokens[start + len(run) :]
    # only the last words of a clause can be a look without a mark before it
    ends = (
        not after
        or after[0].low in ("and", "please", "instead", "too")
        or locative(after) > 0
        or after[0].low in ("with", "of", "that", "which")
    )
    needs = look_follows and ends and not _complement_follows(after)
    end = start + head(run, look_follows=needs)
    while end < len(tokens):
        taken = _tail(tokens[end:], places=places, look_follows=needs, tails=tails)
        if not taken:
            break
        end += taken
    return tokens[:end], tokens[end:]


def _complement_follows(after: Tokens) -> bool:
    return any(
        t.low in ("to", "into", "in", "with", "for", "be", "→", ":", "look", "like", "as", "using", "a", "an")
        for t in after
    )


def _tail(tokens: Tokens, *, places: bool, look_follows: bool, tails: bool) -> int:
    """How many tokens at the start go on with the noun phrase before them."""
    words = lows(tokens)
    if not words:
        return 0
    if words[0] == "of" and len(words) > 1:
        inner, _ = split(tokens[1:], places=False, look_follows=look_follows)
        return 1 + len(inner) if inner else 0
    if words[0] in ("that", "which", "who", "whose") and len(words) > 2 and places:
        return _relative(tokens)
    if words[0] == "from" and words[1:2] == ("the",) and words[2:3] and words[2] in lx.DIRECTIONS and places:
        return 3  # "the third book from the left"
    size = locative(tokens)
    if size and places:
        inner, rest = split(tokens[size:], places=True, look_follows=look_follows)
        if not inner or not names_place(inner, words[:size]):
            return 0
        if look_follows and not rest and words[0] in ("in", "over", "under") and not names_place(inner, ()):
            return 0
        return size + len(inner)
    if words[0] == "with" and len(words) > 1:
        inner, rest = split(tokens[1:], places=False)
        definite = inner and inner[0].low in ("the", "his", "her", "its", "that")
        looks_after = bool(rest) and (is_look(rest[0].low) or rest[0].low in ("to", "into", "in"))
        if inner and has_thing(inner) and (tails or (definite and places) or (looks_after and places)):
            return 1 + len(inner)
    return 0


_CHANGE_BEGINS = word_set("to into with should could must , and be → :")


def _relative(tokens: Tokens) -> int:
    """The tokens of "that stands on the right", up to where a change begins."""
    words = lows(tokens)
    if words[1] in ("should", "could", "would", "needs", "must", "ought"):
        return 0
    if words[1] in ("is", "are") and len(words) > 2 and is_look(words[2]):
        return 3
    end = 1
    while end < len(words) and words[end] not in _CHANGE_BEGINS:
        if words[end] == "to" or (end > 2 and is_look(words[end]) and not is_thing(words[end])):
            break
        end += 1
    return end


_COVERS = word_set("cover covering print paint material fabric")


def has_thing(tokens: Tokens) -> bool:
    """Whether a noun phrase is about a thing and not about a look ("dark oak", "a nice shade of green")."""
    start = determiners(tokens)
    run = core(tokens[start:])
    if not run:
        return False
    words = lows(run)
    after = lows(tokens[start + len(run) :])
    if words[-1] == "coat" and after[:1] != ("of",) and not any(is_look(w) for w in words[:-1]):
        return True  # "a coat", but not "a red coat of paint"
    if words[-1] in lx.LOOK_NOUNS and words[-1] not in _COVERS:
        return False
    if any(is_pure(word) for word in words):
        return True
    if tokens[0].low in ("a", "an", "another") and len(words) == 1 and is_thing(words[0]):
        return True  # "a tiger", "a mirror"
    if words[-1] in ("one", "ones") or all(is_look(w) or w in lx.LOOK_NOUNS for w in words):
        return False
    return not is_look(words[-1])


def names_place(tokens: Tokens, word: tuple[str, ...]) -> bool:
    """Whether what follows a place word is a place ("the corner") and not a look ("velvet")."""
    if has_thing(tokens):
        known = any(is_thing(t.low) for t in tokens) or tokens[-1].low in lx.PLACES
        if word and word[-1] == "in" and not known and tokens[0].low not in DETERMINERS:
            return False  # "in hessian"
        return tokens[-1].low not in lx.LOOK_NOUNS
    first = tokens[0].low
    if first in ("the", "that", "this") and len(tokens) == 2 and is_thing(tokens[1].low):
        return True  # "in the sky"
    definite = first in ("the", "my", "our", "that", "this")
    words = lows(tokens)
    if first in ("it", "them", "here", "there"):
        return True
    if words[-1] in lx.PLACES | lx.DIRECTIONS and (definite or len(words) == 1):
        return True
    # "on the glass", "next to marble": any place word but "in" wants a thing after it
    return (
        bool(word)
        and word[-1] != "in"
        and (definite or is_thing(words[-1]))
        and words[-1] not in lx.LOOK_NOUNS
    )


def noun_of(tokens: Tokens) -> str:
    """The noun words of a phrase, without determiner, looks, and tail."""
    start = determiners(tokens)
    run = core(tokens[start:])
    return run[-1].low if run else ""


def token(word: str) -> Token:
    """A token of the planner's own."""
    return Token(word, word)
