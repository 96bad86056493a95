"""How a model is built: what its size and its memory at run time are computed from."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

_Count = Annotated[int, Meta(gt=0)]


class Parameters(Struct, frozen=True, forbid_unknown_fields=True):
    """Numbers of weights; round ones are as their publisher says them. `active` are those that one token passes."""

    total: _Count
    active: _Count | None = None

    @property
    def label(self) -> str:
        """For people, in the market's way: "494M", "1.5B", "235B-A22B"."""
        return _short(self.total) + (f"-A{_short(self.active)}" if self.active else "")


class Latent(Struct, frozen=True, forbid_unknown_fields=True):
    """Multi-head latent attention: keys and values are kept as one compressed vector and one rotary key a token.

    `index_head_size` is that of the small keys by which sparse attention finds the tokens that matter.
    """

    kv_rank: _Count
    rope_head_size: _Count
    nope_head_size: _Count
    value_head_size: _Count
    q_rank: _Count | None = None
    index_head_size: _Count | None = None


class Window(Struct, frozen=True, forbid_unknown_fields=True):
    """Sliding-window attention: `layers` of the layers see the last `tokens` tokens only.

    Their heads may have a shape of their own.
    """

    tokens: _Count
    layers: _Count
    kv_heads: _Count | None = None
    head_size: _Count | None = None


class Linear(Struct, frozen=True, forbid_unknown_fields=True):
    """Linear attention: `layers` of the layers keep a state of fixed size instead of keys and values."""

    layers: _Count
    key_heads: _Count
    value_heads: _Count
    key_head_size: _Count
    value_head_size: _Count


class Experts(Struct, frozen=True, forbid_unknown_fields=True):
    """A mixture of experts, `active` of `count` for a token and `shared` for every one.

    `feed_forward` is the inner width of one; `dense_layers` of the layers have none.
    """

    count: _Count
    active: _Count
    feed_forward: _Count
    shared: int = 0
    shared_feed_forward: _Count | None = None
    dense_layers: int = 0


class Architecture(Struct, frozen=True, forbid_unknown_fields=True):
    """The transformer that works on text, without towers for other media.

    `attention` is multi-head, grouped-query, multi-query or latent. `feed_forward` is the inner width of a dense
    layer; `gated` ones have three matrices, the others two.
    """

    attention: Literal["mha", "gqa", "mqa", "mla"]
    layers: _Count
    hidden_size: _Count
    heads: _Count
    kv_heads: _Count
    head_size: _Count
    vocabulary: _Count
    feed_forward: _Count | None = None
    gated: bool = True
    tied_embeddings: bool = False
    latent: Latent | None = None
    window: Window | None = None
    linear: Linear | None = None
    experts: Experts | None = None

    def cache_values(self, tokens: int) -> int:
        """How many numbers the keys and values of one sequence of `tokens` tokens are.

        Times the bytes of one number (2 in BF16, 1 in FP8) that is its memory. The states of linear layers do not
        grow with the sequence and are counted too.
        """
        if (latent := self.latent) is not None:
            token = latent.kv_rank + latent.rope_head_size + (latent.index_head_size or 0)
            return self.layers * tokens * token
        values, full = 0, self.layers
        if (window := self.window) is not None:
            full -= window.layers
            heads, size = window.kv_heads or self.kv_heads, window.head_size or self.head_size
            values += window.layers * min(tokens, window.tokens) * 2 * heads * size
        if (linear := self.linear) is not None:
            full -= linear.layers
            values += linear.layers * linear.value_heads * linear.key_head_size * linear.value_head_size
        return values + full * tokens * 2 * self.kv_heads * self.head_size


def _short(count: int) -> str:
    for size, letter in ((1_000_000_000_000, "T"), (1_000_000_000, "B")):
        if count >= size:
            return f"{count / size:.2g}{letter}" if count < 10 * size else f"{count / size:.0f}{letter}"
    return f"{count / 1e6:.0f}M"
