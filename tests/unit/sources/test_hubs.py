"""A repository of many files comes as the hub's own list tells it, at one commit, and nobody else hears the token."""

import asyncio
import json
from pathlib import Path

import pytest

from jixi.models.catalog import ModelFile
from tests.unit.formats.files import BROKEN, TEMPLATE, safetensors
from tests.unit.sources.conftest import MakeStore
from tests.unit.sources.entries import HUGGINGFACE, MODELSCOPE, Origins, entry_of, parts, published, refusal
from tests.unit.sources.hub import COMMIT, CONTENT, NAME, ScriptedHub, digest_of

REPOSITORY = {
    "model-00001-of-00002.safetensors": safetensors(bytes(range(256)) * 400),
    "model-00002-of-00002.safetensors": safetensors(bytes(range(255, -1, -1)) * 400),
    "config.json": b'{"architectures": ["Llama"]}',
    "tokenizer_config.json": b'{"chat_template": "%s"}' % TEMPLATE.replace("\n", "\\n").encode(),
    "README.md": b"# Tiny\n",
    "LICENSE": b"MIT",
}
PASSED_OVER = {
    ".gitattributes": b"*.safetensors filter=lfs",
    "pytorch_model.bin": b"\x80\x02}q\x00.",
    "modeling_tiny.py": b"import os",
    "onnx/model.onnx": b"onnx",
    "sub/config.json": b"{}",
}
BOTH = pytest.mark.parametrize("source", [HUGGINGFACE, MODELSCOPE], ids=["huggingface", "modelscope"])


@BOTH
async def test_a_repository_comes_whole_at_one_commit_without_what_is_no_model(
    make_store: MakeStore, hub: ScriptedHub, source: Origins
) -> None:
    hub.files = REPOSITORY | PASSED_OVER
    store, entry = make_store(), entry_of(source, files=[])
    files = await store.fetch(entry)
    here = {path.name: path.read_bytes() for path in files["folder"].iterdir() if path.name[0] != "."}
    assert here == REPOSITORY
    manifest = store.manifest(entry)
    assert manifest is not None
    assert manifest.revision == COMMIT
    assert {file.name: file.sha256 for file in manifest.files} == {
        name: digest_of(data) for name, data in REPOSITORY.items()
    }
    assert {
        request.split("/resolve/")[1].split("/")[0] for request, _ in hub.seen if "resolve" in request
    } == {COMMIT}
    assert await store.verify(entry) == []


async def test_a_long_list_comes_page_by_page(make_store: MakeStore, hub: ScriptedHub) -> None:
    hub.files, hub.page = REPOSITORY | PASSED_OVER, 2
    files = await make_store().fetch(entry_of(HUGGINGFACE, files=[]))
    assert len([path for path in files["folder"].iterdir() if path.name[0] != "."]) == len(REPOSITORY)
    assert sum("/tree/" in request for request, _ in hub.seen) == 6


async def test_a_list_that_points_elsewhere_takes_the_token_nowhere(
    make_store: MakeStore, hub: ScriptedHub
) -> None:
    hub.files, hub.page, hub.token = REPOSITORY, 2, "hf_secret"
    hub.next_page_at = f"{hub.cdn_address}/steal"
    await make_store(tokens={"huggingface": "hf_secret"}).fetch(entry_of(HUGGINGFACE, files=[]))
    assert not any(
        "hf_secret" in str(headers) for _, headers in hub.seen if headers["Host"] in hub.cdn_address
    )
    assert all("/steal" not in request for request, _ in hub.seen)


async def test_patterns_choose_among_the_files(make_store: MakeStore, hub: ScriptedHub) -> None:
    hub.files = {"q4/tiny-q4.gguf": CONTENT, "q8/tiny-q8.gguf": CONTENT, "config.json": b"{}"}
    source = {**HUGGINGFACE, "include": ["q4/*.gguf", "*.json"]}
    files = await make_store().fetch(entry_of(source, files=[], form="gguf"))
    assert files["model"] == files["folder"] / "q4" / "tiny-q4.gguf"
    assert set(files) == {"model", "config.json", "folder"}


async def test_the_catalogue_decides_over_the_hub(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path
) -> None:
    """The hub's list and its bytes agree with each other, and not with the catalogue."""
    hub.files = {NAME: CONTENT[:-1] + b"!"}
    error = await refusal(make_store(), entry_of(HUGGINGFACE))
    assert error.code == "digest_mismatch"
    assert published(tmp_path) == []


@BOTH
async def test_a_file_without_a_digest_in_the_catalogue_is_held_against_the_hubs(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path, source: Origins
) -> None:
    entry = entry_of(source, files=[ModelFile("model", NAME, len(CONTENT))])
    hub.digests[NAME] = digest_of(b"another")
    assert (await refusal(make_store(), entry)).code == "digest_mismatch"
    assert published(tmp_path) == []
    hub.digests.clear()
    assert (await make_store().fetch(entry))["model"].read_bytes() == CONTENT


async def test_small_files_are_held_against_what_git_names_them(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path
) -> None:
    hub.files, hub.digests = dict(REPOSITORY), {"config.json": "0" * 40}
    error = await refusal(make_store(), entry_of(HUGGINGFACE, files=[]))
    assert (error.code, error.facts["file"]) == ("digest_mismatch", "config.json")
    assert "config.json" not in published(tmp_path)


async def test_a_repository_that_needs_its_own_code_is_refused(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path
) -> None:
    hub.files = REPOSITORY | {"config.json": b'{"auto_map": {"AutoModel": "modeling_tiny.Tiny"}}'}
    store, entry = make_store(), entry_of(HUGGINGFACE, files=[])
    error = await refusal(store, entry)
    assert (error.code, error.facts["file"]) == ("model_file_refused", "config.json")
    assert store.files(entry) is None
    assert "config.json" not in published(tmp_path)


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_gguf_of_a_hub_gets_no_name(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path, content: bytes
) -> None:
    hub.files = {NAME: content}
    error = await refusal(make_store(), entry_of(HUGGINGFACE, files=[], form="gguf"))
    assert (error.code, error.facts["file"]) == ("model_file_refused", NAME)
    assert NAME in error.message("zh")
    assert error.message("zh") != error.message("en")
    assert published(tmp_path) == []


@pytest.mark.parametrize("files", [{"pytorch_model.bin": b"x"}, {}, {"config.json": b"{}"}])
async def test_a_repository_without_safe_weights_is_no_source(
    make_store: MakeStore, hub: ScriptedHub, files: dict[str, bytes]
) -> None:
    hub.files = files
    error = await refusal(make_store(), entry_of(HUGGINGFACE, files=[]))
    assert "no weights in safetensors" in error.message()


@pytest.mark.parametrize(
    "name", ["../../evil.gguf", "/etc/evil.gguf", "a/../../evil.gguf", "a\x00.gguf", ".evil.gguf"]
)
@BOTH
async def test_a_name_that_leads_outside_is_not_a_file(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path, source: Origins, name: str
) -> None:
    hub.files = {**REPOSITORY, name: CONTENT}
    await make_store().fetch(entry_of(source, files=[]))
    assert not [path for path in tmp_path.rglob("*") if "evil" in path.name]


@BOTH
async def test_a_token_goes_to_the_hub_and_never_along_a_redirect(
    make_store: MakeStore, hub: ScriptedHub, source: Origins
) -> None:
    hub.files, hub.token = REPOSITORY, "hf_secret"
    entry = entry_of(source, files=[])
    assert "HTTP 401" in (await refusal(make_store(), entry)).message()
    tokens = {"huggingface": "hf_secret", "modelscope": "hf_secret"}
    await make_store(tokens=tokens).fetch(entry)
    at_cdn = [headers for request, headers in hub.seen if headers["Host"] in hub.cdn_address]
    at_hub = [headers for request, headers in hub.seen if headers["Host"] in hub.address]
    assert at_cdn
    assert not any("hf_secret" in str(headers) for headers in at_cdn)
    assert any("hf_secret" in str(headers) for headers in at_hub)


async def test_a_second_hub_helps_where_the_first_has_no_list(
    make_store: MakeStore, hub: ScriptedHub
) -> None:
    hub.files = REPOSITORY
    hub.lists_broken = True
    store, entry = make_store(), entry_of(HUGGINGFACE, MODELSCOPE, files=[])
    await store.fetch(entry)
    manifest = store.manifest(entry)
    assert manifest is not None
    assert manifest.source == "modelscope"


async def test_files_come_side_by_side_and_not_more_than_allowed(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path
) -> None:
    hub.files = {f"model-{n}.safetensors": safetensors(bytes([n]) * 200_000) for n in range(12)}
    hub.together = 3
    async with asyncio.timeout(60):
        await make_store(connections=3).fetch(entry_of(HUGGINGFACE, files=[]))
    assert hub.most_open == 3
    assert parts(tmp_path) == []


INDEX = "model.safetensors.index.json"
FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


def index_of(*shards: str) -> bytes:
    return json.dumps({"weight_map": {f"layer.{at}": name for at, name in enumerate(shards)}}).encode()


@pytest.mark.parametrize(
    ("files", "missing"),
    [
        ({FIRST: safetensors(), INDEX: index_of(FIRST, SECOND)}, SECOND),
        (
            {"a.safetensors": safetensors(), INDEX: index_of("a.safetensors", "b.safetensors")},
            "b.safetensors",
        ),
        ({"sub-00002-of-00003.safetensors": safetensors()}, "sub-00001-of-00003.safetensors, sub-00003-of"),
    ],
    ids=["its index and its name", "its index alone", "its name alone"],
)
async def test_a_repository_that_lacks_a_shard_is_not_here_and_the_shard_is_named(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path, files: dict[str, bytes], missing: str
) -> None:
    hub.files = files | {"config.json": b"{}"}
    store, entry = make_store(), entry_of(HUGGINGFACE, files=[])
    error = await refusal(store, entry)
    assert error.code == "model_incomplete"
    assert missing in error.message()
    assert store.files(entry) is None
    assert [name for name in published(tmp_path / "models" / "tiny") if name] == []
    assert hub.bytes_sent <= len(files.get(INDEX, b""))
    hub.files = REPOSITORY | {INDEX: index_of(FIRST, SECOND)}
    assert await store.fetch(entry)


async def test_a_part_of_a_gguf_alone_is_no_model(make_store: MakeStore, hub: ScriptedHub) -> None:
    hub.files = {"tiny-00001-of-00002.gguf": CONTENT}
    error = await refusal(make_store(), entry_of(MODELSCOPE, files=[], form="gguf"))
    assert error.code == "model_incomplete"
    assert "tiny-00002-of-00002.gguf" in error.message()


async def test_an_index_of_weights_that_were_not_taken_is_no_matter(
    make_store: MakeStore, hub: ScriptedHub
) -> None:
    hub.files = {"model.safetensors": safetensors(), INDEX: index_of(FIRST, SECOND)}
    assert await make_store().fetch(entry_of(HUGGINGFACE, files=[]))


async def test_weights_of_another_format_are_passed_over(make_store: MakeStore, hub: ScriptedHub) -> None:
    hub.files = {NAME: CONTENT, "config.json": b"{}"}
    store, entry = make_store(), entry_of(HUGGINGFACE, files=[])
    error = await refusal(store, entry)
    assert (error.code, "no weights in safetensors" in error.message()) == ("model_incomplete", True)
    hub.files = {**hub.files, "model.safetensors": safetensors()}
    assert NAME not in {path.name for path in (await store.fetch(entry)).values()}


async def test_a_shard_that_an_earlier_release_did_not_miss_is_found_by_verification(
    make_store: MakeStore, hub: ScriptedHub
) -> None:
    hub.files = REPOSITORY | {INDEX: index_of(FIRST, SECOND)}
    store, entry = make_store(), entry_of(HUGGINGFACE, files=[])
    folder = (await store.fetch(entry))["folder"]
    manifest = folder / ".manifest"
    kept = json.loads(manifest.read_bytes())
    kept["files"] = [file for file in kept["files"] if file["name"] != SECOND]
    manifest.write_bytes(json.dumps(kept).encode())
    assert store.files(entry) is not None
    assert await store.verify(entry) == [SECOND]
    assert store.files(entry) is None
    assert await store.fetch(entry)


async def test_a_source_that_is_refused_for_its_address_says_so(make_store: MakeStore) -> None:
    error = await refusal(make_store(allowed=frozenset()), entry_of(HUGGINGFACE, MODELSCOPE))
    assert error.code == "egress_refused"
