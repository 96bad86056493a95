import type { Schemas } from "@/api/client";
import type { Series } from "@/shared/chart";
import { tones } from "@/shared/tones";

export type History = Schemas["NodeHistory"];
type Place = Schemas["NodePlace"];
type Point = Schemas["NodePoint"];

/** Seconds to look back. */
export const ranges = { h1: 3_600, h6: 21_600, d1: 86_400, d7: 604_800, d14: 1_209_600 } as const;
export type Range = keyof typeof ranges;

export const measures = ["load", "memory", "power", "energy"] as const;
export type Measure = (typeof measures)[number];

export const MEMORY = "memory";
/** More accelerators than these are drawn as one. */
const FEW = 4;

const picks: Record<Measure, (point: Point) => number | null> = {
  load: ({ utilisation }) => utilisation,
  memory: ({ used_bytes }) => used_bytes,
  power: ({ power_w }) => power_w,
  energy: ({ energy }) => energy.kwh,
};

/** The beginnings of the steps, the last one that is known last. */
export function slots({ since, step_s, places }: History): number[] {
  const first = Date.parse(since);
  const last = Math.max(first - 1, ...places.flatMap(({ points }) => points.map(({ at }) => Date.parse(at))));
  return Array.from({ length: Math.floor((last - first) / (step_s * 1000)) + 1 }, (_, i) => first + i * step_s * 1000);
}

/** A place's value at each step; null where there is no sample or nobody said. */
function along(place: Place, at: readonly number[], measure: Measure): (number | null)[] {
  const known = new Map(place.points.map((point) => [Date.parse(point.at), picks[measure](point)]));
  return at.map((step) => known.get(step) ?? null);
}

/** Together: loads on average, all else as a sum; null where one of them is not known. */
function together(all: readonly (readonly (number | null)[])[], measure: Measure): (number | null)[] {
  return (all[0] ?? []).map((_, i) => {
    const here = all.map((values) => values[i] ?? null);
    if (here.some((value) => value === null)) return null;
    const sum = here.reduce<number>((total, value) => total + (value ?? 0), 0);
    return measure === "load" ? sum / here.length : sum;
  });
}

/** The node itself and its accelerators, or all of them as one; those of which nothing is known are left out. */
export function seriesOf(history: History, measure: Measure, names: { self: string; accelerators: string }): Series[] {
  const at = slots(history);
  const cards = history.places.filter(({ id }) => id !== MEMORY);
  const lines = history.places.filter(({ id }) => id === MEMORY).map((place) => ({ name: names.self, values: along(place, at, measure) }));
  const each = cards.map((place) => ({ name: place.id, values: along(place, at, measure) }));
  const merged = { name: names.accelerators, values: together(each.map(({ values }) => values), measure) };
  return [...lines, ...(each.length > FEW ? [merged] : each)]
    .filter(({ values }) => values.some((value) => value !== null))
    .map(({ name, values }, i) => ({ name, values, tone: tones[i % tones.length] ?? "ink" }));
}

export interface Bar {
  from: number;
  to: number;
  stay: Schemas["NodeStay"];
}

/** What ran where: a line for each deployment on each place, with its stays as shares of the time that is shown. */
export function barsOf(history: History): { deployment: string; place: string; bars: Bar[] }[] {
  const since = Date.parse(history.since);
  const whole = Date.parse(history.until) - since;
  const lines = new Map<string, { deployment: string; place: string; bars: Bar[] }>();
  for (const stay of history.stays) {
    const key = `${stay.deployment} ${stay.place}`;
    const line = lines.get(key) ?? { deployment: stay.deployment, place: stay.place, bars: [] };
    line.bars.push({ from: (Date.parse(stay.began_at) - since) / whole, to: (Date.parse(stay.ended_at) - since) / whole, stay });
    lines.set(key, line);
  }
  return [...lines.values()];
}
