"""The wire of sound and images in OpenAI's form, as its reference tells it, and the refusals that are its own."""

import base64
from typing import Any

from tests.vendors.shapes import CREATED, Json, Refused, Shape

SAID = " The quick brown fox. 你好"
SECONDS = 2.4
SEGMENTS = [(0.0, 1.2, " The quick brown fox."), (1.2, SECONDS, " 你好")]
SOUND = bytes(range(256)) * 40
PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)


def answer(shape: Shape, path: str, body: Json) -> Json | bytes | Refused | None:
    """The answer to a call for sound or images; None where it is for something else."""
    upstream = str(body.get("model"))
    for own, make in (
        (shape.transcriptions, _transcript),
        (shape.speech, _speech),
        (shape.images, _images),
    ):
        if own is not None and path == own.replace("UPSTREAM", upstream):
            script = script_of(body)
            if script.startswith("fault "):
                return shape.errors[script.removeprefix("fault ")]
            return make(shape, body)
    return None


def script_of(body: Json) -> str:
    """What the text of the call asks of the vendor; a transcription has one in what it expects to hear."""
    return str(body.get("prompt") or body.get("input") or "")


def _transcript(shape: Shape, body: Json) -> Json | Refused:
    name, data = body["file"]
    if not data or "." not in name:
        return _refused("Unrecognized file format.", "file")
    wanted, times = body.get("response_format", "json"), body.get("timestamp_granularities[]", [])
    usage: Json = {"usage": {"type": "duration", "seconds": 3}} if shape.tells_seconds else {}
    if wanted == "json" and not times:
        return {"text": SAID.strip(), **usage}
    if shape.plain_formats or wanted != "verbose_json":
        message = f"response_format '{wanted}' is not compatible with model 'UPSTREAM'. Use 'json' or 'text' instead."
        return _refused(message, "response_format", "unsupported_value")
    segments = [
        {"id": at, "seek": 0, "start": start, "end": end, "text": text, "avg_logprob": -0.2}
        for at, (start, end, text) in enumerate(SEGMENTS)
    ]
    return {
        "task": "transcribe",
        "language": "english",
        "duration": None if script_of(body) == "no length" else SECONDS,
        "text": SAID,
        "segments": None if script_of(body) == "no times" else segments,
        **usage,
    }


def _speech(shape: Shape, body: Json) -> Json | bytes | Refused:
    if "stream_format" in body:
        return _refused("Unsupported parameter: 'stream_format'.", "stream_format", "unsupported_parameter")
    if not body.get("voice") or body.get("response_format") not in ("mp3", "opus", "wav", "pcm"):
        return _refused("Invalid value: 'response_format'.", "response_format", "invalid_value")
    return {"base_resp": {"status_code": 1004}} if body["input"] == "words" else SOUND


def _images(shape: Shape, body: Json) -> Json | Refused:
    if shape.plain_formats and "response_format" in body:
        return _refused("Unknown parameter: 'response_format'.", "response_format", "unknown_parameter")
    if "quality" in body:
        return _refused(f"Invalid value: '{body['quality']}'.", "quality", "invalid_value")
    asked = "url" if body["prompt"] == "addresses" else body.get("response_format")
    image: Json = {"b64_json": base64.b64encode(PNG).decode(), "revised_prompt": body["prompt"]}
    if asked == "url" or (asked is None and not shape.plain_formats):
        image = {"url": "https://images.example.com/1.png"}
    tokens: Any = {"input_tokens": 11, "output_tokens": 272, "total_tokens": 283}
    return {"created": CREATED, "data": [image] * body.get("n", 1), "usage": tokens}


def _refused(message: str, param: str, code: str | None = None) -> Refused:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return Refused(400, {"error": error})
