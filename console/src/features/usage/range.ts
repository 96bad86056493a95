/** Days are the ledger's: calendar days in UTC, written YYYY-MM-DD. Ranges include both ends. */
export type Preset = "d7" | "d30" | "month" | "before";
export const presets: readonly Preset[] = ["d7", "d30", "month", "before"];

export interface Range {
  from: string;
  to: string;
}

const DAY = 86_400_000;
const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
const startOf = (day: string): number => Date.parse(`${day}T00:00:00Z`);

export function presetRange(preset: Preset, now: number): Range {
  const today = dayOf(now);
  const at = new Date(now);
  if (preset === "d7") return { from: dayOf(now - 6 * DAY), to: today };
  if (preset === "d30") return { from: dayOf(now - 29 * DAY), to: today };
  if (preset === "month") return { from: `${today.slice(0, 8)}01`, to: today };
  return {
    from: dayOf(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - 1, 1)),
    to: dayOf(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 0)),
  };
}

/** A range of the address where it is a whole one, else the preset's. */
export function chosenRange(search: { range?: Preset | undefined; from?: string | undefined; to?: string | undefined }, now: number): Range {
  const { from, to } = search;
  if (from && to && !Number.isNaN(startOf(from)) && !Number.isNaN(startOf(to)) && from <= to) return { from, to };
  return presetRange(search.range ?? "d30", now);
}

export function daysOf({ from, to }: Range): string[] {
  const days: string[] = [];
  for (let at = startOf(from); at <= startOf(to) && days.length < 1000; at += DAY) days.push(dayOf(at));
  return days;
}

/** What the server is asked for: from the first moment, up to but not including the end. */
export function bounds({ from, to }: Range): { start: string; end: string } {
  return { start: `${from}T00:00:00Z`, end: `${dayOf(startOf(to) + DAY)}T00:00:00Z` };
}

/** The time before, as long as this one. */
export function rangeBefore(range: Range): Range {
  const length = startOf(range.to) - startOf(range.from) + DAY;
  return { from: dayOf(startOf(range.from) - length), to: dayOf(startOf(range.from) - DAY) };
}
