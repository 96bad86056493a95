"""The formats of model files: what of a file is judged before any engine may read it.

Owns: the bounds of GGUF and safetensors headers, the refusal of pickles, archives and code, the judging of chat
templates, whether an adapter is one for its base, and what files say of their precision.
Must not: load a model, trust a name.
Tests: tests/unit/formats, with mutated headers by the thousand.
"""

from jixi.models.formats._adapter import adapter_form, check_adapter
from jixi.models.formats._check import allowed_name, check_file
from jixi.models.formats._gguf import GgufHeader, read_gguf, read_gguf_facts
from jixi.models.formats._precision import precision_of
from jixi.models.formats._refusal import FormatError
from jixi.models.formats._safetensors import read_safetensors
from jixi.models.formats._template import check_template

__all__ = [
    "FormatError",
    "GgufHeader",
    "adapter_form",
    "allowed_name",
    "check_adapter",
    "check_file",
    "check_template",
    "precision_of",
    "read_gguf",
    "read_gguf_facts",
    "read_safetensors",
]
