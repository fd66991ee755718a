"""How much a decoded text looks like writing: what tells one encoding from another when both decode.

Knows letters and how words are built, no encodings. A wrong encoding gives capitals within words, signs
between letters, two scripts in one word, or signs that hardly anybody writes.
"""

from __future__ import annotations

import re
import unicodedata

_Standards = tuple[tuple[str, int, int], ...]  # encoding, and the first bytes that its frequent characters have

_COMMON = frozenset(
    "äöüßéèêëàâáçîïíôóòœùûúñæøåãõąćęłńśźżčřšžěůďťňőűşğıİășțÄÖÜÉÀÇÅØÑŚŻŁŽŠČŞ"
    "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъёіїєґўОЕАИНТСРВЛКМДПУЯГЗБЧХЖШЮЦЭФ"
    "αοιετσνηυρπκμλωςδγχθφβξζψάέήίόύώאבגדהוזחטיכלמנסעפצקרשתםןףץך"
)
_MARKS = frozenset("’‘“”„«»–—…€£§°•·²³½×¿¡ªº、。，：；！？「」（）“”《》")
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "HEBREW", "ARABIC", "HANGUL", "THAI")
_EASTERN = ("CJK UNIFIED", "HIRAGANA", "KATAKANA", "FULLWIDTH", "IDEOGRAPHIC")
_JAPANESE = (("euc_jp", 0xB0, 0xCF),)  # the first level of each national standard holds the frequent characters
_CHINESE = (("gb2312", 0xB0, 0xD7), ("big5", 0xA4, 0xC6))
_KOREAN = (("euc_kr", 0xB0, 0xC8),)
_KANA = re.compile("[\u3041-\u3096]")
_UNSPEAKABLE = re.compile("[бвгджзйклмнпрстфхцчшщъь]{4,}", re.IGNORECASE)  # a Cyrillic word without a vowel
_ACCENTED = re.compile("[\u00c0-\u024f]{4,}")  # Latin letters all with accents
_WORD = re.compile(r"[^\W\d_]+")


def legibility(text: str) -> float:
    """From -3 to 1, the mean over all characters beyond ASCII; 0 where there are none."""
    strange = [at for at, char in enumerate(text) if char > "\x7f"]
    if not strange:
        return 0.0
    standards = _JAPANESE if _KANA.search(text) else _CHINESE
    points = sum(_point(text, at, standards) for at in strange)
    words = _WORD.findall(text)
    points -= 2.0 * sum(map(_is_mixed, words)) + sum(1 for word in words if _UNSPEAKABLE.fullmatch(word))
    points -= 2.0 * sum(len(run) for run in _ACCENTED.findall(text))
    return points / len(strange)


def _point(text: str, at: int, standards: _Standards) -> float:
    char = text[at]
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    category = unicodedata.category(char)
    if category in ("Cc", "Co", "Cn", "Cs") or char == "\ufffd":
        return -3.0
    if category.startswith("L"):
        if (char.isupper() and before.islower()) or (char.islower() and after.isupper()):
            return -1.5
        return 1.0 if char in _COMMON else _eastern(char, standards)
    if before.isalpha() and after.isalpha():
        return 0.8 if char in "’·" else -1.5  # a sign within a word
    return 1.0 if char in _MARKS else -0.3


def _eastern(char: str, standards: _Standards) -> float:
    """Of letters that are not the usual ones of an alphabet: how likely they are."""
    name = unicodedata.name(char, "")
    if name.startswith("CJK UNIFIED"):
        return 1.0 if _is_within(char, standards) else -0.2
    if name.startswith("HALFWIDTH"):
        return -1.0
    if name.startswith("HANGUL"):
        return 0.9 if _is_within(char, _KOREAN) else -0.5
    return 0.9 if name.startswith((*_EASTERN, "ARABIC", "THAI", "DEVANAGARI")) else 0.1


def _is_within(char: str, standards: _Standards) -> bool:
    for encoding, first, last in standards:
        try:
            code = char.encode(encoding)
        except UnicodeEncodeError:
            continue
        if len(code) == 2 and first <= code[0] <= last:
            return True
    return False


def _is_mixed(word: str) -> bool:
    """Whether letters of two scripts stand in one word; those of the East mix freely among themselves."""
    found = {_script(char) for char in word} - {""}
    return len(found) > 1


def _script(char: str) -> str:
    name = unicodedata.name(char, "")
    if name.startswith(_EASTERN):
        return "EASTERN"
    return next((script for script in _SCRIPTS if name.startswith(script)), "")
