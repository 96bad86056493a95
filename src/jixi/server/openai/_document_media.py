"""The answers of classes, transcripts and images in the OpenAPI document."""

from typing import Any, Final

_COUNT: Final = {"type": "integer", "minimum": 0}
_TEXT: Final = {"type": "string"}
_NUMBER: Final = {"type": "number"}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


def _list(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


SOUND_AND_IMAGES: Final[dict[str, Any]] = {
    "Classes": _object(
        ["object", "data", "model", "usage"],
        object={"const": "list"},
        model=_TEXT,
        data=_list(
            _object(
                ["index", "label", "probs", "num_classes"],
                index=_COUNT,
                label=_TEXT,
                probs=_list(_NUMBER),
                num_classes=_COUNT,
            )
        ),
        usage={"$ref": "#/components/schemas/OpenAIUsage"},
    ),
    "Transcript": {
        "description": "With `verbose_json` also language, duration, and times of segments or words.",
        **_object(
            ["text", "usage"],
            text=_TEXT,
            language=_TEXT,
            duration=_NUMBER,
            segments=_list(_object(["start", "end", "text"], start=_NUMBER, end=_NUMBER, text=_TEXT)),
            words=_list(_object(["word", "start", "end"], word=_TEXT, start=_NUMBER, end=_NUMBER)),
            usage=_object(["type", "seconds"], type={"const": "duration"}, seconds=_COUNT),
        ),
    },
    "Images": _object(
        ["created", "data"],
        created=_COUNT,
        data=_list(_object(["b64_json"], b64_json=_TEXT)),
    ),
}
