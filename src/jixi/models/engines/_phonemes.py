"""From text to what Kokoro reads: Chinese by pinyin, English by misaki's dictionaries, and no program under the GPL."""

import importlib
import re
from collections.abc import Iterator
from importlib import resources
from typing import Any, Final

import msgspec

_SENTENCE: Final = re.compile(r".+?(?:(?:[!?。！？；;…\n]|\.(?!\d))+[\s”’\"')）」』】]*|$)", re.DOTALL)
_CLAUSE: Final = re.compile(r".{1,160}?(?:[,，、：:]\s*|\s|$)|.{1,160}", re.DOTALL)
_SHORT: Final = 30
_LONG: Final = 160
_HAN: Final = re.compile(r"[\u4e00-\u9fff]+|[^\u4e00-\u9fff]+")
_WORD: Final = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*|\d+(?:,\d{3})*(?:\.\d+)?|\s+|[^\w\s]")
_PUNCTUATION: Final = str.maketrans(
    {
        "、": ", ",
        "，": ", ",
        "。": ". ",
        "．": ". ",
        "！": "! ",
        "：": ": ",
        "；": "; ",
        "？": "? ",
        "《": " “",
        "》": "” ",
        "「": " “",
        "」": "” ",
        "【": " “",
        "】": "” ",
        "（": " (",
        "）": ") ",
    }
)
_TONES: Final = (
    ("˧˩˧", "↓"),
    ("˧˥", "↗"),
    ("˥˩", "↘"),
    ("˥", "→"),
    ("\u027b\u0329", "ɨ"),
    ("\u0279\u0329", "ɨ"),
    ("\u032f", ""),
)
_VOICELESS: Final = "ptkfθ"
_HISSING: Final = "szʃʒʧʤ"
_ONES: Final = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_TEENS: Final = [
    "eleven",
    "twelve",
    *(f"{stem}teen" for stem in ["thir", "four", "fif", "six", "seven", "eigh", "nine"]),
]
_SMALL: Final = _ONES + _TEENS
_TENS: Final = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES: Final = ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_MOST_NUMBER: Final = 10**12


def pieces_of(text: str) -> Iterator[str]:
    """The text cut where one may pause, in pieces that are read at once; joined they are the text again."""
    waiting = ""
    for sentence in _SENTENCE.findall(text):
        waiting += sentence
        if len(waiting) > _LONG:
            yield from _CLAUSE.findall(waiting)
            waiting = ""
        elif len(waiting) >= _SHORT:
            yield waiting
            waiting = ""
    if waiting:
        yield waiting


class Phonemes:
    """Chinese and English, mixed as they come. A number in a sentence with Chinese characters is read in Chinese."""

    def __init__(self) -> None:
        self._english = English()
        self._cut: Any = importlib.import_module("rjieba").cut
        self._numbers: Any = importlib.import_module("cn2an").transform
        self._pinyin: Any = importlib.import_module("pypinyin")
        self._ipa: Any = importlib.import_module("misaki.transcription").pinyin_to_ipa

    def __call__(self, text: str) -> str:
        if not any("\u4e00" <= letter <= "\u9fff" for letter in text):
            return self._english(text.translate(_PUNCTUATION).strip())
        plain = self._numbers(text, "an2cn").translate(_PUNCTUATION).strip()
        runs = _HAN.findall(plain)
        return " ".join(
            self._chinese(run) if "\u4e00" <= run[0] <= "\u9fff" else self._english(run) for run in runs
        )

    def _chinese(self, run: str) -> str:
        return " ".join("".join(map(self._syllable, self._syllables(word))) for word in self._cut(run))

    def _syllables(self, word: str) -> list[str]:
        tones = self._pinyin.Style.TONE3
        return self._pinyin.lazy_pinyin(word, style=tones, neutral_tone_with_five=True)

    def _syllable(self, pinyin: str) -> str:
        said = "".join(self._ipa(pinyin)[0])
        for tone, arrow in _TONES:
            said = said.replace(tone, arrow)
        return said


class English:
    """Words by the dictionary, as they stand or by their endings; what is in none is spelled out."""

    def __init__(self) -> None:
        data = resources.files("misaki.data")
        self._words: dict[str, Any] = msgspec.json.decode((data / "us_silver.json").read_bytes())
        self._words |= msgspec.json.decode((data / "us_gold.json").read_bytes())

    def __call__(self, text: str) -> str:
        return "".join(map(self._say, _WORD.findall(text)))

    def _say(self, token: str) -> str:
        if token[0].isdigit():
            return self(" ".join(number_words(token.replace(",", ""))))
        if not token[0].isalpha():
            return " " if token.isspace() else token
        word = token.replace("’", "'")
        return (
            self._find(word)
            or self._by_ending(word)
            or "".join(self._find(each.upper()) or "" for each in word)
        )

    def _find(self, word: str) -> str | None:
        said = self._words.get(word) or self._words.get(word.lower())
        # Words that sound differently as a noun and as a verb have several; one of them is the usual one.
        return said if said is None or isinstance(said, str) else said["DEFAULT"]

    def _by_ending(self, word: str) -> str | None:
        lower = word.lower()
        for ending, stems in _ENDINGS:
            if lower.endswith(ending):
                for more in stems:
                    if stem := self._find(lower.removesuffix(ending) + more):
                        return stem + _ending(ending, stem)
        return None


_ENDINGS: Final = (
    ("'s", ("",)),
    ("ies", ("y",)),
    ("es", ("", "e")),
    ("s", ("",)),
    ("ed", ("", "e")),
    ("ing", ("", "e")),
    ("ly", ("",)),
)


def _ending(ending: str, stem: str) -> str:
    """How an ending sounds after a stem."""
    last = stem[-1]
    if ending == "ing":
        return "ɪŋ"
    if ending == "ly":
        return "li"
    if ending == "ed":
        return (
            "ɪd"
            if last in "td"
            else "t"
            if last in _VOICELESS + _HISSING.replace("z", "").replace("ʒ", "")
            else "d"
        )
    return "ɪz" if last in _HISSING else "s" if last in _VOICELESS else "z"


def number_words(number: str) -> list[str]:
    """A number in English words; one that is too long to be one is read digit by digit."""
    whole, _, rest = number.partition(".")
    value = int(whole)
    digits = [_SMALL[int(digit)] for digit in whole]
    said = digits if value >= _MOST_NUMBER or (whole[0] == "0" and len(whole) > 1) else _words(value)
    return said + (["point", *(_SMALL[int(digit)] for digit in rest)] if rest else [])


def _words(value: int) -> list[str]:
    if value < len(_SMALL):
        return [_SMALL[value]]
    if value < 100:
        tens, ones = divmod(value, 10)
        return [_TENS[tens], *(_words(ones) if ones else [])]
    scale, name = next(each for each in _SCALES if value >= each[0])
    most, rest = divmod(value, scale)
    return [*_words(most), name, *(_words(rest) if rest else [])]
