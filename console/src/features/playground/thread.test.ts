import { expect, test } from "vitest";
import { append, choose, emptyThread, lineage, messages, path, versions, type Turn } from "@/features/playground/thread";

const turn = (id: string, parent: string | null, role: Turn["role"], content = id): Turn => ({ id, parent, role, content });
const talk = [turn("u1", null, "user"), turn("a1", "u1", "assistant"), turn("u2", "a1", "user"), turn("a2", "u2", "assistant")];
const thread = talk.reduce(append, emptyThread);

test("a conversation reads from first to last", () => {
  expect(path(thread).map(({ id }) => id)).toEqual(["u1", "a1", "u2", "a2"]);
});

test("a retry is a version beside the first answer, and both can be shown", () => {
  const retried = append(thread, turn("a1b", "u1", "assistant"));
  expect(path(retried).map(({ id }) => id)).toEqual(["u1", "a1b"]);
  const first = retried.turns["a1"] as Turn;
  expect(versions(retried, first).map(({ id }) => id)).toEqual(["a1", "a1b"]);
  expect(path(choose(retried, first)).map(({ id }) => id)).toEqual(["u1", "a1", "u2", "a2"]);
});

test("editing the first message makes another root", () => {
  const edited = append(thread, turn("u1b", null, "user"));
  expect(path(edited).map(({ id }) => id)).toEqual(["u1b"]);
  expect(lineage(edited, "a2").map(({ id }) => id)).toEqual(["u1", "a1", "u2", "a2"]);
});

test("what is sent has the system prompt first and leaves out answers that said nothing", () => {
  const line = [turn("u1", null, "user", "hi"), turn("a1", "u1", "assistant", ""), turn("u2", "a1", "user", "hello?")];
  expect(messages(line, "Be brief.")).toEqual([
    { role: "system", content: "Be brief." },
    { role: "user", content: "hi" },
    { role: "user", content: "hello?" },
  ]);
  expect(messages(line, "  ")).toHaveLength(2);
});

test("a tool's result goes back with the id of its call", () => {
  const call = { ...turn("a1", "u1", "assistant", ""), toolCalls: [{ id: "c1", name: "f", arguments: "{}" }] };
  const result = { ...turn("t1", "a1", "tool", "42"), toolCallId: "c1" };
  expect(messages([call, result], "")).toEqual([
    { role: "assistant", content: null, tool_calls: [{ id: "c1", type: "function", function: { name: "f", arguments: "{}" } }] },
    { role: "tool", content: "42", tool_call_id: "c1" },
  ]);
});
