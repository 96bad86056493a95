"""The admin API's types: what they refuse, and what they never do to a value."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from jixi.wire import ProblemDetails
from jixi.wire.admin import KeyChange, KeyRequest, MemberInvitation, PriceChange, SetupRequest

_KEY = {"name": "Search", "scopes": ["chat"]}


@pytest.mark.parametrize("name", ["", "   ", "a\x00b", "a\nb", "\u2028", "x" * 121, 7, None, "\ud800"])
def test_a_name_that_nobody_could_read_or_store_is_refused(name: object) -> None:
    with pytest.raises(ValidationError):
        KeyRequest.model_validate(_KEY | {"name": name})


@pytest.mark.parametrize(
    "name", ["林 Lin", "=1+1", "<script>alert(1)</script>", "'; DROP TABLE keys; --", "👩‍💻"]
)
def test_a_name_may_be_any_text_of_people(name: str) -> None:
    assert KeyRequest.model_validate(_KEY | {"name": name}).name == name


def test_spaces_around_a_name_are_dropped() -> None:
    assert KeyRequest.model_validate(_KEY | {"name": "  Search "}).name == "Search"


@pytest.mark.parametrize("limit", ["5", 1.5, True, -1, 10**15 + 1, float("nan")])
def test_money_is_a_whole_number_in_range_and_nothing_like_one(limit: object) -> None:
    with pytest.raises(ValidationError):
        KeyRequest.model_validate(_KEY | {"monthly_limit_micros": limit})


@pytest.mark.parametrize(
    "time",
    [
        "2026-11-23",
        "2026-11-23T12:00:00",
        1764000000,
        "1764000000",
        "0001-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
    ],
)
def test_a_time_needs_its_zone_and_a_year_of_ours(time: object) -> None:
    with pytest.raises(ValidationError):
        KeyRequest.model_validate(_KEY | {"expires_at": time})


def test_a_time_with_any_zone_is_one_instant() -> None:
    made = KeyRequest.model_validate(_KEY | {"expires_at": "2026-11-23T20:00:00+08:00"})
    assert made.expires_at == datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_unknown_fields_are_refused_so_that_a_misspelt_limit_is_not_none() -> None:
    with pytest.raises(ValidationError, match="monthly_limit"):
        KeyRequest.model_validate(_KEY | {"monthly_limit": 5})


def test_a_left_out_limit_and_a_null_one_are_told_apart() -> None:
    assert KeyChange.model_validate({}).model_fields_set == set()
    assert KeyChange.model_validate({"expires_at": None}).model_fields_set == {"expires_at"}


@pytest.mark.parametrize("email", ["lin", "@x", "lin@", "l in@x.y", "lin@x.y\n", "林@x.y", "a@b@c"])
def test_an_address_that_cannot_be_one_is_refused(email: str) -> None:
    with pytest.raises(ValidationError):
        MemberInvitation.model_validate({"email": email, "name": "Lin", "role": "developer"})


def test_a_password_is_never_trimmed_and_never_short() -> None:
    body = {"token": "t", "organisation": "O", "name": "N", "email": "a@b.c", "password": "  spaces count "}
    assert SetupRequest.model_validate(body).password == "  spaces count "
    with pytest.raises(ValidationError):
        SetupRequest.model_validate(body | {"password": "short"})


def test_a_price_is_whole_and_all_of_it_is_given() -> None:
    with pytest.raises(ValidationError, match="output_micros"):
        PriceChange.model_validate({"input_micros": 1, "cached_input_micros": 1})


def test_a_problem_is_as_its_rfc_wants_it() -> None:
    assert set(ProblemDetails.model_fields) >= {"type", "title", "status", "detail", "instance"}
