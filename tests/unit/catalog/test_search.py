"""Models are found by words and by what they must be, in an order that is the same every time."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from jixi.models.catalog import ENGINES, Catalog, Entry, Query, Sort, compare, search, sizes

CATALOG = Catalog.load()
ENTRIES = list(CATALOG)


def found(**wanted: object) -> list[str]:
    return [entry.id for entry in _search(Query(**wanted))]  # pyright: ignore[reportArgumentType]


def _search(query: Query) -> list[Entry]:
    return search(ENTRIES, query, lambda entry: CATALOG.licence(entry).licence_class)


def test_every_word_must_be_found_in_either_language() -> None:
    assert found(text="QWEN2.5 coder-0.5b") == ["qwen2.5-coder-0.5b-instruct"]
    assert "fin-r1" in found(text="金融")
    assert found(text="qwen medicine") == []
    assert len(found()) == len(ENTRIES)


def test_a_family_is_found_with_its_generations() -> None:
    assert {"qwen3-8b", "qwen2.5-7b-instruct"} <= set(found(family="qwen"))
    assert "qwen2.5-7b-instruct" not in found(family="Qwen3")


def test_a_research_licence_is_never_among_the_commercial_ones() -> None:
    research = found(licence_class="research")
    assert "codestral-22b-v0.1" in research
    assert not set(research) & set(found(licence_class="commercial"))
    assert found(licence="cc-by-nc-4.0") == ["jina-embeddings-v3"]


def test_one_variant_must_fit_everything_that_is_asked_of_variants() -> None:
    few = 6_000_000_000
    for name in found(engine="llamacpp", max_bytes=few, task="chat"):
        entry = CATALOG.get(name)
        fitting = [each for each in entry.variants if "llamacpp" in each.engines]
        assert any((size := entry.size(each)) and size.bytes <= few for each in fitting)
    # Its quantised file fits, but another engine reads that; what this engine reads does not.
    assert "qwen3-8b" in found(engine="llamacpp", max_bytes=few)
    assert "qwen3-8b" not in found(engine="transformers", max_bytes=few)


def test_closed_models_have_no_size_and_are_found_apart() -> None:
    closed = set(found(access="closed"))
    assert {"claude-opus-5", "gpt-5.5", "qwen3-max"} <= closed
    assert not closed & set(found(access="open"))
    assert not closed & set(found(max_parameters=10**15))


@pytest.mark.parametrize("sort", get_args(Sort))
def test_an_order_puts_what_is_unknown_last(sort: Sort) -> None:
    ordered = _search(Query(sort=sort))
    assert {entry.id for entry in ordered} == {entry.id for entry in ENTRIES}
    values = [_figure(entry, sort.removeprefix("-")) for entry in ordered]
    known = [value for value in values if value is not None]
    assert values == known + [None] * (len(values) - len(known))
    assert known == sorted(known, key=lambda value: value, reverse=sort.startswith("-"))


def _figure(entry: Entry, name: str) -> str | int | None:
    figures = {
        "name": entry.name.casefold(),
        "released": entry.released.isoformat() if entry.released else None,
        "parameters": entry.parameters.total if entry.parameters else None,
        "bytes": min((size.bytes for size in sizes(entry)), default=None),
    }
    return figures[name]


_QUERIES = st.builds(
    Query,
    text=st.sampled_from(["", "qwen", "small", "模型"]),
    task=st.sampled_from([None, "chat", "embedding", "image"]),
    language=st.sampled_from([None, "zh"]),
    licence_class=st.sampled_from([None, "commercial", "research"]),
    engine=st.sampled_from([None, *ENGINES]),
    access=st.sampled_from([None, "open", "closed"]),
    min_parameters=st.sampled_from([None, 10**9]),
    max_bytes=st.sampled_from([None, 10**10]),
    sort=st.sampled_from(get_args(Sort)),
)


@given(
    _QUERIES, st.sampled_from(["text", "task", "language", "licence_class", "engine", "access", "max_bytes"])
)
def test_a_further_condition_never_finds_more(query: Query, dropped: str) -> None:
    wider = replace(query, **{dropped: "" if dropped == "text" else None})
    assert {entry.id for entry in _search(query)} <= {entry.id for entry in _search(wider)}


def test_models_stand_side_by_side_with_one_value_each() -> None:
    chosen = [CATALOG.get(name) for name in ("qwen3-8b", "deepseek-v3.2", "claude-opus-5")]
    rows = {row.fact: row for row in compare(chosen, CATALOG.licence)}
    assert all(len(row.values) == 3 for row in rows.values())
    assert rows["parameters"].values == [8_190_735_360, 671_000_000_000, None]
    assert rows["active_parameters"].values == [8_190_735_360, 37_000_000_000, None]
    assert rows["licence_class"].same
    assert not rows["context"].same


def test_the_memory_of_a_context_follows_the_kind_of_attention() -> None:
    values = {
        name: _cache(name, 8192) for name in ("qwen3-8b", "deepseek-v3.2", "gpt-oss-20b", "qwen3.6-27b")
    }
    assert values["qwen3-8b"] == 8192 * 36 * 2 * 8 * 128
    assert values["deepseek-v3.2"] == 8192 * 61 * (512 + 64 + 128)
    assert values["gpt-oss-20b"] == (8192 * 12 + 128 * 12) * 2 * 8 * 64
    assert values["qwen3.6-27b"] == 8192 * 16 * 2 * 4 * 256 + 48 * 48 * 128 * 128


@given(st.sampled_from([entry for entry in ENTRIES if entry.architecture]), st.integers(1, 10**6))
def test_a_longer_context_never_takes_less_memory(entry: Entry, tokens: int) -> None:
    assert entry.architecture is not None
    shorter, longer = (entry.architecture.cache_values(count) for count in (tokens, 2 * tokens))
    assert shorter <= longer <= 2 * shorter


def _cache(name: str, tokens: int) -> int:
    architecture = CATALOG.get(name).architecture
    assert architecture is not None
    return architecture.cache_values(tokens)
