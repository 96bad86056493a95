"""An entry of the catalogue: what a model is, what it may be used for, and how to have it."""

import datetime as dt
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct, field

from jixi.core.errors import Language, problem
from jixi.core.principal import Scope
from jixi.models.catalog._architecture import Architecture, Parameters
from jixi.models.catalog._origins import Origin, origin_from
from jixi.models.catalog._variant import BITS, Variant

LicenceClass = Literal["research", "commercial"]
Level = Literal["L0", "L1", "L2"]
Task = Literal[
    "chat", "code", "reasoning", "vision", "embedding", "rerank", "transcription", "speech", "image"
]

_CHAT: Final = (Scope.CHAT, Scope.COMPLETIONS)
_KINDS: Final[dict[Task, tuple[Scope, ...]]] = {
    "chat": _CHAT,
    "code": _CHAT,
    "reasoning": _CHAT,
    "vision": _CHAT,
    "embedding": (Scope.EMBEDDINGS,),
    "rerank": (Scope.RERANK,),
}


class Texts(Struct, frozen=True, forbid_unknown_fields=True):
    """A text for people, in both languages."""

    en: str
    zh: str

    def text(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en


class Licence(Struct, frozen=True, forbid_unknown_fields=True):
    """A licence of weights, or the terms of a service. `conditions` are what it asks beyond naming the authors."""

    id: str
    name: str
    licence_class: LicenceClass = field(name="class")
    url: str | None = None
    conditions: Texts | None = None


class Provider(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a model is called as a service: a vendor of the registry, and the model's id there.

    `base_url` is for services that speak the vendor's dialect at an address of their own.
    """

    vendor: str
    model: str
    base_url: str | None = None


class Size(NamedTuple):
    """Bytes on disk. An estimate is weights times the bits of one: near for large models, low for small ones."""

    bytes: int
    estimated: bool


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model of the catalogue: an open one has `variants` (the first is the default), a closed one only a `provider`.

    `base` is the entry that it was made from; `weak` marks a stand-in. `unconfirmed` names what its publisher does not
    say or could not be confirmed, and is therefore left out; the rest stands at `facts_from`.
    """

    id: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,119}$")]
    name: str
    publisher: str
    family: str
    tasks: Annotated[list[Task], Meta(min_length=1)]
    languages: list[str]
    licence: str
    facts_from: str
    description: Texts
    card: Texts
    level: Level = "L0"
    released: dt.date | None = None
    parameters: Parameters | None = None
    architecture: Architecture | None = None
    context: Annotated[int, Meta(gt=0)] | None = None
    base: str | None = None
    aliases: list[str] = []
    unconfirmed: list[str] = []
    variants: list[Variant] = []
    provider: Provider | None = None
    weak: bool = False

    @property
    def closed(self) -> bool:
        return self.provider is not None and not self.variants

    @property
    def kinds(self) -> list[Scope]:
        """The endpoints that it answers."""
        return list(dict.fromkeys(kind for task in self.tasks for kind in _KINDS.get(task, ())))

    def variant(self, name: str | None = None) -> Variant:
        """The variant of that id, or the default one.

        Raises `variant_unknown`, or `model_not_deployable` for one without variants, as closed models are.
        """
        for variant in self.variants:
            if name in (None, variant.id):
                return variant
        if not self.variants:
            raise problem("model_not_deployable", model=self.id)
        known = ", ".join(variant.id for variant in self.variants)
        raise problem("variant_unknown", model=self.id, variant=name, variants=known, param="variant")

    def size(self, variant: Variant) -> Size | None:
        """How large the variant's files are; None where neither files nor parameters are known.

        Makers of image models count the parameters of one of several networks, so theirs is no base for an estimate.
        """
        if variant.bytes is not None:
            return Size(variant.bytes, estimated=False)
        if self.parameters is None or "image" in self.tasks:
            return None
        return Size(round(self.parameters.total * BITS[variant.precision] / 8), estimated=True)


def sizes(entry: Entry) -> list[Size]:
    """Those of its variants that are known."""
    return [size for variant in entry.variants if (size := entry.size(variant)) is not None]


def decode_entry(raw: bytes) -> Entry:
    """An entry from JSON; raises `msgspec.MsgspecError`."""
    return msgspec.json.decode(raw, type=Entry, dec_hook=decode_hook)


def decode_hook(kind: type, value: Any) -> Any:
    """What msgspec cannot tell by itself: which origin a table is."""
    return origin_from(value) if kind is Origin else value
