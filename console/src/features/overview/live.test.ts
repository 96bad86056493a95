import { describe, expect, it } from "vitest";
import { buckets, withSecond, type Second } from "@/features/overview/live";

const second = (at: string, part: Partial<Second> = {}): Second => ({
  at: `2026-11-26T05:00:${at}Z`,
  calls: 0,
  errors: 0,
  refused: 0,
  input_tokens: 0,
  output_tokens: 0,
  running: 0,
  waiting: 0,
  first_token_ms_p50: null,
  ...part,
});

describe("the seconds of the live chart", () => {
  it("grow by the next one, and the same second again takes the place of the first", () => {
    const seconds = withSecond(withSecond([second("01")], second("02")), second("02", { calls: 3 }));
    expect(seconds.map(({ at, calls }) => [at.slice(17, 19), calls])).toEqual([
      ["01", 0],
      ["02", 3],
    ]);
  });
  it("are no more than five minutes", () => {
    const many = Array.from({ length: 400 }, (_, i) => second("00", { at: new Date(i * 1000).toISOString() }));
    expect(withSecond(many, second("00")).length).toBe(300);
  });
});

describe("the steps of the live chart", () => {
  it("are rates a second, and what was refused is neither answered nor an error", () => {
    const [step] = buckets([second("00", { calls: 10, errors: 2, refused: 2 }), second("01", { calls: 4 })]);
    expect(step).toMatchObject({ answered: 5, errors: 1, refused: 1 });
  });
  it("begin at the clock's own steps, so that they keep their place", () => {
    expect(buckets([second("04"), second("05"), second("09"), second("10")]).map(({ at }) => at.slice(17, 19))).toEqual(["00", "05", "10"]);
  });
  it("take the median of the medians, of those that there are", () => {
    const [step] = buckets([second("00", { first_token_ms_p50: 900 }), second("01"), second("02", { first_token_ms_p50: 100 }), second("03", { first_token_ms_p50: 200 })]);
    expect(step?.firstToken).toBe(200);
  });
});
