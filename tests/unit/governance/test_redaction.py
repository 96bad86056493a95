"""Secrets and personal data do not survive redaction; what only looks like them does."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jixi.governance.safety import readable_json, redact

ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def identity_number(head: str) -> str:
    total = sum(int(digit) * weight for digit, weight in zip(head, ID_WEIGHTS, strict=True))
    return head + "10X98765432"[total % 11]


def card_number(head: str) -> str:
    """With the digit that makes Luhn's sum right."""
    return next(
        head + str(last)
        for last in range(10)
        if sum(
            sum(divmod(int(digit) * (2 if place % 2 else 1), 10))
            for place, digit in enumerate(reversed(head + str(last)))
        )
        % 10
        == 0
    )


DIGITS = "0123456789"
# What stands around a find: whole words of both languages, so that they neither touch digits nor spell a key.
around = st.text(alphabet="中文测试，。！ \n()?", max_size=20)
identities = st.builds(
    lambda region, born, order: identity_number(f"{region}{born:%Y%m%d}{order:03}"),
    st.integers(110000, 659999),
    st.dates(date(1900, 1, 1), date(2030, 1, 1)),
    st.integers(0, 999),
)
cards = (
    st.text(alphabet=DIGITS, min_size=14, max_size=18)
    .filter(lambda head: len(set(head)) > 2)
    .map(card_number)
)
mobiles = st.builds(
    "{}1{}{}".format,
    st.sampled_from(["", "+86 ", "86", "0086-"]),
    st.sampled_from("3456789"),
    st.text(alphabet=DIGITS, min_size=9, max_size=9),
)
mails = st.from_regex(r"[a-z0-9._%+-]{1,20}@[a-z0-9]{1,10}(\.[a-z0-9]{1,8}){0,2}\.[a-z]{2,6}", fullmatch=True)
keys = st.from_regex(
    r"(sk-|sk-jixi-|sk-ant-|ghp_|hf_|glpat-)[A-Za-z0-9]{20,60}|AKIA[A-Z0-9]{16}", fullmatch=True
)
addresses = st.ip_addresses().map(str).filter(lambda address: len(address) > 3)


@given(around, st.one_of(identities, cards, mobiles, mails, keys, addresses), around)
def test_what_must_go_goes_wherever_it_stands(before: str, secret: str, after: str) -> None:
    clean = redact(f"{before}{secret}{after}")
    assert secret not in clean
    assert "[" in clean
    assert clean.startswith(before)


@given(st.text(max_size=300))
def test_doing_it_again_changes_nothing(text: str) -> None:
    clean = redact(text)
    assert redact(clean) == clean


@given(st.text(alphabet="abcdefg hijkl中文，.\n", max_size=200))
def test_plain_words_stay_as_they_are(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "identity 110105194912310021 has a wrong check character",
        "born 110105199913450021 on no day of the calendar",
        "card 4111111111111112 fails Luhn",
        "zeros 0000000000000000",
        "order 1381234567890 has thirteen digits",
        "version 1.2.3 of 999.999.999.999 at 12:30:45",
        "std::vector and a :: b",
        "max_tokens: 4096, a token of the model",
        "sk-short and hf_short",
        "see user@host and @lin",
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Authorization: Bearer abcdef123456.xyz", "Authorization: Bearer [secret]"),
        ("postgres://lin:hunter22@db/jixi", "postgres://lin:[secret]@db/jixi"),
        ("密码是correct-horse，谢谢", "密码是[secret]，谢谢"),
        ("API_KEY='abcd1234'", "API_KEY='[secret]'"),
        ("eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.SflKxwRJSMeKKF2QT4", "[secret]"),
        ("call +1 (415) 555-2671 now", "call [phone] now"),
        ("010-62345678", "[phone]"),
        ("GB82 WEST 1234 5698 7654 32", "[bank account]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "[secret]"),
        ("card 4111 1111 1111 1111.", "card [bank card]."),
    ],
)
def test_each_kind_is_named_in_its_place(text: str, clean: str) -> None:
    assert redact(text) == clean


@pytest.mark.parametrize(
    "piece",
    ["1", "1 ", "a.", "a@", "eyJ", "::", "+1", "A1", "password ", "://a:", "-----BEGIN PRIVATE KEY-----"],
)
def test_no_text_makes_it_slow(piece: str) -> None:
    redact(piece * (200_000 // len(piece)))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(alphabet="abc 中", max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(json_values)
def test_harmless_json_is_kept_as_it_is(value: Any) -> None:
    assert json.loads(readable_json(json.dumps(value).encode(), redacted=True)) == value


def _read(value: Any, *, redacted: bool = True) -> Any:
    return json.loads(readable_json(json.dumps(value).encode(), redacted=redacted))


def test_json_is_cleaned_in_names_numbers_and_the_arguments_of_tools() -> None:
    arguments = json.dumps({"to": "lin\u0040example.com", "password": "hunter2"}).replace("@", "\\u0040")
    clean = _read({"lin@example.com": 13812345678, "arguments": arguments, "api_key": "abc"})
    assert clean["[e-mail]"] == "[phone]"
    assert json.loads(clean["arguments"]) == {"to": "[e-mail]", "password": "[secret]"}
    assert clean["api_key"] == "[secret]"


def test_full_content_keeps_every_word_but_no_bulk() -> None:
    image = "data:image/png;base64," + "A" * 5000
    kept = _read({"text": "lin@example.com", "image": image, "long": "x" * 30_000}, redacted=False)
    assert kept["text"] == "lin@example.com"
    assert kept["image"] == "data:image/png;base64,[5022 characters]"
    assert kept["long"].endswith("… [10000 characters cut]")


@pytest.mark.parametrize("raw", [b"", b"no json", b"\xff\xfe", b'"\\ud800"', b"[" * 5000 + b"]" * 5000])
def test_what_is_no_json_is_told_by_its_size(raw: bytes) -> None:
    assert json.loads(readable_json(raw, redacted=True)) == {"unreadable_bytes": len(raw)}


def test_far_too_much_is_told_by_its_size() -> None:
    raw = json.dumps(["x" * 1000] * 1000).encode()
    assert json.loads(readable_json(raw, redacted=True)) == {"omitted_bytes": len(raw)}
