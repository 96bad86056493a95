"""The catalogue's entries are complete: a licence, words in both languages, known engines, sources for every file."""

from importlib.resources import files
from pathlib import Path

import pytest
from msgspec.structs import replace

from jixi.core.errors import JixiError
from jixi.models.catalog import ENGINES, Catalog, Entry, licence_text
from jixi.models.engines import engine_registry

CATALOG = Catalog.load()
ENTRIES = list(CATALOG)


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.id for entry in ENTRIES])
def test_an_entry_says_what_the_model_is_and_what_it_may_be_used_for(entry: Entry) -> None:
    assert entry.languages
    assert entry.description.en
    assert entry.description.zh
    assert entry.card.en
    assert entry.card.zh
    assert CATALOG.licence(entry).name


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.id for entry in ENTRIES])
def test_every_variant_has_a_source_and_carriers_come_last(entry: Entry) -> None:
    for variant in entry.variants:
        kinds = [source.kind for source in variant.sources]
        assert bool(kinds) != variant.packaged
        assert "carrier" not in kinds[:-1]


def test_licences_that_may_be_shipped_are_shipped() -> None:
    for licence in ("Apache-2.0", "MIT"):
        assert len(licence_text(licence) or "") > 500
    assert licence_text("no-such-licence") is None


def test_the_engines_that_are_installed_are_engines_that_variants_may_name() -> None:
    assert set(engine_registry()) - {"stub"} <= set(ENGINES)


def test_an_alias_leads_to_its_entry_and_an_unknown_name_is_an_error() -> None:
    assert CATALOG.get("smollm2").id == "smollm2-135m-instruct"
    assert CATALOG.get("qwen2.5-coder").id == "qwen2.5-coder-0.5b-instruct"
    assert "smollm2" in CATALOG
    with pytest.raises(JixiError) as refused:
        CATALOG.get("no-such-model")
    assert refused.value.code == "model_not_found"


def test_a_variant_is_found_by_its_id_and_the_first_is_the_default() -> None:
    entry = CATALOG.get("smollm2")
    assert entry.variant() == entry.variant("q4-1") == entry.variants[0]
    assert entry.variant().bytes == 98_362_432
    with pytest.raises(JixiError) as refused:
        entry.variant("q2-k")
    assert refused.value.code == "variant_unknown"


def test_only_the_stand_in_is_marked_as_weak() -> None:
    assert [entry.id for entry in ENTRIES if entry.weak] == ["smollm2-135m-instruct"]


def test_what_came_in_bundles_stands_beside_the_shipped_entries_and_never_in_their_place() -> None:
    catalog = Catalog.load()
    shipped = catalog.get("qwen3-8b")
    mine = replace(shipped, id="acme-8b", aliases=["acme"], name="Acme")
    catalog.renew([mine, replace(shipped, name="Impostor"), replace(mine, id="alien", licence="Alien")])
    assert catalog.get("acme").name == "Acme"
    assert catalog.get("qwen3-8b") == shipped
    assert "alien" not in catalog
    catalog.renew([])
    assert "acme" not in catalog
    assert len(list(catalog)) == len(ENTRIES)


@pytest.mark.parametrize(
    "wrong",
    ['[[variants.sources]]\nkind = "url"\nurl = "ftp://hub.example/weights"\n', "no TOML\n", "[nonsense]\n"],
)
def test_a_broken_file_of_the_catalogue_is_named(tmp_path: Path, wrong: str) -> None:
    for folder in ("entries", "licences"):
        (tmp_path / folder).mkdir()
    good = files("jixi.models.catalog").joinpath("entries", "qwen3-8b.toml").read_text(encoding="utf-8")
    mine = tmp_path / "entries" / "mine.toml"
    mine.write_text(good, encoding="utf-8")
    assert "qwen3-8b" in Catalog.load(shipped=tmp_path)
    mine.write_text(f"{good}\n{wrong}", encoding="utf-8")
    with pytest.raises(JixiError) as refused:
        Catalog.load(shipped=tmp_path)
    assert (refused.value.code, refused.value.facts["file"]) == ("catalogue_invalid", "mine.toml")
