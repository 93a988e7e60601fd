"""CLIP's words: how a text becomes numbers, by the merges of byte pairs that its vocabulary lists (Sennrich et al. 2016)."""

from __future__ import annotations

import functools
import gzip
import html
import itertools
import json
import unicodedata
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

ENDINGS = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")
WORD_END = "</w>"
BYTES = 256
MOST_MERGES = 49152 - BYTES - 2  # OpenAI's file lists more, which CLIP does not use
GZIP = b"\x1f\x8b"


def read_merges(content: bytes) -> Tensor:
    """The merges [M, 2] of a vocabulary as published: OpenAI's list (text or .gz), the hub's merges.txt or tokenizer.json.

    A token is a number: first the 256 bytes, then the same at the end of a word, then what each merge makes of two tokens.
    ValueError where the content is no such vocabulary.
    """
    text = (gzip.decompress(content) if content[:2] == GZIP else content).decode("utf-8")
    pairs = _json_pairs(text) if text.lstrip()[:1] == "{" else [line.split() for line in text.splitlines()[1:]]
    numbers = {symbol: i for i, symbol in enumerate(_first_symbols())}
    merges: list[list[int]] = []
    for pair in pairs[:MOST_MERGES]:
        if len(pair) != 2 or not all(part in numbers for part in pair):
            raise ValueError(f"its entry {len(merges) + 1} merges what is not there")
        merges.append([numbers[part] for part in pair])
        numbers["".join(pair)] = 2 * BYTES + len(merges) - 1
    if not merges:
        raise ValueError("it lists no merges")
    return torch.tensor(merges)


class Words:
    """The vocabulary of a CLIP: texts to rows of tokens.

    Differs from OpenAI's tokenizer: broken encodings are not mended (it uses ftfy); letters are composed (NFC), as the
    hub's does.
    """

    def __init__(self, merges: Tensor) -> None:
        """merges: [M, 2], as `read_merges` gives them."""
        symbols, self._ranks = _first_symbols(), dict[tuple[str, str], int]()
        for rank, (left, right) in enumerate(merges.tolist()):
            self._ranks[symbols[left], symbols[right]] = rank
            symbols.append(symbols[left] + symbols[right])
        self._numbers = {symbol: i for i, symbol in enumerate(symbols)}
        self.start, self.end = len(symbols), len(symbols) + 1

    def tokens(self, text: str) -> list[int]:
        """The tokens of a text, without the start and the end."""
        return [self._numbers[symbol] for word in split_words(text) for symbol in self._merged(word)]

    def rows(self, texts: Sequence[str], length: int) -> Tensor:
        """Tokens [B, length] with start, end, and zeros behind; of a longer text only its beginning."""
        found = torch.zeros(len(texts), length, dtype=torch.long)
        for row, text in zip(found, texts, strict=True):
            tokens = [self.start, *self.tokens(text)[: length - 2], self.end]
            row[: len(tokens)] = torch.tensor(tokens)
        return found

    def _merged(self, word: str) -> list[str]:
        """The symbols of a word after all merges, the earliest listed one first."""
        letters = _letters()
        symbols = [letters[byte] for byte in word.encode("utf-8")]
        symbols[-1] += WORD_END
        while len(symbols) > 1:
            pairs = list(itertools.pairwise(symbols))
            best = min(pairs, key=lambda pair: self._ranks.get(pair, len(self._ranks)))
            if best not in self._ranks:
                break
            symbols = list(_joined(symbols, best))
        return symbols


def split_words(text: str) -> list[str]:
    """Words, single digits, endings such as 's, and runs of other signs, in small letters."""
    text = unicodedata.normalize("NFC", html.unescape(html.unescape(text))).lower()
    words, place = [], 0
    while place < len(text):
        ending = next((e for e in ENDINGS if text.startswith(e, place)), "")
        kind = _kind(text[place])
        end = place + (len(ending) or 1)
        while not ending and kind in "L*" and end < len(text) and _kind(text[end]) == kind:
            end += 1
        if kind != " ":
            words.append(text[place:end])
        place = end
    return words


def _kind(sign: str) -> str:
    """L for a letter, N for a number, a blank, or * for anything else."""
    if sign.isspace():
        return " "
    first = unicodedata.category(sign)[0]
    return first if first in "LN" else "*"


def _joined(symbols: Sequence[str], pair: tuple[str, str]) -> Iterable[str]:
    place = 0
    while place < len(symbols):
        both = tuple(symbols[place : place + 2]) == pair
        yield "".join(pair) if both else symbols[place]
        place += 2 if both else 1


def _json_pairs(text: str) -> list[list[str]]:
    """The merges of a tokenizer.json."""
    model = json.loads(text).get("model")
    if not isinstance(model, dict) or not isinstance(model.get("merges"), list):
        raise ValueError("it is no tokenizer of byte pairs")
    return [merge.split(" ") if isinstance(merge, str) else list(merge) for merge in model["merges"]]


@functools.cache
def _letters() -> dict[int, str]:
    """A visible letter for every byte, in the vocabulary's order: visible ones stand for themselves."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(BYTES) if byte not in visible]
    return {byte: chr(byte) for byte in visible} | {byte: chr(BYTES + i) for i, byte in enumerate(hidden)}


def _first_symbols() -> list[str]:
    letters = list(_letters().values())
    return [*letters, *(letter + WORD_END for letter in letters)]
