"""Models side by side: one row a fact, one value a model."""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from jixi.models.catalog._entry import Entry, Licence, Texts, sizes

Value = str | int | list[str] | None
CACHE_TOKENS: Final = 8192
_FEW_TOKENS: Final = 1024
_CACHE_BYTES: Final = 2


class Row(Struct, frozen=True):
    """A fact of every model compared, in their order. `fact` is a stable word, `label` is for people."""

    fact: str
    label: Texts
    values: list[Value]

    @property
    def same(self) -> bool:
        return all(value == self.values[0] for value in self.values)


def compare(entries: Sequence[Entry], licence_of: Callable[[Entry], Licence]) -> list[Row]:
    """What to know before a choice. Bytes, numbers of weights and of tokens are integers; unknown is None."""
    columns = [_facts(entry, licence_of(entry)) for entry in entries]
    return [Row(fact, _LABELS[fact], [column[fact] for column in columns]) for fact in _LABELS]


def cache_bytes(entry: Entry, tokens: int = CACHE_TOKENS) -> int | None:
    """The memory in BF16 that keys and values of a context of `tokens` take, where text is generated."""
    if entry.architecture is None or not {"chat", "code"} & set(entry.tasks):
        return None
    return entry.architecture.cache_values(tokens) * _CACHE_BYTES


def _facts(entry: Entry, licence: Licence) -> dict[str, Value]:
    known, shape = sizes(entry), entry.architecture
    return {
        "publisher": entry.publisher,
        "family": entry.family,
        "released": entry.released.isoformat() if entry.released else None,
        "level": entry.level,
        "tasks": list(entry.tasks),
        "languages": entry.languages,
        "parameters": entry.parameters.total if entry.parameters else None,
        "active_parameters": (entry.parameters.active or entry.parameters.total)
        if entry.parameters
        else None,
        "context": entry.context,
        "layers": shape and shape.layers,
        "heads": shape and shape.heads,
        "kv_heads": shape and shape.kv_heads,
        "experts": shape and shape.experts and f"{shape.experts.active} / {shape.experts.count}",
        "cache_1k_bytes": cache_bytes(entry, _FEW_TOKENS),
        "cache_bytes": cache_bytes(entry),
        "smallest_bytes": min((size.bytes for size in known), default=None),
        "precisions": list(dict.fromkeys(variant.precision for variant in entry.variants)),
        "engines": list(dict.fromkeys(engine for variant in entry.variants for engine in variant.engines)),
        "vendor": entry.provider.vendor if entry.provider else None,
        "licence": licence.id,
        "licence_class": licence.licence_class,
    }


_LABELS: Final[dict[str, Texts]] = {
    "publisher": Texts("Publisher", "发布方"),
    "family": Texts("Family", "系列"),
    "released": Texts("Released", "发布日期"),
    "level": Texts("Level", "层级"),
    "tasks": Texts("Tasks", "任务"),
    "languages": Texts("Languages", "语言"),
    "parameters": Texts("Parameters", "参数量"),
    "active_parameters": Texts("Parameters active a token", "每 token 激活参数"),
    "context": Texts("Context in tokens", "上下文（token）"),
    "layers": Texts("Layers", "层数"),
    "heads": Texts("Attention heads", "注意力头数"),
    "kv_heads": Texts("KV heads", "KV 头数"),
    "experts": Texts("Experts active / all", "激活 / 全部专家"),
    "cache_1k_bytes": Texts(f"Memory for {_FEW_TOKENS:,} tokens", f"{_FEW_TOKENS:,} token 的缓存"),
    "cache_bytes": Texts(f"Memory for {CACHE_TOKENS:,} tokens", f"{CACHE_TOKENS:,} token 的缓存"),
    "smallest_bytes": Texts("Smallest variant", "最小变体"),
    "precisions": Texts("Precisions", "精度"),
    "engines": Texts("Engines", "引擎"),
    "vendor": Texts("Served by", "外部供应商"),
    "licence": Texts("Licence", "许可证"),
    "licence_class": Texts("Licence class", "许可类别"),
}
