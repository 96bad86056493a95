import { describe, expect, it } from "vitest";
import { holding, MOST_LINES, withLines } from "@/features/deployments/lines";

describe("an engine's log", () => {
  it("goes on with what comes", () => {
    expect(withLines(["a"], ["b", "c"])).toEqual(["a", "b", "c"]);
    expect(withLines([], ["b"])).toEqual(["b"]);
  });
  it("replaces a line that was not finished", () => {
    expect(withLines(["a", "loading 1"], ["loading 12", "done"])).toEqual(["a", "loading 12", "done"]);
    expect(withLines(["tick"], ["tick"])).toEqual(["tick", "tick"]);
  });
  it("keeps the newest", () => {
    const many = Array.from({ length: MOST_LINES }, (_, i) => `${i}`);
    expect(withLines(many, ["new"])).toHaveLength(MOST_LINES);
    expect(withLines(many, ["new"]).at(-1)).toBe("new");
  });
  it("is filtered without regard to case", () => {
    expect(holding(["Error: x", "fine"], "error")).toEqual(["Error: x"]);
    expect(holding(["a", "b"], " ")).toEqual(["a", "b"]);
  });
});
