"""The words that the pocket text encoders know, and their two tokenizers.

Both tokenizers are transformers' own classes with small vocabularies: every word of the drawn rooms is
one token, and any other word falls into letters, so that nothing is lost and nothing fails.
"""

from __future__ import annotations

import string
from collections import Counter
from itertools import pairwise
from typing import Any, Final

from pocket import rooms

LENGTH: Final = 16
"""Tokens that a prompt is padded or cut to, in both encoders."""

_LETTERS: Final = string.ascii_lowercase + string.digits + "-'.,!?"

_EXTRA: Final = """
a an the of in on with and made from to at by over under next left right dark light pale bright deep big
small large little old new modern wooden metal stone cloth fabric golden silver nothing empty room wall floor
stripes pattern plain soft shiny couch legs darker lighter gold cream turquoise violet charcoal wood woollen
knitted tufted woven
"""


def words() -> list[str]:
    """Every word that gets a token of its own, in a fixed order."""
    texts: list[str] = [*rooms.KINDS, *rooms.COLOURS, *rooms.MATERIALS, *_EXTRA.split()]
    for synonyms in rooms.SYNONYMS.values():
        texts.extend(synonyms)
    for seed in range(40):  # plurals and material words as the phrases spell them
        texts.extend(rooms.phrase(thing) for thing in rooms.make_scene(seed).things)
    found: dict[str, None] = {}
    for text in texts:
        for word in text.lower().replace("-", " ").split():
            found.setdefault(word.strip(".,!?'"), None)
    return [word for word in sorted(found) if len(word) > 1 or word == "a"]


def t5_tokenizer() -> Any:
    """A ``T5Tokenizer`` (unigram) of whole words with letters to fall back on; eos id 1, pad id 0."""
    from transformers import T5Tokenizer

    pieces: list[tuple[str, float]] = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -30.0)]
    pieces += [("▁" + word, -6.0) for word in words()]
    pieces += [("▁", -12.0)] + [(letter, -12.0) for letter in _LETTERS]
    tokenizer = T5Tokenizer(vocab=pieces, extra_ids=0)
    tokenizer.model_max_length = LENGTH
    return tokenizer


def clip_tokenizer() -> Any:
    """A ``CLIPTokenizer`` (byte-pair) in which every known word is one token.

    The end token's id is not 2: with 2, transformers' CLIP text model pools at the largest id for old
    checkpoints' sake.
    """
    from transformers import CLIPTokenizer

    tokens = ["<|startoftext|>", "<|pad|>", "<|unk|>", "<|endoftext|>"]
    tokens += [letter + end for letter in _LETTERS for end in ("", "</w>")]
    merges = _merges(words())
    tokens += [one + other for one, other in merges]
    tokenizer = CLIPTokenizer(
        vocab={token: number for number, token in enumerate(dict.fromkeys(tokens))},
        merges=merges,
        unk_token="<|unk|>",
        bos_token="<|startoftext|>",
        eos_token="<|endoftext|>",
        pad_token="<|pad|>",
    )
    tokenizer.model_max_length = LENGTH
    return tokenizer


def _merges(known: list[str]) -> list[tuple[str, str]]:
    """Byte-pair merges (Sennrich et al. 2016, arXiv 1508.07909) until each known word is whole.

    Of equally frequent pairs the first in alphabetical order comes first: tokenizers' own trainer breaks ties
    differently from run to run, and a training that is resumed needs the same ids.
    """
    spelt = [[*word[:-1], word[-1] + "</w>"] for word in known]
    merges: list[tuple[str, str]] = []
    while pairs := Counter(pair for parts in spelt for pair in pairwise(parts)):
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        for parts in spelt:
            at = 0
            while at < len(parts) - 1:
                if (parts[at], parts[at + 1]) == best:
                    parts[at : at + 2] = ["".join(best)]
                at += 1
    return merges
