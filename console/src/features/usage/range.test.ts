import { describe, expect, test } from "vitest";
import { change, stackByModel, type UsageRow } from "@/features/usage/figures";
import { bounds, chosenRange, daysOf, presetRange, rangeBefore } from "@/features/usage/range";

const now = Date.parse("2026-03-05T10:00:00Z");

describe("ranges", () => {
  test("presets are whole calendar days in UTC", () => {
    expect(presetRange("d7", now)).toEqual({ from: "2026-02-27", to: "2026-03-05" });
    expect(presetRange("month", now)).toEqual({ from: "2026-03-01", to: "2026-03-05" });
    expect(presetRange("before", now)).toEqual({ from: "2026-02-01", to: "2026-02-28" });
    expect(presetRange("before", Date.parse("2026-01-15T00:00:00Z"))).toEqual({ from: "2025-12-01", to: "2025-12-31" });
  });

  test("the last day is counted to its end", () => {
    expect(bounds({ from: "2026-02-27", to: "2026-02-28" })).toEqual({ start: "2026-02-27T00:00:00Z", end: "2026-03-01T00:00:00Z" });
    expect(daysOf({ from: "2026-02-27", to: "2026-03-01" })).toEqual(["2026-02-27", "2026-02-28", "2026-03-01"]);
  });

  test("the time before ends the day before and is as long", () => {
    expect(rangeBefore({ from: "2026-03-01", to: "2026-03-07" })).toEqual({ from: "2026-02-22", to: "2026-02-28" });
  });

  test("a range that runs backwards or is half is not taken", () => {
    expect(chosenRange({ from: "2026-03-05", to: "2026-03-01" }, now)).toEqual(presetRange("d30", now));
    expect(chosenRange({ from: "2026-03-05", range: "d7" }, now)).toEqual(presetRange("d7", now));
  });
});

const row = (day: string, model: string, cost: number): UsageRow => ({
  day,
  model,
  key_id: null,
  member_id: null,
  calls: 1,
  failed: 0,
  input_tokens: 10,
  cached_input_tokens: 0,
  output_tokens: 5,
  seconds: 0,
  characters: 0,
  images: 0,
  cost_micros: cost,
});

describe("the chart", () => {
  const days = ["2026-03-01", "2026-03-02"];

  test("days without usage are zero, and the dearest model comes first", () => {
    const series = stackByModel([row("2026-03-02", "b", 9), row("2026-03-01", "a", 2)], days, "cost", "others");
    expect(series.map(({ name, values }) => [name, values])).toEqual([
      ["b", [0, 9]],
      ["a", [2, 0]],
    ]);
  });

  test("many models end in one rest, and nothing of the sum is lost", () => {
    const rows = Array.from({ length: 9 }, (_, i) => row("2026-03-01", `m${i}`, i + 1));
    const series = stackByModel(rows, days, "cost", "others");
    expect(series.at(-1)?.name).toBe("others");
    expect(series.length).toBeLessThanOrEqual(5);
    expect(series.flatMap(({ values }) => values).reduce<number>((a, b) => a + (b ?? 0), 0)).toBe(45);
  });

  test("a change needs something to compare with", () => {
    expect(change(15, 10)).toBe(0.5);
    expect(change(15, 0)).toBeUndefined();
  });
});
