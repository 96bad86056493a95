import type { Language } from "@/shared/words";

const locales: Record<Language, string> = { zh: "zh-CN", en: "en-GB" };
const MICROS = 1_000_000;

const cache = new Map<string, Intl.NumberFormat>();

function numberFormat(language: Language, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = language + JSON.stringify(options);
  const made = cache.get(key) ?? new Intl.NumberFormat(locales[language], options);
  cache.set(key, made);
  return made;
}

/** How many decimals an amount needs to show three significant digits: at least 2, at most 6. */
export function decimals(micros: number): number {
  const amount = Math.abs(micros) / MICROS;
  if (amount === 0 || amount >= 0.1) return 2;
  return Math.min(6, Math.max(2, 2 - Math.floor(Math.log10(amount))));
}

/** Money for reading: ¥12.40, ¥0.00312. A whole micro-unit is never rounded away to nothing. */
export function money(micros: number, currency: string, language: Language): string {
  const digits = decimals(micros);
  return currencyText(micros, currency, language, digits, digits);
}

/** Money to the micro-unit, for sums that must agree and stand below each other: ¥12.403105. */
export function exactMoney(micros: number, currency: string, language: Language): string {
  return currencyText(micros, currency, language, 6, 6);
}

/** The labels of an axis of money, all with the decimals that its top needs. */
export function moneyAxis(top: number, currency: string, language: Language): (micros: number) => string {
  const digits = decimals(top);
  return (micros) => currencyText(micros, currency, language, digits, digits);
}

function currencyText(micros: number, currency: string, language: Language, least: number, most: number): string {
  return numberFormat(language, {
    style: "currency",
    currency,
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: least,
    maximumFractionDigits: most,
  }).format(micros / MICROS);
}

/** Micro-units to a plain decimal for a form field, exact: 2500000 is "2.5". */
export function microsToDecimal(micros: number): string {
  const sign = micros < 0 ? "-" : "";
  const whole = Math.floor(Math.abs(micros) / MICROS);
  const rest = String(Math.abs(micros) % MICROS).padStart(6, "0").replace(/0+$/, "");
  return `${sign}${whole}${rest ? `.${rest}` : ""}`;
}

/** A decimal text to micro-units without passing through a float; null where it is no amount of at most 6 decimals. */
export function decimalToMicros(text: string): number | null {
  const match = /^(\d{1,9})(?:\.(\d{1,6}))?$/.exec(text.trim());
  if (!match) return null;
  return Number(match[1]) * MICROS + Number((match[2] ?? "").padEnd(6, "0"));
}

export function integer(value: number, language: Language): string {
  return numberFormat(language, { maximumFractionDigits: 0 }).format(value);
}

/** Chinese set by hand has a space between a figure and a character; Intl leaves none. */
const spaced = (text: string): string => text.replaceAll(/(\d)(?=[\u4E00-\u9FFF])/g, "$1 ");

/** A count for a headline: 1,284 stays, 12,840 becomes 12.8k or 1.28 万. */
export function compact(value: number, language: Language): string {
  if (Math.abs(value) < 10_000) return integer(value, language);
  return spaced(numberFormat(language, { notation: "compact", maximumSignificantDigits: 3 }).format(value));
}

/** Weights and tokens as the field writes them, in every language: 494M, 8.19B, 131K. */
export function short(value: number): string {
  const step = value < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(value) / 3));
  const scaled = Number((value / 1000 ** step).toPrecision(3));
  return scaled === 1000 && step < 4 ? short(scaled * 1000 ** step) : `${scaled}${["", "K", "M", "B", "T"][step]}`;
}

/** The length of a context as its makers say it: 131,072 is 128K, and a million is 1M. */
export function tokens(value: number): string {
  if (value % 1024 !== 0) return short(value);
  return value % 2 ** 20 === 0 ? `${value / 2 ** 20}M` : `${value / 1024}K`;
}

/** A rate: one decimal below 100, none above. */
export function rate(value: number, language: Language): string {
  return numberFormat(language, { maximumFractionDigits: value < 100 ? 1 : 0 }).format(value);
}

/** A small amount with two significant digits: 0.05, 2.5. */
export function fine(value: number, language: Language): string {
  return numberFormat(language, { maximumSignificantDigits: 2 }).format(value);
}

export function percent(share: number, language: Language): string {
  return numberFormat(language, { style: "percent", maximumFractionDigits: share < 0.1 ? 1 : 0 }).format(share);
}

export function bytes(value: number, language: Language): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const step = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  const digits = step >= 3 ? 2 : step === 2 && value < 1e7 ? 1 : 0;
  return `${numberFormat(language, { maximumFractionDigits: digits }).format(value / 1000 ** step)} ${units[step]}`;
}

export function duration(ms: number, language: Language): string {
  if (ms < 1000) return `${integer(ms, language)} ms`;
  if (ms < 60_000) return `${numberFormat(language, { maximumFractionDigits: ms < 10_000 ? 2 : 1 }).format(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  const [large, size, small, part] = seconds < 3600 ? ["min", 60, "s", 1] : seconds < 86_400 ? ["h", 3600, "min", 60] : ["d", 86_400, "h", 3600];
  return `${integer(Math.floor(seconds / size), language)} ${large} ${Math.floor((seconds % size) / part)} ${small}`;
}

/** A duration of which the parts of a millisecond matter: 0.4 ms, 5.8 ms, 112 ms. */
export function fineDuration(ms: number, language: Language): string {
  if (ms === 0 || ms >= 10) return duration(ms, language);
  return `${fine(ms, language)} ms`;
}

const dateTimes = {
  minute: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  second: { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  day: { month: "short", day: "numeric" },
  date: { year: "numeric", month: "short", day: "numeric" },
  full: {
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

export function time(at: string | number | Date, form: keyof typeof dateTimes, language: Language): string {
  return new Intl.DateTimeFormat(locales[language], dateTimes[form]).format(new Date(at));
}

/** A calendar day that the server names (UTC), never moved by the reader's zone. */
export function day(text: string, language: Language): string {
  return new Intl.DateTimeFormat(locales[language], { ...dateTimes.day, timeZone: "UTC" }).format(new Date(`${text}T00:00:00Z`));
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ["second", 60],
  ["minute", 60],
  ["hour", 24],
  ["day", 30],
  ["month", 12],
  ["year", Number.POSITIVE_INFINITY],
];

/** How long ago, or how far ahead: "3 minutes ago". */
export function ago(at: string | number | Date, now: number, language: Language): string {
  let value = (new Date(at).getTime() - now) / 1000;
  for (const [unit, size] of steps) {
    if (Math.abs(value) < size) {
      const format = new Intl.RelativeTimeFormat(locales[language], { numeric: "auto", style: "short" });
      return spaced(format.format(Math.trunc(value), unit));
    }
    value /= size;
  }
  return "";
}

/** A calculated number: four digits are enough to judge by, counts are whole, what is huge has a power of ten. */
export function calculated(value: number, language: Language): string {
  if (Math.abs(value) >= 1e15) return value.toExponential(3).replace("e+", " × 10^");
  if (Number.isInteger(value)) return integer(value, language);
  return numberFormat(language, { maximumSignificantDigits: 4 }).format(value);
}

/** Money that is estimated, in units of the currency: ¥105,700, ¥0.775. */
export function estimate(amount: number, currency: string, language: Language): string {
  return numberFormat(language, { style: "currency", currency, currencyDisplay: "narrowSymbol", maximumSignificantDigits: 4 }).format(amount);
}
