"""A streamed answer as the whole that its caller read: what is said over several chunks is recognised only then."""

from typing import Any, cast

import msgspec

_Fields = dict[str, Any]


def assembled(raw: bytes) -> bytes:
    """The whole answer of `raw`, a JSON array of chunks in OpenAI's form; anything else as it is."""
    if not raw.startswith(b"["):
        return raw
    try:
        chunks = msgspec.json.decode(raw, type=list[_Fields])
    except msgspec.MsgspecError:
        return raw
    whole: _Fields = {}
    choices: dict[int, _Fields] = {}
    for chunk in chunks:
        whole |= {name: value for name, value in chunk.items() if name != "choices" and value is not None}
        for choice in _dicts(chunk.get("choices")):
            index = choice.get("index") or 0
            _add(choices.setdefault(index, {"index": index}), choice)
    whole["choices"] = [choices[index] for index in sorted(choices)]
    return msgspec.json.encode(whole)


def _add(whole: _Fields, choice: _Fields) -> None:
    if choice.get("finish_reason") is not None:
        whole["finish_reason"] = choice["finish_reason"]
    if isinstance(choice.get("text"), str):
        whole["text"] = whole.get("text", "") + choice["text"]
    delta = choice.get("delta")
    if isinstance(delta, dict):
        _grow(whole.setdefault("message", {}), cast("_Fields", delta))


def _grow(whole: _Fields, delta: _Fields) -> None:
    """Texts grow, calls of tools grow by their index, all else is what was said last."""
    for name, value in delta.items():
        if name == "tool_calls":
            calls: list[_Fields] = whole.setdefault(name, [])
            for call in _dicts(value):
                index = call.get("index") or 0
                found = next((each for each in calls if each.get("index") == index), None)
                if found is None:
                    calls.append(found := {"index": index})
                _grow(found, {key: part for key, part in call.items() if key != "index"})
        elif name in ("role", "id", "type", "name"):
            whole[name] = value or whole.get(name)
        elif isinstance(value, str):
            before = whole.get(name)
            whole[name] = before + value if isinstance(before, str) else value
        elif isinstance(value, dict):
            _grow(whole.setdefault(name, {}), cast("_Fields", value))
        elif value is not None:
            whole[name] = value


def _dicts(value: Any) -> list[_Fields]:
    found = cast("list[Any]", value) if isinstance(value, list) else []
    return [each for each in found if isinstance(each, dict)]
