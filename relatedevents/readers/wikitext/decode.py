"""Bytes of a wikitext page -> text, for pages that mix encodings."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The five bytes that Windows-1252 leaves without a meaning.
_UNDEFINED = frozenset({0x81, 0x8D, 0x8F, 0x90, 0x9D})
# `surrogateescape` marks a byte that is no UTF-8 as U+DC00 + byte.
_ESCAPES = re.compile("[\udc80-\udcff]")
_ESCAPED = {
    byte: " " if byte in _UNDEFINED else bytes([byte]).decode("cp1252")
    for byte in range(0x80, 0x100)
}
# UTF-8 that was read as Windows-1252 and saved as UTF-8 again. Only the lead characters that
# never stand before such a sign in real text: the accented letters of Latin-1, and the dashes,
# quotes and the euro sign.
_SPECIALS = "".join(
    bytes([byte]).decode("cp1252") for byte in range(0x80, 0xC0) if byte not in _UNDEFINED
)
_TWICE = re.compile(f"[ÂÃ][{re.escape(_SPECIALS)}]|â€[{re.escape(_SPECIALS)}\x9d]|â‚¬|â„¢")


@dataclass(frozen=True)
class Decoded:
    """A page's text, and counts of the bytes and characters that were repaired."""

    text: str
    foreign: int  # bytes that were no UTF-8, read as Windows-1252
    undefined: int  # bytes with no meaning in either encoding, read as blanks
    twice: int  # characters that had been encoded twice


def _once(match: re.Match[str]) -> str:
    data = b"".join(
        bytes([ord(sign)]) if ord(sign) < 0x100 else sign.encode("cp1252")
        for sign in match.group(0)
    )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return match.group(0)


def decode_page(data: bytes) -> Decoded:
    r"""Decode a page that may mix UTF-8 with Windows-1252, byte run by byte run.

    What is valid UTF-8 is read as UTF-8, every other byte as Windows-1252, so that one stray
    byte does not spoil the rest of its page. UTF-8 that had been encoded twice is set right.

    Parameters
    ----------
    data : bytes
        The file's content; a byte order mark is left off.

    Returns
    -------
    Decoded
        The text with "\\n" line ends, and counts of what was repaired.

    Examples
    --------
    >>> decode_page("Malmö".encode() + b" and " + "Malmö".encode("cp1252")).text
    'Malmö and Malmö'
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    strays: list[int] = []
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "surrogateescape")
        strays = [ord(sign) - 0xDC00 for sign in _ESCAPES.findall(text)]
        for byte in set(strays):
            text = text.replace(chr(0xDC00 + byte), _ESCAPED[byte])
    twice = 0
    if "Â" in text or "Ã" in text or "â" in text:
        text, twice = _TWICE.subn(_once, text)
    undefined = sum(byte in _UNDEFINED for byte in strays)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return Decoded(text, len(strays) - undefined, undefined, twice)
