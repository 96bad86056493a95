"""The catalogue's data agree with themselves: arithmetic finds what a typing error leaves."""

from urllib.parse import urlsplit

import pytest

from jixi.models.catalog import Architecture, Catalog, Entry, licence_text
from jixi.models.providers import vendor_registry
from tests.unit.catalog.arithmetic import weights

CATALOG = Catalog.load()
ENTRIES = list(CATALOG)
OPEN = [entry for entry in ENTRIES if not entry.closed]
BUILT = [(entry, entry.architecture) for entry in ENTRIES if entry.architecture is not None]
TOWER = 600_000_000
TEXT_TASKS = {"chat", "code", "reasoning", "vision", "embedding", "rerank"}
each_entry = pytest.mark.parametrize("entry", ENTRIES, ids=[entry.id for entry in ENTRIES])
each_built = pytest.mark.parametrize(("entry", "architecture"), BUILT, ids=[entry.id for entry, _ in BUILT])


@each_built
def test_the_architecture_has_as_many_weights_as_the_publisher_says(
    entry: Entry, architecture: Architecture
) -> None:
    assert entry.parameters is not None
    computed, stated = weights(architecture).total, entry.parameters.total
    is_round = stated % 10_000_000 == 0
    # Norms and biases are not counted, nor the places of an encoder, nor the tower of a model that sees, which is as
    # large in front of a small model as in front of a middling one.
    most = 0.03 if is_round or not architecture.gated else 0.005
    least = max(0.15, TOWER / stated) if "vision" in entry.tasks else most
    assert -least <= computed / stated - 1 <= most


@each_built
def test_the_weights_that_a_token_passes_are_as_many_as_the_publisher_says(
    entry: Entry, architecture: Architecture
) -> None:
    assert entry.parameters is not None
    assert (entry.parameters.active is None) == (architecture.experts is None)
    if entry.parameters.active is not None:
        # Some publishers leave the embeddings out of this figure, and round it down.
        embeddings = architecture.vocabulary * architecture.hidden_size * 2
        computed = weights(architecture).active
        assert 0.9 * (computed - embeddings) <= entry.parameters.active <= 1.1 * computed


@each_built
def test_heads_fit_each_other_and_layers_of_every_kind_fit_into_the_layers(
    entry: Entry, architecture: Architecture
) -> None:
    model = architecture
    assert model.heads % model.kv_heads == 0
    kinds = {"mha": model.kv_heads == model.heads, "mqa": model.kv_heads == 1 < model.heads}
    assert kinds.get(model.attention, 1 <= model.kv_heads <= model.heads)
    assert (model.attention == "mla") == (model.latent is not None)
    assert 0.5 <= model.heads * model.head_size / model.hidden_size <= 4
    special = sum(part.layers for part in (model.window, model.linear) if part is not None)
    assert special < model.layers
    if (experts := model.experts) is not None:
        assert experts.active < experts.count
        assert experts.dense_layers < model.layers
        assert model.feed_forward is not None or experts.dense_layers == 0
    else:
        assert model.feed_forward is not None


@pytest.mark.parametrize("entry", OPEN, ids=[entry.id for entry in OPEN])
def test_what_an_open_entry_lacks_it_names(entry: Entry) -> None:
    lacking = {name for name in ("released", "parameters") if getattr(entry, name) is None}
    if TEXT_TASKS & set(entry.tasks):
        lacking |= {name for name in ("architecture", "context") if getattr(entry, name) is None}
    assert set(entry.unconfirmed) == lacking


@each_entry
def test_facts_have_an_address_and_texts_are_in_their_language(entry: Entry) -> None:
    assert urlsplit(entry.facts_from).scheme == "https"
    for texts in (entry.description, entry.card):
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in texts.en)
        assert any("\u4e00" <= letter <= "\u9fff" for letter in texts.zh)
    assert entry.description.en.endswith(".")
    assert entry.description.zh.endswith("。")
    assert len(entry.card.en) > len(entry.description.en)


@each_entry
def test_variants_have_ids_of_their_own_and_formats_that_their_engines_read(entry: Entry) -> None:
    reads = {
        "gguf": {"llamacpp"},
        "safetensors": {"vllm", "sglang", "transformers", "diffusers"},
        "ctranslate2": {"whisper"},
        "onnx": {"kokoro", "transformers"},
        "package": {"embedding"},
    }
    assert len({variant.id for variant in entry.variants}) == len(entry.variants)
    for variant in entry.variants:
        assert set(variant.engines) <= reads[variant.format]
        size = entry.size(variant)
        assert size is None or size.estimated == (variant.bytes is None)


@each_entry
def test_a_base_is_an_entry_and_no_entry_descends_from_itself(entry: Entry) -> None:
    line = [entry.id]
    while (base := CATALOG.get(line[-1]).base) is not None:
        assert base not in line
        line.append(base)


@each_entry
def test_a_licence_with_conditions_says_them_and_a_plain_one_is_shipped(entry: Entry) -> None:
    licence = CATALOG.licence(entry)
    assert licence.conditions is not None or licence_text(licence.id)
    assert licence.licence_class == "commercial" or licence.conditions is not None
    assert entry.closed == (licence.id == "Proprietary")


def test_ids_and_aliases_are_unique_and_every_licence_is_used() -> None:
    names = [name for entry in ENTRIES for name in (entry.id, *entry.aliases)]
    assert len(set(names)) == len(names)
    # Both licences of code are offered for models that people add.
    assert {licence.id for licence in CATALOG.licences()} == {entry.licence for entry in ENTRIES}


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.provider], ids=lambda entry: entry.id)
def test_a_model_that_is_called_outside_names_a_vendor_that_jixi_speaks_with(entry: Entry) -> None:
    assert entry.provider is not None
    assert entry.provider.vendor in set(vendor_registry())


def test_every_family_and_every_task_of_the_store_is_there() -> None:
    current = [entry for entry in OPEN if not entry.weak]
    assert len(current) >= 60
    names = " ".join(entry.family for entry in current)
    wanted = ("Qwen", "DeepSeek", "GLM", "MiniCPM", "InternLM", "Llama", "Mistral", "Gemma", "Phi", "SmolLM")
    assert [family for family in wanted if family not in names] == []
    counts = {task: sum(task in entry.tasks for entry in current) for task in TEXT_TASKS}
    assert all(count >= 3 for count in counts.values()), counts
    for task in ("transcription", "speech", "image"):
        assert any(task in entry.tasks for entry in current)
    assert {entry.level for entry in ENTRIES} >= {"L0", "L1"}
    assert {CATALOG.licence(entry).licence_class for entry in OPEN} == {"research", "commercial"}
    assert {"openai", "anthropic", "dashscope", "zhipu", "moonshot", "deepseek"} <= {
        entry.provider.vendor for entry in ENTRIES if entry.provider and entry.closed
    }
