"""What no engine should read is refused by what it is, whatever it is called."""

import contextlib
import gzip
import io
import json
import resource
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jixi.models.formats import FormatError, allowed_name, check_file, check_template
from tests.unit.formats.files import TEMPLATE, gguf, safetensors

PICKLE = b"\x80\x04]\x94K\x01a."


def zipped() -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("archive/data.pkl", PICKLE)
    return raw.getvalue()


def tarred() -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("../../etc/cron.d/x"), io.BytesIO())
    return raw.getvalue()


CODE: Mapping[str, tuple[str, bytes]] = {
    "a pickle": ("pytorch_model.bin", PICKLE),
    "a checkpoint": ("model.ckpt", zipped()),
    "a pickle that is called safetensors": ("model.safetensors", PICKLE),
    "a zip that is called GGUF": ("model.gguf", zipped()),
    "a zip that is called a text": ("vocab.txt", zipped()),
    "a tar that leads outside": ("tokenizer.model", tarred()),
    "a packed text": ("vocab.json", gzip.compress(b"{}")),
    "a module": ("modeling_evil.py", b"print()"),
    "a library": ("kernel.so", b"\x7fELF"),
    "a table that names code": (
        "config.json",
        json.dumps({"auto_map": {"AutoModel": "evil.Model"}}).encode(),
    ),
    "a table that names code further in": (
        "config.json",
        json.dumps({"text_config": [{"auto_map": {"AutoModel": "evil.Model"}}]}).encode(),
    ),
    "a table that is none": ("config.json", b"{"),
    "a template that reaches inside": (
        "tokenizer_config.json",
        json.dumps({"chat_template": "{{ cycler.__init__.__globals__.os.popen('id') }}"}).encode(),
    ),
    "one template of several": (
        "tokenizer_config.json",
        json.dumps({"chat_template": [{"name": "a", "template": "{{ x['__class__'] }}"}]}).encode(),
    ),
    "a template of its own": ("chat_template.jinja", b"{% include '/etc/passwd' %}"),
    "a template with a number that nobody reads": ("chat_template.jinja", b"{{ " + b"1" * 5000 + b" }}"),
    "a template that does not parse": ("chat_template.jinja", b"{% for %}"),
}


@pytest.mark.parametrize(("name", "data"), CODE.values(), ids=CODE.keys())
def test_code_is_refused_in_every_dress(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / "part"
    path.write_bytes(data)
    with pytest.raises(FormatError):
        check_file(path, name)


@pytest.mark.parametrize("data", [PICKLE, zipped(), tarred()], ids=["pickle", "zip", "tar"])
def test_not_even_a_file_that_the_catalogue_names_may_be_a_pickle(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "part"
    path.write_bytes(data)
    with pytest.raises(FormatError):
        check_file(path, "model.bin", named=True)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("model.gguf", gguf()),
        ("model-00001-of-00002.safetensors", safetensors()),
        ("tokenizer_config.json", json.dumps({"chat_template": TEMPLATE}).encode()),
        ("tokenizer.json", b'["a", {"b": 1}]'),
        ("chat_template.jinja", TEMPLATE.encode()),
        ("LICENSE", b"Apache"),
        ("merges.txt", b"a b\n"),
    ],
)
def test_what_models_are_made_of_passes(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / "part"
    path.write_bytes(data)
    assert allowed_name(name)
    check_file(path, name)


REACHING = [
    "{{ ''.__class__ }}",
    "{{ ''['__cl' ~ 'ass__'] }}",
    "{{ ''|attr('__class__') }}",
    "{{ ''|attr(name) }}",
    "{{ x|map(attribute='__class__')|list }}",
    "{{ messages|selectattr('__init__')|list }}",
    "{{ cycler.mro() }}",
    "{{ f.gi_frame }}",
    "{{ lipsum.__globals__['os'] }}",
    "{% import 'x' as x %}",
    "{% from 'x' import y %}",
    "{% extends 'x' %}",
    "{% set x = self._TemplateReference__context %}",
]


@pytest.mark.parametrize("template", REACHING)
def test_a_template_that_reaches_inside_is_refused(template: str) -> None:
    with pytest.raises(FormatError):
        check_template(template)


@pytest.mark.parametrize(
    "template",
    [
        TEMPLATE,
        "{%- for m in messages -%}{{ m['content']|trim }}{%- break -%}{%- endfor -%}",
        "{% generation %}{{ messages[-1].content }}{% endgeneration %}",
        "{{ messages|selectattr('role', 'equalto', 'user')|map(attribute='content')|join }}",
        "{% macro f(x) %}{{ x|tojson }}{% endmacro %}{{ f(tools) }}{{ raise_exception('no') }}{{ strftime_now('%d') }}",
    ],
)
def test_templates_as_models_have_them_pass(template: str) -> None:
    check_template(template)


@pytest.mark.parametrize(
    "template",
    ["{{ x[9**(9**8)] }}", "{{ x['a' * 500000000] }}", "{{ x[" + "'a'+" * 3000 + "'a'] }}"],
    ids=["a power", "a product", "a long sum"],
)
def test_nothing_that_a_template_asks_for_is_computed_to_judge_it(template: str) -> None:
    """It ends at once, in little memory; whether such a template passes does not matter."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    with contextlib.suppress(FormatError):
        check_template(template)
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert after.ru_utime - before.ru_utime < 5
    assert after.ru_maxrss - before.ru_maxrss < 64 * 1024


@given(text=st.text(st.sampled_from("{}%[]().|_'\"~ abcdinfor"), max_size=60))
def test_whatever_a_template_is_it_is_judged(text: str) -> None:
    try:
        check_template(text)
    except FormatError:
        return


def test_a_template_as_deep_as_the_sea_is_refused() -> None:
    with pytest.raises(FormatError):
        check_template("{{ " + "(" * 50_000 + ")" * 50_000 + " }}")
    deep: Any = "a" * (1024 * 1024 + 1)
    with pytest.raises(FormatError):
        check_template(deep)
