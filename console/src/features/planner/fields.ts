import type { PlanName } from "@/features/planner/names";

export type Kind = "train" | "serve" | "compare";
export const kinds = ["train", "serve", "compare"] as const satisfies readonly Kind[];

export type Unit = "count" | "tokens" | "share" | "seconds" | "hours" | "watts" | "gib" | "gb_s" | "years" | "factor" | "grams" | "million" | "hourly" | "amount" | "kwh";

/** A number with the range that a slider covers; the field beside it takes what lies outside too. */
export interface NumberField {
  kind: "number";
  name: PlanName;
  unit: Unit;
  least: number;
  most: number;
  /** Steps of the slider are even; otherwise each is so many per cent of the value. */
  even?: boolean;
  whole?: boolean;
  /** The figure that says what counts while the field is empty, and what one of its units is in the field's. */
  figure?: string;
  per?: number;
  /** Left empty, nothing is asked of it; elsewhere the planner takes a value of its own. */
  free?: boolean;
}

export interface ChoiceField {
  kind: "choice";
  name: PlanName;
  choices: readonly string[];
  /** The figure whose source begins with what the planner takes by itself. */
  figure?: string;
}

export type Field = NumberField | ChoiceField;

export const weights = ["fp32", "bf16", "fp16", "fp8", "int8", "q8_0", "fp4", "int4", "q4_k_m"] as const;
export const grids = [
  "world", "china", "china_north", "china_northeast", "china_east", "china_central", "china_northwest", "china_south", "china_southwest",
  "united_states", "germany", "france", "norway", "finland", "ireland", "india", "australia",
] as const;
export const currencies = ["USD", "CNY", "EUR", "GBP", "JPY", "HKD", "SGD"] as const;

const GIB = 2 ** -30;
const share = (name: PlanName, figure: string, least = 0.01, most = 1): NumberField => ({ kind: "number", name, figure, unit: "share", least, most, even: true });
const number = (name: PlanName, unit: Unit, least: number, most: number, more: Partial<NumberField> = {}): NumberField => ({ kind: "number", name, unit, least, most, figure: name.split(".").at(-1) ?? name, ...more });
const whole = { whole: true } as const;

const load: Field[] = [
  number("prompts_per_hour", "count", 0.1, 1000),
  number("prompt_tokens", "tokens", 10, 100_000, whole),
  number("output_tokens", "tokens", 1, 32_000, whole),
];
const format: Field = { kind: "choice", name: "weights", choices: weights, figure: "weight_size" };
const prices: Field[] = [
  { kind: "choice", name: "site.currency", choices: currencies },
  number("site.rental", "hourly", 0.05, 100, { figure: "rented_hour" }),
  number("site.purchase", "amount", 500, 500_000),
];
const power: Field[] = [number("site.electricity_price", "kwh", 0.01, 2), number("hardware.power_w", "watts", 10, 2000, { figure: "power", ...whole })];
const latency: Field[] = [number("first_token_s", "seconds", 0.05, 60, { free: true }), number("token_s", "seconds", 0.005, 1, { free: true })];
const call: Field[] = [
  number("context", "tokens", 100, 1_000_000, whole),
  share("reused", "reused", 0, 0.99),
  { kind: "choice", name: "cache", choices: ["bf16", "fp8", "int8"], figure: "cache_size" },
  number("spare", "count", 0, 16, { even: true, ...whole }),
];
const engine: Field[] = [
  share("engine.compute_utilisation", "compute_utilisation"),
  share("engine.bandwidth_utilisation", "bandwidth_utilisation"),
  number("engine.max_batch", "count", 1, 1024, whole),
  number("engine.busy_hours", "hours", 1, 744, { even: true }),
  share("engine.usable_memory", "usable_share", 0.1),
];
const chip: Field[] = [
  number("hardware.memory_gib", "gib", 4, 512, { figure: "memory", per: GIB }),
  number("hardware.bandwidth_gb_s", "gb_s", 50, 20_000, { figure: "bandwidth", per: 1e-9 }),
  number("hardware.group", "count", 1, 72, { figure: "joined", ...whole }),
];
const site: Field[] = [
  { kind: "choice", name: "site.cooling", choices: ["air", "liquid"] },
  { kind: "choice", name: "site.grid", choices: grids },
  number("site.pue", "factor", 1, 3, { even: true }),
  number("site.co2_g_kwh", "grams", 0, 1000, { figure: "grid", even: true }),
  number("site.server_factor", "factor", 1, 3, { even: true }),
  number("site.lifetime_years", "years", 1, 10, { figure: "lifetime", even: true }),
  share("site.upkeep", "upkeep", 0, 0.5),
];
const training: Field[] = [
  number("sequence", "tokens", 256, 1_000_000, whole),
  number("batch_tokens", "tokens", 10_000, 100_000_000, whole),
  number("rank", "count", 1, 512, whole),
  { kind: "choice", name: "optimizer", choices: ["adamw", "adamw_8bit", "sgd"] },
  { kind: "choice", name: "precision", choices: ["bf16", "fp16", "fp8", "tf32", "fp32"] },
  { kind: "choice", name: "recompute", choices: ["none", "selective", "full"] },
  share("fleet.scaling", "scaling", 0.1),
  number("fleet.mtbf_hours", "hours", 1000, 1_000_000, { figure: "accelerator_mtbf" }),
  share("fleet.usable_memory", "usable_share", 0.1),
];
const layout: Field[] = [
  number("layout.tensor", "count", 1, 64, whole),
  number("layout.pipeline", "count", 1, 64, whole),
  number("layout.data", "count", 1, 4096, whole),
  { kind: "choice", name: "layout.zero", choices: ["0", "1", "2", "3"] },
];

export const userField: NumberField = number("users", "count", 1, 1_000_000, whole);
export const cardField: NumberField = number("accelerators", "count", 1, 1024, whole);

/** What people vary, then by group what most leave as it is. */
export const forms: Record<Kind, { main: readonly Field[]; more: readonly { title: "task" | "engine" | "hardware" | "site" | "training" | "layout"; fields: readonly Field[] }[] }> = {
  train: {
    main: [
      number("tokens", "tokens", 1e6, 1e14),
      number("fleet.accelerators", "count", 1, 32_768, { figure: "accelerators", ...whole }),
      share("fleet.utilisation", "utilisation", 0.05),
      { kind: "choice", name: "method", choices: ["full", "lora", "qlora"] },
      ...prices,
      ...power,
    ],
    more: [
      { title: "training", fields: training },
      { title: "layout", fields: layout },
      { title: "hardware", fields: chip },
      { title: "site", fields: site },
    ],
  },
  serve: {
    main: [...load, ...latency, share("engine.load", "load", 0.05, 0.99), format, ...prices, ...power],
    more: [
      { title: "task", fields: call },
      { title: "engine", fields: engine },
      { title: "hardware", fields: chip },
      { title: "site", fields: site },
    ],
  },
  compare: {
    main: [userField, ...load, format, { kind: "choice", name: "site.currency", choices: currencies }],
    more: [
      { title: "task", fields: [number("million_tokens", "million", 1, 1_000_000), ...latency, ...call] },
      { title: "engine", fields: [share("engine.load", "load", 0.05, 0.99), ...engine] },
      { title: "site", fields: [number("site.electricity_price", "kwh", 0.01, 2), ...site] },
    ],
  },
};
