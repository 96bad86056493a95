import type { Plan } from "@/features/deployments/queries";

export type PlanField = "model_id" | "variant" | "engine" | "context" | "parallel" | "threads" | "memory_bytes" | "cpus" | "gpus" | "adapters" | "accept_license" | "options" | keyof Plan["scale"];
export interface Difference {
  field: PlanField;
  before: string | number | null;
  now: string | number | null;
}

/** The adapters as one line, in the order of their names; nothing where there are none. */
export const adaptersText = ({ adapters }: Pick<Plan, "adapters">): string | null =>
  Object.entries(adapters)
    .map(([name, version]) => (version === null ? name : `${name} = ${version}`))
    .toSorted()
    .join(", ") || null;

const flat = (plan: Plan): Record<PlanField, string | number | null> => ({
  model_id: plan.model_id,
  variant: plan.variant,
  engine: plan.engine,
  context: plan.context,
  parallel: plan.parallel,
  threads: plan.threads,
  memory_bytes: plan.memory_bytes,
  cpus: plan.cpus,
  gpus: plan.gpus,
  adapters: adaptersText(plan),
  accept_license: plan.accept_license,
  options: plan.options && Object.keys(plan.options).length ? JSON.stringify(plan.options) : null,
  ...plan.scale,
});

/** What a revision changed against the one before it. */
export function differences(before: Plan, now: Plan): Difference[] {
  const [old, fresh] = [flat(before), flat(now)];
  return (Object.keys(fresh) as PlanField[]).filter((field) => old[field] !== fresh[field]).map((field) => ({ field, before: old[field], now: fresh[field] }));
}
