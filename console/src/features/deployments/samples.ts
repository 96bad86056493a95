/** What was seen of a deployment at a moment. */
export interface Sample {
  at: number;
  speed: number;
  inFlight: number;
  queued: number;
}

/** A step of the clock; nothing where nobody looked. */
export type Step = { [Key in keyof Sample]: Key extends "at" ? number : number | null };

interface Seen {
  tokens_per_second: number;
  in_flight: number;
  queued: number;
}

const STEP_MS = 2_000;
const KEPT_MS = 300_000;

/** The samples with one more; two within one step of the clock are one, and old ones fall off the end. */
export function sample(before: readonly Sample[], seen: Seen, now: number): Sample[] {
  const at = Math.floor(now / STEP_MS) * STEP_MS;
  const kept = before.filter((each) => each.at < at && each.at > at - KEPT_MS);
  return [...kept, { at, speed: seen.tokens_per_second, inFlight: seen.in_flight, queued: seen.queued }];
}

/** Every step of the last five minutes; where nobody looked there is nothing. */
export function filled(samples: readonly Sample[]): Step[] {
  const last = samples.at(-1)?.at;
  if (last === undefined) return [];
  const byTime = new Map(samples.map((each) => [each.at, each]));
  const steps = KEPT_MS / STEP_MS;
  return Array.from({ length: steps }, (_, i) => {
    const at = last - (steps - 1 - i) * STEP_MS;
    return byTime.get(at) ?? { at, speed: null, inFlight: null, queued: null };
  });
}
