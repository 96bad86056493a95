import type { Figure } from "@/features/planner/queries";
import * as format from "@/shared/format";
import type { Language } from "@/shared/words";

export type Sheet = ReadonlyMap<string, Figure>;

export const sheetOf = (figures: readonly Figure[]): Sheet => new Map(figures.map((figure) => [figure.name, figure]));
export const valueIn = (sheet: Sheet, name: string): number | undefined => sheet.get(name)?.value;

const GIB = 2 ** 30;
export const gib = (bytes: number, language: Language): string => `${format.calculated(bytes / GIB, language)} GiB`;

/** What is written as a word, not as a symbol. */
const unitWords: Record<Language, Record<string, string>> = {
  en: { Mtoken: "million tokens" },
  zh: { year: "年", month: "月", day: "天", user: "用户", request: "请求", Mtoken: "百万 token" },
};
const counted: ReadonlySet<string> = new Set(["year", "day", "user", "request", "token"]);
const prefixes = ["", "K", "M", "G", "T", "P"];

/** A value with its unit as people read it: bytes in GiB, rates with a prefix, money with its sign, seconds in what suits. */
export function shown({ value, unit }: Pick<Figure, "value" | "unit">, language: Language): string {
  if (unit === "B" && value >= 2 ** 20) return gib(value, language);
  if (unit === "s") return value < 60 ? format.fineDuration(value * 1000, language) : `${format.calculated(value, language)} s`;
  const [first = "", ...others] = unit.split("/");
  const rest = others.map((part) => unitWords[language][part] ?? part);
  if (/^[A-Z]{3}$/.test(first)) return [format.estimate(value, first, language), ...rest].join(" / ");
  if (/^(B|FLOP)\/s$/.test(unit)) {
    const step = value < 1000 ? 0 : Math.min(prefixes.length - 1, Math.floor(Math.log10(value) / 3));
    return `${format.calculated(value / 1000 ** step, language)} ${prefixes[step] ?? ""}${unit}`;
  }
  const plural = language === "en" && value !== 1 && counted.has(first) ? "s" : "";
  const name = first === "1" ? "" : ` ${unitWords[language][first] ?? first}${plural}`;
  return [`${format.calculated(value, language)}${name}`, ...rest].join(" / ");
}

export interface Part {
  key: string;
  bytes: number;
}

/** What fills an accelerator that trains, in bytes. */
export const trainingParts = (sheet: Sheet): Part[] => parts(sheet, ["weights", "gradients", "optimizer", "activations", "logits"]);

/** What fills an accelerator that serves: the cache is that of all its calls at their longest. */
export function servingParts(sheet: Sheet): Part[] {
  const cache = (valueIn(sheet, "cache_sequence") ?? 0) * (valueIn(sheet, "batch") ?? 0);
  return [...parts(sheet, ["weights"]), { key: "cache", bytes: cache }, ...parts(sheet, ["overhead"])];
}

function parts(sheet: Sheet, names: readonly string[]): Part[] {
  return names.flatMap((key) => {
    const bytes = valueIn(sheet, key);
    return bytes === undefined ? [] : [{ key, bytes }];
  });
}

/** Even steps of a logarithm around a value, each rounded to two digits, the value itself in their middle. */
export function around(value: number, steps: number, factor: number, most = Number.POSITIVE_INFINITY): number[] {
  const found = Array.from({ length: 2 * steps + 1 }, (_, i) => (i === steps ? value : Number((value * factor ** (i - steps)).toPrecision(2))));
  return [...new Set(found.map((each) => Math.max(1, Math.round(each))))].filter((each) => each <= most).toSorted((a, b) => a - b);
}

/** Powers of two up to a bound, and the bound. */
export function doublings(most: number): number[] {
  const found = Array.from({ length: Math.floor(Math.log2(Math.max(1, most))) + 1 }, (_, i) => 2 ** i);
  return found.at(-1) === most ? found : [...found, most];
}

interface Priced {
  fixed: number;
  variable: number;
  most_million_tokens: number | null;
}

/** What a month of so many million tokens costs; null where the option cannot do as many. */
export function costAt({ fixed, variable, most_million_tokens: most }: Priced, million: number): number | null {
  return most !== null && million > most * (1 + 1e-9) ? null : fixed + variable * million;
}

/** Volumes that show where the order turns: around what is asked for, and each turn that lies there. */
export function volumes(asked: number, turns: readonly number[]): number[] {
  const [least, most] = [asked / 32, asked * 32];
  const even = Array.from({ length: 11 }, (_, i) => (i === 5 ? asked : Number((asked * 2 ** (i - 5)).toPrecision(3))));
  return [...new Set([...even, ...turns.filter((turn) => turn >= least && turn <= most)])].toSorted((a, b) => a - b);
}
