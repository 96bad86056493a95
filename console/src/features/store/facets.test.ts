import { describe, expect, it } from "vitest";
import { idsIn, idsOf, inOrder, isHere, sizeOf } from "@/features/store/facets";
import type { Model } from "@/features/store/queries";

const model = (id: string, facts: Partial<Model>): Model => ({ id, name: id, state: "available", deployed_as: [], released: null, ...facts }) as Model;

describe("the store's facets", () => {
  it("sort a model by all its weights", () => {
    expect(sizeOf({ total_parameters: 494_000_000 })).toBe("tiny");
    expect(sizeOf({ total_parameters: 2_000_000_000 })).toBe("tiny");
    expect(sizeOf({ total_parameters: 8_190_735_360 })).toBe("small");
    expect(sizeOf({ total_parameters: 671_000_000_000 })).toBe("large");
    expect(sizeOf({ total_parameters: null })).toBeNull();
  });
  it("know a deployed model from one that is merely here", () => {
    expect(isHere(model("a", { state: "downloaded", deployed_as: ["a"] }), "deployed")).toBe(true);
    expect(isHere(model("b", { state: "downloaded" }), "deployed")).toBe(false);
    expect(isHere(model("b", { state: "downloaded" }), "downloaded")).toBe(true);
  });
  it("put what is in use first, then what is here, then the newest", () => {
    const models = [
      model("old", { released: "2024-01-01" }),
      model("new", { released: "2026-01-01" }),
      model("here", { state: "downloaded" }),
      model("used", { state: "downloaded", deployed_as: ["x"] }),
    ];
    expect(inOrder(models).map(({ id }) => id)).toEqual(["used", "here", "new", "old"]);
    expect(inOrder(models, "Ne").map(({ id }) => id)[0]).toBe("new");
  });
  it("keep at most four different models in the address", () => {
    expect(idsIn("a,b,a,c,d,e")).toEqual(["a", "b", "c", "d"]);
    expect(idsIn(undefined)).toEqual([]);
    expect(idsOf([])).toBeUndefined();
    expect(idsOf(["a", "b"])).toBe("a,b");
  });
});
