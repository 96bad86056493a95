import { describe, expect, test } from "vitest";
import * as format from "@/shared/format";

describe("money", () => {
  test.each([
    [0, "¥0.00"],
    [12_400_000, "¥12.40"],
    [1_234_567_890_000, "¥1,234,567.89"],
    [3_120, "¥0.00312"],
    [45_678, "¥0.0457"],
    [1, "¥0.000001"],
    [100_000, "¥0.10"],
  ])("%d micro-units read as %s", (micros, text) => {
    expect(format.money(micros, "CNY", "zh")).toBe(text);
  });

  test("an exact sum keeps every micro-unit", () => {
    expect(format.exactMoney(12_403_105, "CNY", "en")).toBe("¥12.403105");
    expect(format.exactMoney(2_000_000, "CNY", "en")).toBe("¥2.000000");
  });

  test("a field's text goes to micro-units and back without a float between", () => {
    for (const micros of [0, 1, 10, 999_999, 1_000_000, 2_500_000, 123_456_789_012]) {
      expect(format.decimalToMicros(format.microsToDecimal(micros))).toBe(micros);
    }
  });

  test.each(["", "-1", "1.2345678", "1,5", "abc", ".5", "1e3"])("%j is no amount", (text) => {
    expect(format.decimalToMicros(text)).toBeNull();
  });
});

describe("numbers", () => {
  test("counts stay whole until they are long", () => {
    expect(format.compact(9_999, "en")).toBe("9,999");
    expect(format.compact(12_840, "en")).toBe("12.8k");
    expect(format.compact(12_840, "zh")).toBe("1.28 万");
  });

  test("weights and tokens read as the field writes them", () => {
    expect(format.short(512)).toBe("512");
    expect(format.short(8_190_735_360)).toBe("8.19B");
    expect(format.short(131_072)).toBe("131K");
    expect(format.short(999_999)).toBe("1M");
    expect(format.tokens(131_072)).toBe("128K");
    expect(format.tokens(512)).toBe("512");
    expect(format.tokens(200_000)).toBe("200K");
    expect(format.tokens(1_048_576)).toBe("1M");
    expect(format.short(1_600_000_000_000)).toBe("1.6T");
  });

  test("bytes take the unit that fits", () => {
    expect(format.bytes(491_400_032, "en")).toBe("491 MB");
    expect(format.bytes(1_510_000_000, "en")).toBe("1.51 GB");
    expect(format.bytes(0, "en")).toBe("0 B");
  });

  test("durations take the unit that fits", () => {
    expect(format.duration(840, "en")).toBe("840 ms");
    expect(format.duration(1_432, "en")).toBe("1.43 s");
    expect(format.duration(125_000, "en")).toBe("2 min 5 s");
    expect(format.duration(119_800, "en")).toBe("2 min 0 s");
    expect(format.duration(3_660_000, "en")).toBe("1 h 1 min");
    expect(format.duration(6176 * 60_000, "en")).toBe("4 d 6 h");
  });

  test("parts of a millisecond are told where they are most of it", () => {
    expect(format.fineDuration(0.42, "en")).toBe("0.42 ms");
    expect(format.fineDuration(5.83, "en")).toBe("5.8 ms");
    expect(format.fineDuration(112.4, "en")).toBe("112 ms");
    expect(format.fineDuration(0, "en")).toBe("0 ms");
  });
});

describe("times", () => {
  test("a day of the server stays that day", () => {
    expect(format.day("2026-11-01", "en")).toBe("1 Nov");
    expect(format.day("2026-11-01", "zh")).toBe("11月1日");
  });

  test("the past reads as a distance", () => {
    const now = Date.parse("2026-11-23T12:00:00Z");
    expect(format.ago("2026-11-23T11:57:00Z", now, "en")).toBe("3 min ago");
    expect(format.ago("2026-11-23T11:57:00Z", now, "zh")).toBe("3 分钟前");
  });
});
