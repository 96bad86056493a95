import { describe, expect, it } from "vitest";
import { preflight } from "@/features/batches/preflight";

const line = (part: object = {}) => JSON.stringify({ custom_id: "a", method: "POST", url: "/v1/chat/completions", body: { model: "chat" }, ...part });

describe("a file of requests, before it is sent", () => {
  it("tells how many there are, where they go, and which models they ask", () => {
    const text = `${line()}\n${line({ custom_id: "b", body: { model: "code" } })}\n\n`;
    expect(preflight(text)).toEqual({ requests: 2, endpoint: "/v1/chat/completions", models: ["chat", "code"], problems: [] });
  });
  it("tells each fault with its line", () => {
    const text = ["{", line(), line(), line({ custom_id: 7 }), line({ custom_id: "c", url: "/v1/embeddings" }), line({ custom_id: "d", body: {} }), line({ custom_id: "e", url: null }), "[]"].join("\n");
    expect(preflight(text).problems).toEqual([
      { line: 1, kind: "json" },
      { line: 3, kind: "twice" },
      { line: 4, kind: "id" },
      { line: 5, kind: "mixed" },
      { line: 6, kind: "body" },
      { line: 7, kind: "url" },
      { line: 8, kind: "json" },
    ]);
  });
});
