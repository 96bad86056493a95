"""The wire of vendors in OpenAI's form, with the ways in which each is not quite like OpenAI."""

from typing import Any

from tests.vendors import media_wire
from tests.vendors.shapes import CREATED, Json, Refused, Shape, event

PIECES = ["你好", ", wor", "ld: ", "one ", "two", " three 🙂"]
TEXT = "".join(PIECES)
THOUGHT = ["Let me", " think"]
CALL_ID, TOOL, ARGUMENTS = "call_0_a1b2", "weather", '{"city": "杭州", "days": 2}'


def script_of(messages: list[Json]) -> str:
    """What the last message asks of the vendor."""
    content: Any = messages[-1].get("content") or ""
    if isinstance(content, list):
        content = " ".join(part.get("text", "") for part in content)
    return str(content)


class OpenAIWire:
    """One answer of a vendor."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self.script = ""

    def answer(self, path: str, body: Json) -> Json | list[bytes] | bytes | Refused:
        shape, upstream = self._shape, str(body.get("model"))
        if (media := media_wire.answer(shape, path, body)) is not None:
            self.script = media_wire.script_of(body)
            return media
        if path == (shape.embeddings or "").replace("UPSTREAM", upstream):
            return self._embeddings(body)
        if path == (shape.completions or "").replace("UPSTREAM", upstream):
            return self._completion(body)
        if path == shape.rerank:
            return self._scores(body)
        if path != shape.chat.replace("UPSTREAM", upstream):
            return shape.errors["unknown_model"]
        self.script = script_of(body["messages"])
        if unknown := sorted(shape.refuses & set(body)):
            message = f"Unsupported parameter: '{unknown[0]}' is not supported with this model."
            return Refused(400, {"error": {"message": message, "type": "invalid_request_error"}})
        if self.script.startswith("fault "):
            return shape.errors[self.script.removeprefix("fault ")]
        return self._stream(body) if body.get("stream") else self._whole(body)

    def _common(self, body: Json, kind: str) -> Json:
        return {
            "id": "chatcmpl-vendor-1",
            "object": kind,
            "created": CREATED,
            "model": f"{body['model']}-2026-10-01",
            **self._shape.extra,
        }

    def _whole(self, body: Json) -> Json:
        message: Json = {"role": "assistant", "content": TEXT}
        finish = "odd" if self.script == "odd" else "stop"
        if self.script == "reason" and self._shape.reasoning:
            message[self._shape.reasoning] = "".join(THOUGHT)
        if self._wants_tool(body):
            function = {"name": TOOL, "arguments": ARGUMENTS}
            message = {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": CALL_ID, "type": "function", "function": function}],
            }
            finish = "tool_calls"
        choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
        return {
            **self._common(body, "chat.completion"),
            "choices": [choice],
            "usage": self._shape.usage(),
        }

    def _wants_tool(self, body: Json) -> bool:
        return bool(body.get("tools")) and body["messages"][-1]["role"] == "user"

    def _deltas(self, body: Json) -> tuple[list[Json], str]:
        if self._wants_tool(body):
            first = {"id": CALL_ID, "index": 0, "type": "function"}
            head = {**first, "function": {"name": TOOL, "arguments": ""}}
            rest = [
                {"tool_calls": [{"index": 0, "function": {"arguments": ARGUMENTS[at : at + 5]}}]}
                for at in range(0, len(ARGUMENTS), 5)
            ]
            return [{"role": "assistant", "content": None, "tool_calls": [head]}, *rest], "tool_calls"
        thoughts: list[Json] = []
        if self.script == "reason" and self._shape.reasoning:
            thoughts = [{"content": None, self._shape.reasoning: piece} for piece in THOUGHT]
        return [
            {"role": "assistant", "content": ""},
            *thoughts,
            *({"content": piece} for piece in PIECES),
        ], "odd" if self.script == "odd" else "stop"

    def _stream(self, body: Json) -> list[bytes]:
        shape, common = self._shape, self._common(body, "chat.completion.chunk")
        deltas, finish = self._deltas(body)
        asked = bool((body.get("stream_options") or {}).get("include_usage"))
        null: Json = {"usage": None} if asked and shape.usage_place == "own" else {}
        chunks: list[Json] = [shape.first_chunk] if shape.first_chunk else []
        chunks += [
            {**common, "choices": [{"index": 0, "delta": delta, "finish_reason": None}], **null}
            for delta in deltas
        ]
        last: Json = {"index": 0, "delta": {}, "finish_reason": finish}
        if shape.usage_place == "choice":
            last["usage"] = shape.usage()
        end = {**common, "choices": [last], **null}
        if shape.usage_place == "last":
            end["usage"] = shape.usage()
        chunks.append(end)
        if shape.usage_place == "own" and asked:
            chunks.append({**common, "choices": [], "usage": shape.usage()})
        events = [event(chunk) for chunk in chunks]
        return [shape.keep_alive, events[0], shape.keep_alive, *events[1:], event("[DONE]")]

    def _embeddings(self, body: Json) -> Json:
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        data = [
            {"object": "embedding", "index": at, "embedding": [0.25, -0.5, float(len(text))]}
            for at, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": 5, "total_tokens": 5}
        return {"object": "list", "model": body["model"], "data": data, "usage": usage}

    def _scores(self, body: Json) -> Json:
        """As vLLM and Jina answer: best first, documents and all."""
        count = len(body["documents"])
        results = [
            {"index": at, "document": {"text": body["documents"][at]}, "relevance_score": (at + 1) / count}
            for at in reversed(range(count))
        ]
        usage = {"prompt_tokens": 7, "total_tokens": 7}
        return {"id": "rerank-1", "model": body["model"], "usage": usage, "results": results}

    def _completion(self, body: Json) -> Json:
        choice = {"index": 0, "text": TEXT, "finish_reason": "stop", "logprobs": None}
        return {
            **self._common(body, "text_completion"),
            "choices": [choice],
            "usage": self._shape.usage(),
        }
