"""The catalogue's entries are complete: a licence with its text, digests, words in both languages, a known engine."""

import pytest

from jixi.core.errors import JixiError
from jixi.models.catalog import Catalog, Entry, licence_text
from jixi.models.engines import engine_registry

ENTRIES = list(Catalog.load())


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.id for entry in ENTRIES])
def test_an_entry_says_what_the_model_is_and_what_it_may_be_used_for(entry: Entry) -> None:
    assert entry.kinds
    assert entry.languages
    assert entry.description.en
    assert entry.description.zh
    assert len(licence_text(entry.licence)) > 500
    assert entry.engine in set(engine_registry())


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.id for entry in ENTRIES])
def test_every_file_has_a_source_and_carriers_come_last(entry: Entry) -> None:
    kinds = [str(source["kind"]) for source in entry.sources]
    assert bool(entry.files) == bool(kinds)
    assert "carrier" not in kinds[:-1]
    assert len(entry.origins()) == len(kinds)


def test_an_alias_leads_to_its_entry_and_an_unknown_name_is_an_error() -> None:
    catalog = Catalog.load()
    assert catalog.get("smollm2").id == "smollm2-135m-instruct"
    assert catalog.get("qwen2.5-coder").id == "qwen2.5-coder-0.5b-instruct"
    assert "smollm2" in catalog
    with pytest.raises(JixiError) as refused:
        catalog.get("no-such-model")
    assert refused.value.code == "model_not_found"


def test_only_the_stand_in_is_marked_as_weak() -> None:
    assert [entry.id for entry in ENTRIES if entry.weak] == ["smollm2-135m-instruct"]
