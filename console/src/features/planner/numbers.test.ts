import { describe, expect, it } from "vitest";
import type { NumberField } from "@/features/planner/fields";
import { read, stepOf, STEPS, valueAt, written } from "@/features/planner/numbers";

const field = (part: Partial<NumberField>): NumberField => ({ kind: "number", name: "users", unit: "count", least: 1, most: 1_000_000, ...part });

describe("numbers of the planner", () => {
  it("a slider reaches both ends, and stays there for what lies outside", () => {
    for (const each of [field({}), field({ even: true }), field({ least: 0, most: 0.99, even: true }), field({ least: 0.005, most: 1 })]) {
      expect(valueAt(each, 0)).toBe(each.least);
      expect(valueAt(each, STEPS)).toBe(each.most);
      expect(stepOf(each, each.most * 10)).toBe(STEPS);
      expect(stepOf(each, each.least - 1)).toBe(0);
    }
  });

  it("a value of the slider stands where the slider was, as near as two digits are", () => {
    for (const each of [field({}), field({ least: 0.05, most: 100 }), field({ even: true, least: 0.01, most: 1 })]) {
      for (let step = 0; step <= STEPS; step += 1) expect(Math.abs(stepOf(each, valueAt(each, step)) - step)).toBeLessThanOrEqual(2);
    }
  });

  it("what is written is read back as it was", () => {
    for (const value of [0, 0.1, 2.95, 80, 999, 1234, 10_000, 30_678, 131_072, 8_190_735_360, 1e12, 1.5e12]) expect(read(written(value))).toBe(value);
  });

  it("tokens are typed as people say them", () => {
    expect(["1T", "1.5t", "8B", "4 k", "1,500", "1e12", "-1"].map(read)).toEqual([1e12, 1.5e12, 8e9, 4000, 1500, 1e12, -1]);
    expect(["", "many", "1x", undefined].map(read)).toEqual([undefined, undefined, undefined, undefined]);
  });
});
