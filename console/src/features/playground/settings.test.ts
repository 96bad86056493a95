import { expect, test } from "vitest";
import { chatRequest, freshSettings, parseSchema, parseTools, sendable, toolNames } from "@/features/playground/settings";

test("what is left at its default is left out", () => {
  expect(chatRequest("m", [], freshSettings)).toEqual({ model: "m", messages: [], stream: true, stream_options: { include_usage: true } });
});

test("zero is a value, not a default", () => {
  const body = chatRequest("m", [], { ...freshSettings, temperature: 0, seed: 0, stop: ["END"] });
  expect(body).toMatchObject({ temperature: 0, seed: 0, stop: ["END"] });
});

test("a schema and tools are sent only when switched on", () => {
  const body = chatRequest("m", [], { ...freshSettings, schemaOn: true, toolsOn: true, toolChoice: "get_weather" });
  expect(body["response_format"]).toMatchObject({ type: "json_schema", json_schema: { strict: true } });
  expect(body["tool_choice"]).toEqual({ type: "function", function: { name: "get_weather" } });
});

test("what cannot be read is named", () => {
  expect(parseSchema("{").ok).toBe(false);
  expect(parseSchema("[]")).toMatchObject({ ok: false, fault: "shape" });
  expect(parseTools("[]")).toMatchObject({ ok: false, fault: "shape" });
  expect(parseTools('[{"type":"function","function":{"name":"a b"}}]')).toMatchObject({ ok: false, detail: "[0].function.name" });
  expect(sendable({ ...freshSettings, toolsOn: true, tools: "nonsense" })).toBe(false);
  expect(sendable({ ...freshSettings, toolsOn: false, tools: "nonsense" })).toBe(true);
});

test("the tools' names are offered as choices", () => {
  expect(toolNames(freshSettings)).toEqual(["get_weather"]);
});
