"""Takes secrets and personal data out of a text; where a number has a checksum, only those that pass it.

Every pattern is bounded, so that no text makes it slow. Rather too much is taken out than too little.
"""

import re
from collections.abc import Callable
from datetime import date
from ipaddress import ip_address
from typing import Final, NamedTuple


class _Recogniser(NamedTuple):
    """What a find of `pattern` is called, if `holds` says that it is one; a group named `it` is the part taken out."""

    name: str
    pattern: re.Pattern[str]
    holds: Callable[[str], bool]


def redact(text: str) -> str:
    """The text with `[name of the kind]` in place of each find. Doing it again changes nothing."""
    for recogniser in _RECOGNISERS:
        text = recogniser.pattern.sub(_Replacement(recogniser), text)
    return text


class _Replacement(NamedTuple):
    recogniser: _Recogniser

    def __call__(self, found: re.Match[str]) -> str:
        whole = found.group()
        part = "it" if "it" in found.re.groupindex else 0
        if not self.recogniser.holds(found.group(part)):
            return whole
        start, end = found.start(part) - found.start(), found.end(part) - found.start()
        return f"{whole[:start]}[{self.recogniser.name}]{whole[end:]}"


def _always(_found: str) -> bool:
    return True


def _is_identity_number(found: str) -> bool:
    """A Chinese resident identity number: a date of birth that exists and the check character of GB 11643."""
    digits = [int(each) for each in found[:17]]
    number = "".join(map(str, digits))
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    weighted = sum(digit * weight for digit, weight in zip(digits, _ID_WEIGHTS, strict=True))
    last = "X" if found[17] in "xX" else str(int(found[17]))
    return last == "10X98765432"[weighted % 11]


def _is_card(found: str) -> bool:
    """Luhn's check over 13 to 19 digits that are not all the same."""
    digits = [int(each) for each in found if each.isdecimal()]
    doubled = [sum(divmod(digit * 2, 10)) for digit in digits[-2::-2]]
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(found: str) -> bool:
    compact = found.replace(" ", "")
    turned = compact[4:] + compact[:4]
    return len(compact) >= 15 and int("".join(str(int(each, 36)) for each in turned)) % 97 == 1


def _is_address(found: str) -> bool:
    try:
        ip_address(found)
    except ValueError:
        return False
    return True


def _is_long_address(found: str) -> bool:
    """An address of IPv6; `::` alone is a word of many languages."""
    return len(found) > 3 and _is_address(found)


_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_WORD: Final = r"[A-Za-z0-9_\-]"
_RECOGNISERS: Final = (
    _Recogniser(
        "secret",
        re.compile(
            r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^\-]{0,20000}(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?"
        ),
        _always,
    ),
    _Recogniser("secret", re.compile(r"(?i)\bbearer\s{1,9}(?P<it>[A-Za-z0-9._~+/=\-]{8,4096})"), _always),
    _Recogniser(
        "secret",
        re.compile(rf"\beyJ{_WORD}{{8,4096}}\.{_WORD}{{8,8192}}\.{_WORD}{{0,4096}}"),
        _always,
    ),
    _Recogniser(
        "secret",
        re.compile(
            rf"(?<![A-Za-z0-9])(?:sk|pk|rk|ak)-{_WORD}{{12,256}}|(?<![A-Za-z0-9])(?:gh[opsur]|github_pat|glpat|hf|xox[abeoprs]"
            rf"|npm|pypi|dop_v1|shpat)[_\-]{_WORD}{{16,256}}"
            r"|(?<![A-Za-z0-9])(?:AKIA|ASIA|LTAI|AKID)[A-Za-z0-9]{12,40}|(?<![A-Za-z0-9])AIza[A-Za-z0-9_\-]{30,40}"
        ),
        _always,
    ),
    _Recogniser("secret", re.compile(r"://[^\s/:@]{0,128}:(?P<it>[^\s/@]{1,256})@"), _always),
    _Recogniser(
        "secret",
        re.compile(
            r"(?i)(?:pass(?:word|wd|phrase)|api[_\- ]?key|access[_\- ]?key|secret(?:[_\- ]?key)?|token|密码|口令|密钥)"
            r"[\"']?\s{0,3}(?:[:=：]|是|为|is)\s{0,3}[\"']?(?P<it>(?!\[secret\])[^\s\"'，。；,;\[\]]{4,256})"
        ),
        _always,
    ),
    _Recogniser(
        "e-mail",
        re.compile(
            r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9\-]{0,62}\.){1,8}[A-Za-z]{2,24}"
        ),
        _always,
    ),
    _Recogniser("identity number", re.compile(r"(?<!\d)\d{17}[\dXx](?![\dA-Za-z])"), _is_identity_number),
    _Recogniser("bank card", re.compile(r"(?<!\d)\d(?:[ \-]?\d){12,18}(?!\d)"), _is_card),
    _Recogniser(
        "bank account",
        re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![A-Za-z0-9])"),
        _is_iban,
    ),
    _Recogniser(
        "phone",
        re.compile(
            r"(?<!\d)(?:(?:\+|00)?86[ \-]?)?1[3-9]\d[ \-]?\d{4}[ \-]?\d{4}(?!\d)"
            r"|(?<!\d)\+[1-9](?:[ ().\-]{0,2}\d){7,14}(?!\d)"
            r"|(?<!\d)0\d{2,3}[ \-]\d{7,8}(?!\d)"
            r"|(?<!\d)(?:\(\d{3}\) ?|\d{3}[.\-])\d{3}[.\- ]\d{4}(?!\d)"
        ),
        _always,
    ),
    _Recogniser(
        "ip address", re.compile(r"(?<![\d.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\d.]*\d)"), _is_address
    ),
    _Recogniser(
        "ip address",
        re.compile(r"(?<![A-Za-z0-9:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![A-Za-z0-9:])"),
        _is_long_address,
    ),
)
