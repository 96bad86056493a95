import type { Schemas } from "@/api/client";
import type { Detail, Draft } from "@/features/deployments/queries";

/** What the form holds; an empty field is chosen by the server. */
export interface DeployValues {
  model_id: string | undefined;
  name: string;
  description: string;
  variant: string | null;
  engine: string | null;
  context: number | null;
  parallel: number;
  threads: number | null;
  least: number;
  most: number;
  idle_s: number | null;
  memory_bytes: number | null;
  cpus: number | null;
  gpus: number | null;
  adapters: Partial<AdapterValues>[];
  accept: boolean;
}

/** A public name and the version of a model of one's own behind it. */
export interface AdapterValues {
  name: string;
  version: string;
}

export const fresh: DeployValues = {
  model_id: undefined,
  name: "",
  description: "",
  variant: null,
  engine: null,
  context: null,
  parallel: 2,
  threads: null,
  least: 1,
  most: 1,
  idle_s: null,
  memory_bytes: null,
  cpus: null,
  gpus: null,
  adapters: [],
  accept: false,
};

/** A name that no other has: the model's id, and with a number where that is taken. */
export function freeName(model: string, taken: ReadonlySet<string>): string {
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? model : `${model}-${n}`;
    if (!taken.has(name)) return name;
  }
}

export function valuesOf({ plan, name, description }: Detail): DeployValues {
  return {
    model_id: plan.model_id ?? undefined,
    name,
    description,
    variant: plan.variant,
    engine: plan.engine,
    context: plan.context,
    parallel: plan.parallel,
    threads: plan.threads,
    least: plan.scale.least,
    most: plan.scale.most,
    idle_s: plan.scale.idle_s,
    memory_bytes: plan.memory_bytes,
    cpus: plan.cpus,
    gpus: plan.gpus,
    adapters: Object.entries(plan.adapters).flatMap(([adapter, version]) => (version === null ? [] : [{ name: adapter, version }])),
    accept: plan.accept_license !== null,
  };
}

type Plan = Pick<Schemas["DeploymentRequest"], "model_id" | "variant" | "engine" | "context" | "parallel" | "threads" | "scale" | "memory_bytes" | "cpus" | "gpus" | "adapters" | "accept_license">;

/** What the server is asked for. What the form does not show of a scale stays as it was. */
export function planOf(values: DeployValues, toAccept: string | null | undefined, before?: Detail): Plan {
  return {
    model_id: values.model_id ?? null,
    variant: values.variant ?? null,
    engine: values.engine ?? null,
    context: values.context ?? null,
    parallel: values.parallel,
    threads: values.threads ?? null,
    scale: {
      ...(before?.plan.scale ?? { queue: 2, tokens_per_second: null, up_s: 10, down_s: 300 }),
      least: values.least,
      most: Math.max(values.most, values.least, 1),
      idle_s: values.idle_s ?? null,
    },
    memory_bytes: values.memory_bytes ?? null,
    cpus: values.cpus ?? null,
    gpus: values.gpus ?? null,
    adapters: Object.fromEntries(values.adapters.flatMap(({ name, version }) => (name?.trim() && version ? [[name.trim(), version]] : []))),
    accept_license: values.accept && toAccept ? toAccept : null,
  };
}

/** What a preview is asked about; nothing while no model is chosen. A change is judged with what stays of `before`. */
export function draftOf(values: DeployValues, before?: Detail): Draft | null {
  if (!values.model_id) return null;
  const plan = planOf(values, null, before);
  if (before) return { ...plan, options: before.plan.options ?? {} };
  return { ...plan, ...(values.name.trim() ? { name: values.name.trim() } : {}) };
}
