import { describe, expect, it } from "vitest";
import { gathered } from "@/features/overview/gathered";

const error = (id: string, code: string, model: string) => ({ request_id: id, at: "2026-11-26T05:00:00Z", model, code, message: code, remedy: null });

describe("recent errors", () => {
  it("stand there once for a code and a model, counted, at the place of the newest", () => {
    const shown = gathered([error("4", "a", "m"), error("3", "b", "m"), error("2", "a", "m"), error("1", "a", "other")]);
    expect(shown.map(({ newest, count }) => [newest.request_id, count])).toEqual([
      ["4", 2],
      ["3", 1],
      ["1", 1],
    ]);
  });
});
