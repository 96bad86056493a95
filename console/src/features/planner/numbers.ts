import type { NumberField } from "@/features/planner/fields";
import { short } from "@/shared/format";

/** A slider has this many steps. */
export const STEPS = 200;

/** Where on its slider a value stands; what lies outside stands at the end. */
export function stepOf({ least, most, even }: NumberField, value: number): number {
  const within = Math.min(most, Math.max(least, value));
  const share = even || least <= 0 ? (within - least) / (most - least) : Math.log(within / least) / Math.log(most / least);
  return Math.round(share * STEPS);
}

/** The value at a step, with two digits: sliders are for trying out, the field beside them for what is known. */
export function valueAt({ least, most, even, whole }: NumberField, step: number): number {
  const share = step / STEPS;
  const value = even || least <= 0 ? least + share * (most - least) : least * (most / least) ** share;
  const rounded = Number(value.toPrecision(2));
  return Math.min(most, Math.max(least, whole ? Math.round(rounded) : rounded));
}

const UNITS: Record<string, number> = { K: 1e3, M: 1e6, B: 1e9, G: 1e9, T: 1e12 };

/** "1.5T" and "1,500" as numbers; nothing of what is none. */
export function read(text: string | undefined): number | undefined {
  const found = /^(-?\d+(?:\.\d*)?(?:e[+-]?\d+)?)([KMBGT]?)$/i.exec((text ?? "").replaceAll(/[\s,，]/g, ""));
  return found ? Number((Number(found[1]) * (UNITS[(found[2] ?? "").toUpperCase()] ?? 1)).toPrecision(12)) : undefined;
}

/** As short as it can be without losing a digit: 1T, 128K, 1,234. */
export function written(value: number): string {
  if (Math.abs(value) >= 1e4) {
    const small = short(value);
    if (read(small) === value) return small;
  }
  const exact = Number.isInteger(value) || Number(value.toPrecision(6)) === value;
  return (exact ? value : Number(value.toPrecision(4))).toLocaleString("en-GB", { maximumSignificantDigits: 16 });
}
