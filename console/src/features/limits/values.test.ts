import { describe, expect, it } from "vitest";
import { fullest, type Limit } from "@/features/limits/values";

const nothing = { requests_minute: 0, tokens_minute: 0, running: 0, daily_micros: 0, daily_held_micros: 0, monthly_micros: 0, monthly_held_micros: 0 };
const free = { requests_per_minute: null, tokens_per_minute: null, concurrency: null, daily_micros: null, monthly_micros: null };
const limit = (limits: Partial<Limit>, used: Partial<Limit["used"]>) => Object.assign({}, free, limits, { used: { ...nothing, ...used } }) as Limit;

describe("how full the fullest limit is", () => {
  it("is told by the one that is nearest to its end, with what is held", () => {
    expect(fullest(limit({ requests_per_minute: 10, daily_micros: 100 }, { requests_minute: 5, daily_micros: 60, daily_held_micros: 30 }))).toBe(0.9);
  });
  it("is nothing where there is no limit, whatever was used", () => {
    expect(fullest(limit({}, { requests_minute: 5000, monthly_micros: 9 }))).toBe(0);
  });
});
