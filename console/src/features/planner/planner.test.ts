import { describe, expect, it } from "vitest";
import { comparisonBody, isWhole, nested, servingBody, trainingBody } from "@/features/planner/bodies";
import { around, costAt, doublings, servingParts, sheetOf, shown, volumes } from "@/features/planner/figures";
import { optionsIn, planIn } from "@/features/planner/names";
import { wrongFields, type Figure } from "@/features/planner/queries";
import { ProblemError } from "@/api/problem";

const figure = (name: string, value: number, unit: string): Figure => ({ name, label: name, value, unit, origin: "computed", formula: null, inputs: [], source: null, marked: false });

describe("the planner's requests", () => {
  it("names of the address become the parts of a body, and what is empty is left to the planner", () => {
    expect(nested({ model: "qwen3-8b", "site.pue": 1.2, "site.grid": "china", users: undefined, weights: "" })).toEqual({ model: "qwen3-8b", site: { pue: 1.2, grid: "china" } });
  });

  it("a tab asks for what it shows, whatever else the address says", () => {
    const asked = { model: "qwen3-8b", users: 9, accelerators: 4, tokens: 1e9, "layout.zero": "2", prompt_tokens: 100 };
    expect(servingBody(asked)).toEqual({ model: "qwen3-8b", users: 9, prompt_tokens: 100, hardware: { chip: "nvidia-h100-sxm-80gb" } });
    expect(servingBody({ ...asked, ask: "accelerators" })).toMatchObject({ accelerators: 4 });
    expect(servingBody({ ...asked, ask: "accelerators" })).not.toHaveProperty("users");
    expect(trainingBody(asked)).toEqual({ model: "qwen3-8b", tokens: 1e9, fleet: { accelerators: 64 }, layout: { zero: 2 }, hardware: { chip: "nvidia-h100-sxm-80gb" } });
  });

  it("an option says what its kind takes, and waits until that is whole", () => {
    const api = { kind: "api", name: "out", "hardware.chip": "l4", input_price: 1 };
    expect(isWhole(api)).toBe(false);
    expect(isWhole({ ...api, output_price: 3 })).toBe(true);
    expect(comparisonBody({ model: "m" }, [{ ...api, output_price: 3 }]).options).toEqual([{ kind: "api", name: "out", input_price: 1, output_price: 3 }]);
  });

  it("an address that was mistyped still opens", () => {
    expect(planIn({ model: "m", users: Number.NaN, tokens: true, "site.pue": 1.1, other: 1 })).toEqual({ model: "m", "site.pue": 1.1 });
    expect(optionsIn({ options: [{ kind: "api", name: 3, evil: {} }, 7, null] })).toEqual([{ kind: "api", name: 3 }]);
    expect(optionsIn({ options: "none" })).toBeUndefined();
  });

  it("a problem stands at the field that it names", () => {
    const wrong = new ProblemError({ status: 422, code: "planner_value_out_of_range", message: "too many", fields: [{ field: "users", message: "too many" }] });
    expect([...wrongFields(wrong)]).toEqual([["users", "too many"]]);
    expect(wrongFields(new ProblemError({ status: 404, code: "planner_chip_unknown", message: "no chip" })).get("chip")).toBe("no chip");
    expect(wrongFields(null).size).toBe(0);
  });
});

describe("the planner's figures", () => {
  it("are written with their unit", () => {
    const texts = [figure("a", 80 * 2 ** 30, "B"), figure("b", 0.0728, "s"), figure("c", 2154.975, "USD/month"), figure("d", 4.9e22, "FLOP"), figure("e", 256, "1")].map((each) => shown(each, "en"));
    expect(texts).toEqual(["80 GiB", "73 ms", "$2,155 / month", "4.900 × 10^22 FLOP", "256"]);
    const others = [figure("f", 1e11, "B/s"), figure("g", 4, "year"), figure("h", 0.05, "1/year"), figure("i", 2, "B"), figure("j", 989.4e12, "FLOP/s")];
    expect(others.map((each) => shown(each, "en"))).toEqual(["100 GB/s", "4 years", "0.05 / year", "2 B", "989.4 TFLOP/s"]);
    expect(others.map((each) => shown(each, "zh"))).toEqual(["100 GB/s", "4 年", "0.05 / 年", "2 B", "989.4 TFLOP/s"]);
  });

  it("the cache is that of all calls at once", () => {
    const sheet = sheetOf([figure("weights", 10, "B"), figure("cache_sequence", 3, "B"), figure("batch", 4, "1"), figure("overhead", 1, "B")]);
    expect(servingParts(sheet)).toEqual([
      { key: "weights", bytes: 10 },
      { key: "cache", bytes: 12 },
      { key: "overhead", bytes: 1 },
    ]);
  });

  it("series have what is asked for in them, rise, and repeat nothing", () => {
    for (const value of [1, 2, 7, 500, 123_456]) {
      for (const found of [around(value, 4, 3), doublings(value), volumes(value, [value * 3, value * 1000])]) {
        expect(found).toContain(value);
        expect(found).toEqual([...new Set(found)].toSorted((a, b) => a - b));
      }
    }
    expect(volumes(10, [30, 10_000])).toContain(30);
    expect(volumes(10, [30, 10_000])).not.toContain(10_000);
  });

  it("what an option cannot do has no cost", () => {
    expect(costAt({ fixed: 100, variable: 2, most_million_tokens: 50 }, 50)).toBe(200);
    expect(costAt({ fixed: 100, variable: 2, most_million_tokens: 50 }, 51)).toBeNull();
    expect(costAt({ fixed: 0, variable: 2, most_million_tokens: null }, 1e9)).toBe(2e9);
  });
});
