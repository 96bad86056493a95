import type { Schemas } from "@/api/client";

export type Alias = Schemas["Alias"];
export type Route = Schemas["Route"];
export type Condition = Alias["fallbacks"][number]["on"][number];
export const conditions: readonly Condition[] = ["error", "timeout", "overloaded", "context_length"];

/** What the form holds: the canary in two fields, the rest as the server has it. */
export interface AliasValues {
  name: string;
  description: string;
  /** A new line has no model yet. */
  targets: { model?: string; weight: number | null }[];
  canary: string | null;
  percent: number;
  fallbacks: { model: string; on: Condition[] }[];
  cache_ttl_s: number | null;
  retries: number;
  hedge_after_ms: number | null;
  first_token_s: number | null;
  enabled: boolean;
}

export const freshAlias: AliasValues = {
  name: "",
  description: "",
  targets: [{ weight: 100 }],
  canary: null,
  percent: 5,
  fallbacks: [],
  cache_ttl_s: null,
  retries: 2,
  hedge_after_ms: null,
  first_token_s: null,
  enabled: true,
};

export function valuesOf(alias: Alias): AliasValues {
  const { name, description, targets, canary, fallbacks, cache_ttl_s, retries, hedge_after_ms, first_token_s, enabled } = alias;
  return {
    name,
    description,
    targets,
    canary: canary?.model ?? null,
    percent: canary?.percent ?? freshAlias.percent,
    fallbacks,
    cache_ttl_s,
    retries,
    hedge_after_ms,
    first_token_s,
    enabled,
  };
}

export function requestOf(values: AliasValues): Schemas["AliasRequest"] {
  const { name, description, targets, canary, percent, ...rest } = values;
  return {
    ...rest,
    name: name.trim(),
    description: description.trim(),
    targets: targets.map(({ model = "", weight }) => ({ model, weight: weight ?? 0 })),
    canary: canary ? { model: canary, percent } : null,
    hedge_after_ms: rest.hedge_after_ms ?? null,
    first_token_s: rest.first_token_s ?? null,
    cache_ttl_s: rest.cache_ttl_s ?? null,
  };
}

export interface Share {
  model: string;
  role: "target" | "canary";
  /** Of all calls, 0 to 1. */
  share: number;
}

type Weighted = { model?: string; weight?: number | null | undefined };

/** Where calls go while nothing fails: the canary first takes its part, the targets share the rest by weight. */
export function sharesOf(targets: readonly Weighted[], canary: { model: string; percent: number } | null): Share[] {
  const sum = weightSum(targets);
  const part = canary?.model ? canary.percent / 100 : 0;
  const shares = targets.map(({ model = "", weight }): Share => ({ model, role: "target", share: sum ? ((weight ?? 0) / sum) * (1 - part) : 0 }));
  return canary?.model ? [...shares, { model: canary.model, role: "canary", share: part }] : shares;
}

export const weightSum = (targets: readonly Weighted[]): number => targets.reduce((sum, { weight }) => sum + (weight ?? 0), 0);

/** The lines of a route in the picture: shares first, then what steps in. A direct name goes to itself. */
export interface Line {
  model: string;
  role: "target" | "canary" | "fallback";
  share: number | null;
}

export function linesOf(route: Route): Line[] {
  if (route.kind !== "alias") return [{ model: route.name, role: "target", share: null }];
  const canary = route.targets.find(({ role }) => role === "canary");
  const shares = sharesOf(
    route.targets.filter(({ role }) => role === "target"),
    canary ? { model: canary.model, percent: canary.weight } : null,
  );
  const fallbacks = route.targets.filter(({ role }) => role === "fallback");
  return [...shares, ...fallbacks.map(({ model }): Line => ({ model, role: "fallback", share: null }))];
}
