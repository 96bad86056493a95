import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, ask, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problem";
import type { ComparisonBody, ServingBody, TrainingBody } from "@/features/planner/bodies";

export type Chip = Schemas["Chip"];
export type Figure = Schemas["PlanFigure"];
export type Training = Schemas["TrainingPlan"];
export type Serving = Schemas["ServingPlan"];
export type Comparison = Schemas["ComparisonPlan"];
export type Compared = Comparison["options"][number];
export type Tornado = Schemas["PlanTornado"];
/** What moves a cost, be it a plan's or an option's. */
export type Moved = Pick<Tornado, "cost" | "swings">;
export type Reasons = Training["lacking"];
export type Pay = Tornado["pay"];

/** The catalogue does not change while a server runs. */
export const chipsQuery = queryOptions({
  queryKey: ["chips"],
  queryFn: async () => (await ask(api.GET("/api/chips"))).items,
  staleTime: Number.POSITIVE_INFINITY,
});

/** A plan is pure: the same question has the same answer. The last one stays in place until the next has come. */
const pure = { staleTime: 600_000, placeholderData: keepPreviousData } as const;

// The reader's language is part of the question: reasons and labels come in it.
export const trainingQuery = (body: TrainingBody, language: string) =>
  queryOptions({ ...pure, queryKey: ["plans", "training", language, body], queryFn: () => ask(api.POST("/api/plans/training", { body })) });

export const servingQuery = (body: ServingBody, language: string) =>
  queryOptions({ ...pure, queryKey: ["plans", "serving", language, body], queryFn: () => ask(api.POST("/api/plans/serving", { body })) });

export const comparisonQuery = (body: ComparisonBody, language: string) =>
  queryOptions({ ...pure, queryKey: ["plans", "comparison", language, body], queryFn: () => ask(api.POST("/api/plans/comparison", { body })) });

export type Use = Schemas["PlanUse"];

export const usedQuery = queryOptions({
  queryKey: ["plans", "use"],
  queryFn: () => ask(api.GET("/api/plans/use", { params: { query: { days: 30 } } })),
});

const byCode: Record<string, string> = { not_found: "model", planner_facts_missing: "model", planner_chip_unknown: "chip" };

/** What is wrong by the last part of its field's name. */
export function wrongFields(error: unknown): ReadonlyMap<string, string> {
  if (!error) return new Map();
  const problem = asProblem(error);
  const own = byCode[problem.code];
  const named = problem.fields.map(({ field, message }) => [field.split(".").at(-1) ?? field, message] as const);
  return new Map([...(own ? [[own, problem.message] as const] : []), ...named]);
}
