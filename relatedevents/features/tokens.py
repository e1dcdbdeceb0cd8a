"""Tokens: the words of a text, in any script."""

from __future__ import annotations

import re
import unicodedata

# Vowel signs and accents that are characters of their own belong to the word; re's \w lacks them.
_MARKS = "".join(
    chr(code) for code in range(0x300, 0x10000) if unicodedata.category(chr(code)) in ("Mn", "Mc")
)
_WORD = re.compile(rf"\w[\w{_MARKS}]*")
# Scripts that set no blanks between words: kana and Han, Thai and Lao, Burmese, Khmer.
_UNSPACED = re.compile(
    "([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]+)"
)


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, in their order.

    Every word counts, however short: "go", "R" and "C" name things, and how many texts have a word
    tells whether it says anything. Where a script sets no blanks between words, each pair of
    neighbouring characters is one.

    Examples
    --------
    >>> words_of("Go 1.12, and R!")
    ['go', '1', '12', 'and', 'r']
    >>> words_of("Rの本棚")
    ['r', 'の本', '本棚']
    """
    words: list[str] = []
    for run in _WORD.findall(text.lower()):
        if run.isascii() or not _UNSPACED.search(run):
            words.append(run)
            continue
        for piece in _UNSPACED.split(run):
            if _UNSPACED.match(piece) and len(piece) > 1:
                words += [piece[at : at + 2] for at in range(len(piece) - 1)]
            elif piece:
                words.append(piece)
    return words
