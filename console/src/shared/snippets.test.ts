import { expect, test } from "vitest";
import { firstCall, pythonLiteral, snippets } from "@/shared/snippets";

const chat = firstCall("qwen", ["chat"], "it's 你好");
const of = (id: string, call = chat) => snippets("http://127.0.0.1:8210", call).find((snippet) => snippet.id === id)?.text ?? "";

test("curl survives a quote in the text", () => {
  expect(of("curl")).toContain(String.raw`it'\''s 你好`);
  expect(of("curl")).toContain("http://127.0.0.1:8210/v1/chat/completions");
});

test("python uses python's own constants", () => {
  expect(pythonLiteral({ a: null, b: [true, false], c: "x" })).toBe('{"a": None, "b": [True, False], "c": "x"}');
});

test("fields that are left open do not appear", () => {
  const call = { path: "chat/completions", body: { model: "m", seed: undefined, messages: [] } } as const;
  for (const id of ["curl", "python", "javascript"]) expect(of(id, call)).not.toContain("seed");
});

test("a stream is read as a stream", () => {
  const call = { path: "chat/completions", body: { model: "m", messages: [], stream: true } } as const;
  expect(of("python", call)).toContain("for chunk in client.chat.completions.create(");
  expect(of("javascript", call)).toContain("for await (const chunk of stream)");
});

test("the first call fits the model's kind", () => {
  expect(firstCall("e5", ["embeddings"], "hi").path).toBe("embeddings");
  expect(firstCall("base", ["completions"], "hi").path).toBe("completions");
});
