"""What an engine's refusal means to the caller: one of our problems, with the engine's words made safe to show."""

import re
from collections.abc import Callable
from math import ceil
from typing import Any, Final

import msgspec
from msgspec import Struct

from jixi.core.errors import JixiError, Language, problem
from jixi.models.engines import EngineConnectionError
from jixi.models.gateway._requests import Request

_UNSAFE: Final = re.compile(
    r"https?://\S+|unix:\S+"
    r"|(?<![\w.])(?:~|\.{1,2})?(?:/[\w.@+-]+){2,}/?"
    r"|[A-Za-z]:\\\S+"
    r"|\b0x[0-9A-Fa-f]{4,}\b"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"
    r"|\blocalhost(?::\d+)?\b"
)
_TRACE: Final = re.compile(r"Traceback \(most recent call last\).*|\bFile \"[^\"]*\", line \d+.*", re.DOTALL)
_CONTEXT: Final = re.compile(r"context (?:size|length|window)|maximum context|exceed_context", re.IGNORECASE)
_NEEDED, _MOST = r"(?P<needed>\d[\d,]{0,11})", r"(?P<most>\d[\d,]{0,11})"
_SIZES: Final = tuple(
    re.compile(words, re.IGNORECASE)
    for words in (
        rf"maximum context length is {_MOST} tokens\W+However, you[\w ]{{1,30}} {_NEEDED} (?:input )?tokens",
        rf"prompt is too long: {_NEEDED} tokens > {_MOST}\b",
        rf"input \({_NEEDED} tokens\) is longer than the model's context length \({_MOST} tokens\)",
        rf"has {_NEEDED} tokens, the context is {_MOST}\b",
    )
)
"""The words in which engines and vendors say how long a request is and how long it may be: any other number in them may
stand for anything.
"""
_LONGEST: Final = 300


class _Refusal(Struct):
    message: str = ""
    type: str | None = None
    code: str | int | None = None
    param: Any = None
    n_prompt_tokens: int | None = None
    n_ctx: int | None = None


class _Body(Struct):
    error: _Refusal | str = ""


_BODY: Final = msgspec.json.Decoder(_Body)
_REFUSAL: Final = msgspec.json.Decoder[_Refusal | str](_Refusal | str)  # pyright: ignore[reportArgumentType]


def refused(
    request: Request, context: int, status: int, body: bytes, retry_after: float | None = None
) -> JixiError:
    """The problem behind an answer of `status` with `body`, which asks to come back after so many seconds."""
    model, refusal = request.model, _read(body)
    if 400 <= status < 500 and _is_context(refusal):
        return _too_long(request, context, refusal)
    if status in (429, 503):
        seconds = 5 if retry_after is None else ceil(min(60, retry_after))
        state = "loading or overloaded"
        return problem("model_unavailable", model=model, state=state, retry_after=max(1, seconds))
    if 400 <= status < 500 and status not in (401, 403, 407):
        # A field is named only where the caller sent it: the engine may have been asked for others in its place.
        sent = isinstance(refusal.param, str) and request.has(refusal.param)
        param = refusal.param if sent else None
        reason = clean(refusal.message) or "the engine refused it"
        return problem("invalid_value", reason=reason, param=param)
    if status == 501:
        return problem("operation_not_supported", model=model, kind="this kind of call")
    return broken(model, f"it answered with status {status}")


def failed_midway(request: Request, context: int, error: bytes) -> JixiError:
    """The problem behind an error that an engine sent inside a stream."""
    refusal = _refusal(error)
    if _is_context(refusal):
        return _too_long(request, context, refusal)
    return broken(request.model, "it reported an error")


def broken(model: str, reason: str) -> JixiError:
    return problem("engine_error", model=model, reason=reason)


def cut(model: str, error: EngineConnectionError) -> JixiError:
    """The problem behind an answer that began and did not come to its end."""
    reason = "its answer is too large" if error.too_large else "its answer was cut"
    return problem("engine_error", model=model, reason=reason, too_large=error.too_large)


def untellable(model: str) -> JixiError:
    """An answer that is good, but not in the form that its caller asked for."""
    return broken(model, "its answer cannot be told in this form")


def judge(tell: Callable[[bytes], object], answer: bytes, model: str) -> None:
    """Have `answer` told to its caller; raises `engine_error` where that cannot be."""
    try:
        tell(answer)
    except (ValueError, RecursionError) as error:
        raise untellable(model) from error


def clean(message: str) -> str:
    """An engine's words without paths, addresses, traces and control characters, and not too many of them."""
    text = _UNSAFE.sub("…", _TRACE.sub("", message))
    text = "".join(letter if letter.isprintable() else " " for letter in text[: 2 * _LONGEST])
    text = " ".join(text.split()).rstrip(" .")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def openai_error(error: JixiError, language: Language = "en") -> dict[str, Any]:
    """A problem in the form that OpenAI's clients read."""
    return {
        "error": {
            "message": f"{error.message(language)} {error.remedy(language)}"
            if language == "en"
            else error.message(language) + error.remedy(language),
            "type": error.problem.openai_type,
            "param": error.param,
            "code": error.code,
        }
    }


def _read(body: bytes) -> _Refusal:
    try:
        error = _BODY.decode(body).error
    except (msgspec.DecodeError, RecursionError):
        return _Refusal()
    return _Refusal(message=error) if isinstance(error, str) else error


def _refusal(error: bytes) -> _Refusal:
    try:
        value = _REFUSAL.decode(error)
    except (msgspec.DecodeError, RecursionError):
        return _Refusal()
    return _Refusal(message=value) if isinstance(value, str) else value


def _is_context(refusal: _Refusal) -> bool:
    return refusal.code == "context_length_exceeded" or any(
        _CONTEXT.search(text) for text in (refusal.type or "", refusal.message)
    )


def _too_long(request: Request, context: int, refusal: _Refusal) -> JixiError:
    """Told with the engine's own numbers where it gives both; else with the context that we know of, and with no more
    than that of what is needed.
    """
    needed = f"> {context}"
    if refusal.n_prompt_tokens and refusal.n_ctx:
        needed, context = str(refusal.n_prompt_tokens), refusal.n_ctx
    elif said := next((found for words in _SIZES if (found := words.search(refusal.message))), None):
        needed, context = said["needed"].replace(",", ""), int(said["most"].replace(",", ""))
    return problem(
        "context_length_exceeded",
        model=request.model,
        context=context,
        needed=needed,
        param=request.content_field,
    )
