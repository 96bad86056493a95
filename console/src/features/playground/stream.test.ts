import { describe, expect, test } from "vitest";
import { cost, merge, speed } from "@/features/playground/delta";
import { EventReader } from "@/features/playground/stream";
import type { Answer } from "@/features/playground/thread";

describe("an event stream", () => {
  const text = 'data: {"a":1}\n\n: keep-alive\n\ndata: {"b":"你好"}\r\n\r\ndata: [DONE]\n\n';

  test.each([1, 2, 3, 7, 1000])("reads the same in pieces of %d characters", (size) => {
    const reader = new EventReader();
    const read: string[] = [];
    for (let at = 0; at < text.length; at += size) read.push(...reader.push(text.slice(at, at + size)));
    expect(read).toEqual(['{"a":1}', '{"b":"你好"}', "[DONE]"]);
  });

  test("half an event is kept for later", () => {
    expect(new EventReader().push("data: half")).toEqual([]);
  });
});

test("pieces of tool calls are joined by their index", () => {
  let so: ReturnType<typeof merge> = { content: "", toolCalls: [] };
  so = merge(so, { content: "", tools: [{ index: 0, id: "c1", function: { name: "get_weather", arguments: "" } }] });
  so = merge(so, { content: "", tools: [{ index: 0, function: { arguments: '{"city":' } }] });
  so = merge(so, { content: "", tools: [{ index: 0, function: { arguments: '"上海"}' } }, { index: 1, id: "c2", function: { name: "f" } }] });
  expect(so.toolCalls).toEqual([
    { id: "c1", name: "get_weather", arguments: '{"city":"上海"}' },
    { id: "c2", name: "f", arguments: "" },
  ]);
});

test("speed counts from the first token", () => {
  const answer = { firstTokenMs: 500, durationMs: 2500, chunks: 9, usage: { input: 1, cached: 0, output: 81 } } as Answer;
  expect(speed(answer)).toBe(40);
  expect(speed({ ...answer, usage: undefined })).toBe(4);
  expect(speed({ ...answer, firstTokenMs: undefined })).toBeUndefined();
});

test("a cost is the exact sum, rounded up once, as in the ledger", () => {
  const price = { input_micros: 500_000, cached_input_micros: 100_000, output_micros: 2_000_000 };
  expect(cost({ input: 42, cached: 16, output: 196 }, price)).toBe(407);
  expect(cost({ input: 1, cached: 0, output: 0 }, { ...price, input_micros: 1 })).toBe(1);
  expect(cost({ input: 0, cached: 0, output: 0 }, price)).toBe(0);
});
