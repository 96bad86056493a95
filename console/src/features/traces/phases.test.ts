import { describe, expect, it } from "vitest";
import { endOf, phasesOf, ticksOf, wasRefused, type Attempt } from "@/features/traces/phases";

const attempt = (part: Partial<Attempt>): Attempt => ({ target: "a", started_ms: 0, first_token_ms: null, ended_ms: null, status: null, error_code: null, ...part });
const marks = { authorised: 1, reserved: 5, queued: 6, dispatched: 20, first_token: 80, last_token: 200, settled: 205 };

describe("the phases of a call", () => {
  it("are the way from the gate to the charge, each attempt on its own", () => {
    const attempts = [attempt({ started_ms: 20, ended_ms: 40, status: 503, error_code: "engine_overloaded" }), attempt({ started_ms: 41, first_token_ms: 80, ended_ms: 200, status: 200 })];
    expect(phasesOf({ marks, attempts }).map(({ name, from, to }) => [name, from, to])).toEqual([
      ["gate", 0, 1],
      ["reserve", 1, 5],
      ["queue", 6, 20],
      ["attempt", 20, 40],
      ["attempt", 41, 200],
      ["first", 20, 80],
      ["tokens", 80, 200],
      ["charge", 200, 205],
    ]);
  });
  it("end at the gate for a call that was refused there", () => {
    const trace = { marks: { authorised: 1 }, attempts: [], outcome: "failed" as const };
    expect(phasesOf(trace).map(({ name }) => name)).toEqual(["gate"]);
    expect(wasRefused(trace)).toBe(true);
  });
  it("have no attempt where the cache answered", () => {
    const trace = { marks: { authorised: 1, reserved: 5, first_token: 6, last_token: 7, settled: 12 }, attempts: [] };
    expect(phasesOf(trace).map(({ name }) => name)).toEqual(["gate", "reserve", "first", "tokens", "charge"]);
  });
  it("let an attempt that never ended run to the end", () => {
    const trace = { marks: { ...marks, settled: 300 }, attempts: [attempt({ started_ms: 20 })] };
    expect(phasesOf(trace).find(({ name }) => name === "attempt")?.to).toBe(300);
    expect(endOf(trace)).toBe(300);
  });
});

describe("the ticks of the axis", () => {
  it("are round, few, and not past the end", () => {
    expect(ticksOf(2318)).toEqual([0, 1000, 2000]);
    expect(ticksOf(100)).toEqual([0, 25, 50, 75, 100]);
    expect(ticksOf(0)).toEqual([0]);
  });
});
