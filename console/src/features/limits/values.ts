import type { Schemas } from "@/api/client";
import { decimalToMicros, microsToDecimal } from "@/shared/format";

export type Limit = Schemas["Limit"];

/** What is limited, in the order in which it is shown. */
export const measures = ["requests", "tokens", "concurrency", "daily", "monthly"] as const;
export type Measure = (typeof measures)[number];
export const isMoney = (measure: Measure): boolean => measure === "daily" || measure === "monthly";

export interface Use {
  measure: Measure;
  used: number;
  /** Money set aside for calls that run: it counts as used until they end. */
  held: number;
  limit: number | null;
}

export function usesOf(limit: Limit): Use[] {
  const { used } = limit;
  return [
    { measure: "requests", used: used.requests_minute, held: 0, limit: limit.requests_per_minute },
    { measure: "tokens", used: used.tokens_minute, held: 0, limit: limit.tokens_per_minute },
    { measure: "concurrency", used: used.running, held: 0, limit: limit.concurrency },
    { measure: "daily", used: used.daily_micros, held: used.daily_held_micros, limit: limit.daily_micros },
    { measure: "monthly", used: used.monthly_micros, held: used.monthly_held_micros, limit: limit.monthly_micros },
  ];
}

/** How much of the limit that is nearest to its end is gone; 0 where there is none. */
export function fullest(limit: Limit): number {
  return Math.max(...usesOf(limit).map(({ used, held, limit: most }) => (most === null ? 0 : (used + held) / Math.max(most, 1))));
}

export const levels = { near: 0.8, full: 1 } as const;

/** What the form holds; money stays a text, so that it stays exact. */
export interface LimitValues {
  requests: number | null;
  tokens: number | null;
  concurrency: number | null;
  daily: string;
  monthly: string;
}

const text = (micros: number | null): string => (micros === null ? "" : microsToDecimal(micros));
const micros = (typed: string): number | null => (typed.trim() ? decimalToMicros(typed) : null);

export const valuesOf = (limit: Limit): LimitValues => ({
  requests: limit.requests_per_minute,
  tokens: limit.tokens_per_minute,
  concurrency: limit.concurrency,
  daily: text(limit.daily_micros),
  monthly: text(limit.monthly_micros),
});

export const requestOf = (values: LimitValues): Schemas["LimitChange"] => ({
  requests_per_minute: values.requests ?? null,
  tokens_per_minute: values.tokens ?? null,
  concurrency: values.concurrency ?? null,
  daily_micros: micros(values.daily),
  monthly_micros: micros(values.monthly),
});
