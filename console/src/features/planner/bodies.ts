import type { Schemas } from "@/api/client";
import { forms, type Kind } from "@/features/planner/fields";
import type { OptionValues, PlanName, Value, Values } from "@/features/planner/names";

export type TrainingBody = Schemas["TrainingPlanRequest"];
export type ServingBody = Schemas["ServingPlanRequest"];
export type ComparisonBody = Schemas["ComparisonPlanRequest"];

export interface Asked extends Values {
  /** Serving says what users need, unless it is asked what accelerators can do. */
  ask?: "accelerators" | undefined;
  options?: OptionValues[] | undefined;
}

/** A question and what is asked, for whoever asks it in another way. */
export type Asking = { kind: "train"; body: TrainingBody } | { kind: "serve"; body: ServingBody } | { kind: "compare"; body: ComparisonBody };

export const CHIP = "nvidia-h100-sxm-80gb";
/** What the API must be told, where the reader has not said it yet. */
export const fresh = { "hardware.chip": CHIP, users: 500, accelerators: 8, "fleet.accelerators": 64, tokens: 1e12 } as const satisfies Values;

interface Nested {
  [name: string]: Value | Nested;
}

/** "site.pue": 1.2 to {site: {pue: 1.2}}; what is empty is left to the planner. */
export function nested(values: Readonly<Record<string, Value | undefined>>): Nested {
  const body: Nested = {};
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === "") continue;
    const [first = name, last] = name.split(".");
    if (last === undefined) body[first] = value;
    else body[first] = { ...(body[first] as Nested | undefined), [last]: value };
  }
  return body;
}

function said(kind: Kind, asked: Asked, always: readonly PlanName[]): Record<string, Value | undefined> {
  const { main, more } = forms[kind];
  const own = [...always, ...[...main, ...more.flatMap(({ fields }) => fields)].map(({ name }) => name)];
  return Object.fromEntries(own.map((name) => [name, asked[name] ?? (fresh as Values)[name]]));
}

/** The one number that is chosen from a list. */
const zero = ({ "layout.zero": chosen }: Values): Values => (chosen === undefined ? {} : { "layout.zero": Number(chosen) });

export const trainingBody = (asked: Asked): TrainingBody => nested({ ...said("train", asked, ["model", "hardware.chip"]), ...zero(asked) }) as unknown as TrainingBody;

export const servingBody = (asked: Asked): ServingBody =>
  nested(said("serve", asked, ["model", "hardware.chip", asked.ask === "accelerators" ? "accelerators" : "users"])) as unknown as ServingBody;

export const comparisonBody = (asked: Asked, options: readonly OptionValues[]): ComparisonBody =>
  ({ ...nested(said("compare", asked, ["model"])), options: options.map(optionBody) }) as unknown as ComparisonBody;

/** Each kind of option takes names of its own; what another kind had been told stays in the address alone. */
function optionBody(option: OptionValues): Nested {
  const { kind = "owned", name = "" } = option;
  const takes = {
    owned: ["hardware.chip", "weights", "site.purchase"],
    rented: ["hardware.chip", "weights", "site.rental"],
    edge: ["hardware.chip", "weights", "site.purchase", "users_per_device"],
    api: ["input_price", "output_price"],
  } as const;
  const own = takes[kind as keyof typeof takes] ?? takes.owned;
  return nested({ kind, name, ...Object.fromEntries(own.map((each) => [each, option[each]])) });
}

/** An option that the API would refuse to read yet. */
export const isWhole = ({ kind, name, "hardware.chip": chip, input_price, output_price }: OptionValues): boolean =>
  Boolean(name) && (kind === "api" ? input_price !== undefined && output_price !== undefined : Boolean(chip));

/** The last part of a place in a body, which is what a problem names. */
export const leaf = (name: string): string => name.split(".").at(-1) ?? name;
