import type { Schemas } from "@/api/client";
import { decimalToMicros, microsToDecimal } from "@/shared/format";
import { isKind, type Kind } from "@/shared/kind-words";

export type Provider = Schemas["Provider"];
export type Vendor = Schemas["Vendor"];
export type ProviderModel = Schemas["ProviderModel"];
type PriceChange = Schemas["PriceChange"];
type Price = Pick<Schemas["Price"], "input_micros" | "cached_input_micros" | "output_micros" | "unit" | "unit_micros">;
type Unit = NonNullable<Price["unit"]>;

const units: { readonly [kind in Kind]?: Unit } = { transcriptions: "second", speech: "character", images: "image" };

/** What a model of these kinds is counted in beside tokens; a price has one unit, so of several it is the first. */
export const unitOf = (kinds: readonly Kind[]): Unit | undefined => kinds.map((kind) => units[kind]).find(Boolean);

/** Whether a model of these kinds is counted in tokens. */
export const hasTokens = (kinds: readonly Kind[]): boolean => kinds.some((kind) => !units[kind]);

/** A model in the form: what the provider keeps of it, and its line in the price book as exact texts. */
export interface ModelValues extends Omit<ProviderModel, "kinds"> {
  kinds: Kind[];
  input: string;
  cached: string;
  output: string;
  unit: string;
}

type PriceTexts = Pick<ModelValues, "input" | "cached" | "output" | "unit">;

export interface ProviderValues {
  vendor: Vendor["id"];
  name: string;
  base_url: string;
  credential: string;
  api_version: string;
  models: ModelValues[];
  max_parallel: number;
  on_disconnect: Provider["on_disconnect"];
  enabled: boolean;
}

export const onDisconnect = ["cancel", "drain"] as const satisfies readonly Provider["on_disconnect"][];

export const freshModel: ModelValues = {
  name: "",
  upstream: "",
  kinds: ["chat"],
  context: 32_768,
  max_output: null,
  tools: true,
  vision: false,
  input: "",
  cached: "",
  output: "",
  unit: "",
};

export const freshProvider: Omit<ProviderValues, "vendor"> = {
  name: "",
  base_url: "",
  credential: "",
  api_version: "",
  models: [freshModel],
  max_parallel: 16,
  on_disconnect: "cancel",
  enabled: true,
};

export function valuesOf(provider: Provider, prices: ReadonlyMap<string, Price>): ProviderValues {
  const { vendor, name, base_url, api_version, models, max_parallel, on_disconnect, enabled } = provider;
  return {
    vendor,
    name,
    base_url,
    credential: "",
    api_version: api_version ?? "",
    models: models.map(({ kinds: all, ...model }) => {
      const kinds = all.filter(isKind);
      return Object.assign(priceTexts(prices.get(model.name), kinds), model, { kinds });
    }),
    max_parallel,
    on_disconnect,
    enabled,
  };
}

function priceTexts(price: Price | undefined, kinds: readonly Kind[]): PriceTexts {
  if (!price) return { input: "", cached: "", output: "", unit: "" };
  return {
    input: microsToDecimal(price.input_micros),
    cached: microsToDecimal(price.cached_input_micros),
    output: microsToDecimal(price.output_micros),
    unit: price.unit !== null && price.unit === unitOf(kinds) ? microsToDecimal(price.unit_micros) : "",
  };
}

/** An empty credential keeps the stored one, so it is not sent; a price that the book has already makes no new version. */
export function requestOf(values: ProviderValues, book: ReadonlyMap<string, Price>): Omit<Schemas["ProviderRequest"], "vendor"> {
  const { name, base_url, credential, api_version, models, max_parallel, on_disconnect, enabled } = values;
  return {
    name: name.trim(),
    base_url: base_url.trim(),
    api_version: api_version.trim() || null,
    ...(credential.trim() ? { credential: credential.trim() } : {}),
    models: models.map((model) => ({
      name: model.name.trim(),
      upstream: model.upstream.trim(),
      kinds: model.kinds,
      context: model.context,
      max_output: model.max_output ?? null,
      tools: model.tools,
      vision: model.vision,
      price: newPrice(model, book.get(model.name.trim())),
    })),
    max_parallel,
    on_disconnect,
    enabled,
  };
}

function newPrice(model: ModelValues, old: Price | undefined): PriceChange | null {
  const unit = unitOf(model.kinds);
  // The form hands nothing over for a field that it does not show.
  const perUnit = unit ? decimalToMicros(model.unit) : null;
  const tokens = hasTokens(model.kinds) ? tokenPrice(model) : { input_micros: 0, cached_input_micros: 0, output_micros: 0 };
  if (!tokens || (unit && perUnit === null)) return null;
  const price = unit && perUnit !== null ? { ...tokens, unit, unit_micros: perUnit } : tokens;
  const same = old && (Object.keys(price) as (keyof typeof price)[]).every((part) => old[part] === price[part]);
  return same ? null : price;
}

/** Without a price of its own, cached input costs as input does. */
function tokenPrice(model: ModelValues): Pick<Price, "input_micros" | "cached_input_micros" | "output_micros"> | null {
  const input = decimalToMicros(model.input);
  const output = decimalToMicros(model.output);
  if (input === null || output === null) return null;
  return { input_micros: input, cached_input_micros: decimalToMicros(model.cached) ?? input, output_micros: output };
}

/** What a base URL becomes when another vendor is chosen: the vendor's own, unless somebody has typed another. */
export function addressFor(vendor: Vendor, typed: string, vendors: readonly Vendor[]): string {
  const known = vendors.some((other) => other.default_base_url === typed.trim());
  return typed.trim() && !known ? typed : (vendor.default_base_url ?? "");
}

/** A form hands over undefined for what nobody has touched. */
export const isAddress = (text: string | undefined): boolean => /^https?:\/\/[^\s/]+/.test(text?.trim() ?? "");

export function hostOf(address: string): string {
  try {
    return new URL(address).host || address;
  } catch {
    return address;
  }
}
