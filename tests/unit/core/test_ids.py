"""Ids name their noun and sort by the time they were made."""

from jixi.core.ids import new_id


def test_an_id_names_its_noun() -> None:
    prefix, _, body = new_id("key").partition("_")
    assert prefix == "key"
    assert len(body) == 26


def test_ten_thousand_ids_are_all_different() -> None:
    assert len({new_id("req") for _ in range(10_000)}) == 10_000


def test_ids_of_later_milliseconds_sort_after_earlier_ones() -> None:
    stamps = [new_id("req")[:14] for _ in range(2_000)]
    assert stamps == sorted(stamps)
