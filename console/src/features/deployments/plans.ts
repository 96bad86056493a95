import type { Plan } from "@/features/deployments/queries";

export type PlanField = "model_id" | "variant" | "engine" | "context" | "parallel" | "threads" | "accept_license" | "options" | keyof Plan["scale"];
export interface Difference {
  field: PlanField;
  before: string | number | null;
  now: string | number | null;
}

const flat = (plan: Plan): Record<PlanField, string | number | null> => ({
  model_id: plan.model_id,
  variant: plan.variant,
  engine: plan.engine,
  context: plan.context,
  parallel: plan.parallel,
  threads: plan.threads,
  accept_license: plan.accept_license,
  options: plan.options && Object.keys(plan.options).length ? JSON.stringify(plan.options) : null,
  ...plan.scale,
});

/** What a revision changed against the one before it. */
export function differences(before: Plan, now: Plan): Difference[] {
  const [old, fresh] = [flat(before), flat(now)];
  return (Object.keys(fresh) as PlanField[]).filter((field) => old[field] !== fresh[field]).map((field) => ({ field, before: old[field], now: fresh[field] }));
}
