import type { Schemas } from "@/api/client";

type RecentError = Schemas["RecentError"];

export interface Gathered {
  newest: RecentError;
  count: number;
}

/** Errors, newest first, the same code of the same model together in the place of its newest. */
export function gathered(errors: readonly RecentError[]): Gathered[] {
  const kinds = new Map<string, Gathered>();
  for (const error of errors) {
    const key = `${error.code} ${error.model}`;
    const known = kinds.get(key);
    if (known) known.count += 1;
    else kinds.set(key, { newest: error, count: 1 });
  }
  return [...kinds.values()];
}
