import type { Schemas } from "@/api/client";
import { decimalToMicros, microsToDecimal } from "@/shared/format";
import { kinds } from "@/shared/kind-words";

export type Key = Schemas["Key"];
export type Scope = Key["scopes"][number];
export const scopes: readonly Scope[] = [...kinds, "batches", "admin"];

export type Expiry = "never" | "d7" | "d30" | "d90" | "d365" | "date";
export const expiries: readonly Expiry[] = ["never", "d7", "d30", "d90", "d365", "date"];

/** What the form holds; money stays a text, so that it stays exact. */
export interface KeyValues {
  name: string;
  scopes: Scope[];
  models: string[];
  expiry: Expiry;
  /** YYYY-MM-DD, where `expiry` is "date". */
  lastDay: string;
  budget: string;
}

export const freshKey: KeyValues = {
  name: "",
  scopes: [...kinds, "batches"],
  models: [],
  expiry: "never",
  lastDay: "",
  budget: "",
};

const two = (value: number): string => String(value).padStart(2, "0");
const localDay = (at: Date): string => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;

export function valuesOf(key: Key): KeyValues {
  return {
    name: key.name,
    scopes: [...key.scopes],
    models: [...(key.models ?? [])],
    expiry: key.expires_at ? "date" : "never",
    lastDay: key.expires_at ? localDay(new Date(key.expires_at)) : "",
    budget: key.monthly_limit_micros === null ? "" : microsToDecimal(key.monthly_limit_micros),
  };
}

/** The moment a key ends: so many days from now, or the end of the last day where the reader is. */
export function expiresAt({ expiry, lastDay }: Pick<KeyValues, "expiry" | "lastDay">, now: number): string | null {
  if (expiry === "never") return null;
  if (expiry === "date") return new Date(`${lastDay}T23:59:59`).toISOString();
  return new Date(now + Number(expiry.slice(1)) * 86_400_000).toISOString();
}

export function requestOf(values: KeyValues, now: number): Schemas["KeyRequest"] {
  return {
    name: values.name.trim(),
    scopes: values.scopes,
    models: values.models.length ? values.models : null,
    expires_at: expiresAt(values, now),
    monthly_limit_micros: values.budget.trim() ? decimalToMicros(values.budget) : null,
  };
}
