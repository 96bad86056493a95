"""The `Vendor` protocol: what Jixi must know to speak with one family of outside APIs. One file per family."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from jixi.core.errors import Language
from jixi.core.principal import Scope
from jixi.core.usage import Usage

Need = Literal["credential", "base_url", "api_version"]
Fault = Literal[
    "credential", "quota", "rate", "overloaded", "unknown_model", "content", "context", "request", "failure"
]
"""What a refusal means: the first two and the unknown model are for the operator to mend, content, context and request
for the caller; a rate and an overload pass by themselves, a failure is the vendor's own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """One model of one provider, as a vendor needs it to build a request. `base_url` has no slash at its end.

    `plain`: it has refused to be told the form of a transcript or of images, so it is asked for its usual one.
    """

    base_url: str
    upstream: str
    credential: str | None = None
    api_version: str | None = None
    max_output: int | None = None
    plain: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """A request to the vendor; a GET where there is no body."""

    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """An answer that is no success, understood. `message` are the vendor's words."""

    fault: Fault
    message: str = ""
    param: str | None = None


class Translation(Protocol):
    """Turns one answer into OpenAI's form. Raises ValueError for what is none of the vendor's."""

    @property
    def used(self) -> Usage | None:
        """What the vendor has reported so far, where that is not in what was translated."""
        ...

    def whole(self, body: bytes) -> bytes:
        """An answer that is no stream."""
        ...

    def feed(self, block: bytes) -> bytes:
        """What a block of the stream says, at any boundary; server-sent events, as far as they are complete."""
        ...

    def end(self) -> bytes:
        """What is left when the stream has ended."""
        ...


class Words(NamedTuple):
    """A text for people in both languages; a name that is the same in both is said once."""

    en: str
    zh: str = ""

    def text(self, language: Language) -> str:
        return self.zh or self.en if language == "zh" else self.en


class Vendor(Protocol):
    """Facts and pure functions: no I/O, no state, any number of calls at once.

    `name` is the name of the entry point; `kinds` are the calls that some model of the vendor takes.
    """

    name: str
    title: Words
    default_base_url: str | None
    needs: frozenset[Need]
    kinds: frozenset[Scope]
    hint: Words

    def request(self, target: Target, path: str, body: bytes) -> Outgoing:
        """What to send for a request in OpenAI's form to `path` (/v1/chat/completions).

        The body is JSON, for transcriptions a form as `engines.write_form` makes it; times of what was said are needed
        where it asks for any. Speech is asked for as events; a `translation` may make them of the sound itself.
        The credential goes into a header and nowhere else. Raises `unsupported_parameter` and `invalid_value` where
        the vendor has no counterpart for a field.
        """
        ...

    def translation(self, path: str) -> Translation | None:
        """A translation for one answer; None where the vendor's own bytes are in OpenAI's form already."""
        ...

    def refusal(self, status: int, body: bytes) -> Refusal:
        """What an answer of `status`, 300 or more, means; any body, however garbled."""
        ...

    def probe(self, target: Target) -> Outgoing:
        """A request that shows cheaply whether address and credential are good: the list of models."""
        ...

    def listed(self, body: bytes) -> list[str]:
        """The names in an answer to `probe`; empty where it is none."""
        ...
