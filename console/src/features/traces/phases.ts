import type { Schemas } from "@/api/client";

export type Trace = Schemas["Trace"];
export type Attempt = Trace["attempts"][number];
export type PhaseName = "gate" | "reserve" | "queue" | "attempt" | "first" | "tokens" | "charge";

/** One bar of the timeline. Times are milliseconds since the call began. */
export interface Phase {
  name: PhaseName;
  from: number;
  to: number;
  attempt?: Attempt;
  /** Counts from 1, where the phase is an attempt. */
  number?: number;
}

/** When the last thing happened that is known of. */
export function endOf(trace: Pick<Trace, "marks" | "attempts">): number {
  const ends = trace.attempts.flatMap(({ started_ms, ended_ms }) => [started_ms, ended_ms ?? 0]);
  return Math.max(0, ...Object.values(trace.marks), ...ends);
}

/** The way of a call in the order it was gone. A place that was not reached has no bar. */
export function phasesOf(trace: Pick<Trace, "marks" | "attempts">): Phase[] {
  const marks: Partial<Record<string, number>> = trace.marks;
  const { authorised, reserved, queued, dispatched, first_token, last_token, settled } = marks;
  const phases: Phase[] = [];
  const add = (name: PhaseName, from: number | undefined, to: number | undefined) => {
    if (from !== undefined && to !== undefined && to >= from) phases.push({ name, from, to });
  };
  add("gate", 0, authorised);
  add("reserve", authorised, reserved);
  add("queue", queued, dispatched);
  trace.attempts.forEach((attempt, i) => {
    phases.push({ name: "attempt", from: attempt.started_ms, to: attempt.ended_ms ?? endOf(trace), attempt, number: i + 1 });
  });
  const handed = trace.attempts.length ? dispatched : reserved;
  add("first", handed, first_token);
  add("tokens", first_token, last_token);
  const answered = last_token ?? trace.attempts.at(-1)?.ended_ms ?? dispatched ?? reserved;
  add("charge", answered, settled);
  return phases;
}

/** Round numbers for the axis: at most five, none past the end. */
export function ticksOf(end: number): number[] {
  if (end <= 0) return [0];
  const rough = end / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((part) => part * power).find((each) => each >= rough) ?? rough;
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step);
}

/** Whether the call ended before a model was asked, and not from the cache. */
export const wasRefused = (trace: Pick<Trace, "outcome" | "marks">): boolean => trace.outcome === "failed" && !("reserved" in trace.marks);
