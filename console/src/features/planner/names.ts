/** What a plan is asked for, by its place in the API's requests; the address of the page has the same names. */
export const names = [
  "model",
  "users",
  "accelerators",
  "prompts_per_hour",
  "prompt_tokens",
  "output_tokens",
  "context",
  "reused",
  "first_token_s",
  "token_s",
  "weights",
  "cache",
  "spare",
  "million_tokens",
  "tokens",
  "method",
  "sequence",
  "batch_tokens",
  "rank",
  "optimizer",
  "precision",
  "recompute",
  "hardware.chip",
  "hardware.power_w",
  "hardware.memory_gib",
  "hardware.bandwidth_gb_s",
  "hardware.group",
  "fleet.accelerators",
  "fleet.utilisation",
  "fleet.scaling",
  "fleet.mtbf_hours",
  "fleet.usable_memory",
  "engine.compute_utilisation",
  "engine.bandwidth_utilisation",
  "engine.load",
  "engine.max_batch",
  "engine.busy_hours",
  "engine.usable_memory",
  "site.currency",
  "site.rental",
  "site.purchase",
  "site.electricity_price",
  "site.lifetime_years",
  "site.upkeep",
  "site.cooling",
  "site.pue",
  "site.grid",
  "site.co2_g_kwh",
  "site.server_factor",
  "layout.tensor",
  "layout.pipeline",
  "layout.data",
  "layout.zero",
] as const;

export type PlanName = (typeof names)[number];
export type Value = string | number;
export type Values = Partial<Record<PlanName, Value>>;

/** What is compared: the names of an option's own inputs. */
export const optionNames = ["kind", "name", "hardware.chip", "weights", "site.purchase", "site.rental", "users_per_device", "input_price", "output_price"] as const;
export type OptionName = (typeof optionNames)[number];
export type OptionValues = Partial<Record<OptionName, Value>>;

export const MOST_OPTIONS = 20;

type Raw = Record<string, unknown>;

function valuesIn<Name extends string>(raw: Raw, known: readonly Name[]): Partial<Record<Name, Value>> {
  const found = known.flatMap((name) => {
    const value = raw[name];
    return (typeof value === "number" && Number.isFinite(value)) || (typeof value === "string" && value !== "") ? [[name, value] as const] : [];
  });
  return Object.fromEntries(found) as Partial<Record<Name, Value>>;
}

export const planIn = (raw: Raw): Values => valuesIn(raw, names);

/** The options of a comparison as an address has them; undefined where it says nothing of them. */
export function optionsIn(raw: Raw): OptionValues[] | undefined {
  const given = raw["options"];
  if (!Array.isArray(given)) return undefined;
  return given
    .filter((each): each is Raw => typeof each === "object" && each !== null)
    .slice(0, MOST_OPTIONS)
    .map((each) => valuesIn(each, optionNames));
}
