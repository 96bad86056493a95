import type { Schemas } from "@/api/client";
import type { Series } from "@/shared/chart";
import { tones } from "@/shared/tones";

export type Measure = "cost" | "tokens" | "calls";
export type UsageRow = Schemas["UsageRow"];

export function measured(row: Schemas["UsageTotals"], measure: Measure): number {
  if (measure === "cost") return row.cost_micros;
  return measure === "calls" ? row.calls : row.input_tokens + row.output_tokens;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Rows by day and model as stacked series over every day: the largest models each, the rest together. */
export function stackByModel(rows: readonly UsageRow[], days: readonly string[], measure: Measure, others: string): Series[] {
  const at = new Map(days.map((day, i) => [day, i]));
  const byModel = new Map<string, number[]>();
  for (const row of rows) {
    const i = at.get(row.day ?? "");
    if (i === undefined) continue;
    const values = byModel.get(row.model ?? "") ?? days.map(() => 0);
    values[i] = (values[i] ?? 0) + measured(row, measure);
    byModel.set(row.model ?? "", values);
  }
  const sorted = [...byModel].toSorted(([, a], [, b]) => sum(b) - sum(a));
  const most = sorted.length > tones.length ? tones.length - 1 : tones.length;
  const series = sorted.slice(0, most).map(([name, values], i): Series => ({ name, values, tone: tones[i] ?? "muted" }));
  const rest = sorted.slice(most).map(([, values]) => values);
  if (rest.length) series.push({ name: others, values: days.map((_, i) => sum(rest.map((values) => values[i] ?? 0))), tone: "muted" });
  return series;
}

type Kind = "calls" | "compute" | "storage";

/** What calls, compute and storage cost on every day, as stacked series; what cost nothing is left out. */
export function stackByKind(report: Schemas["UsageReport"], days: readonly string[], names: Record<Kind, string>): Series[] {
  const rows = [...report.rows.map((row) => ({ ...row, kind: "calls" as Kind })), ...report.resources];
  return (["calls", "compute", "storage"] as const)
    .map((kind, i): Series => {
      const costs = new Map<string, number>();
      for (const row of rows) if (row.kind === kind) costs.set(row.day ?? "", (costs.get(row.day ?? "") ?? 0) + row.cost_micros);
      return { name: names[kind], values: days.map((day) => costs.get(day) ?? 0), tone: tones[i] ?? "muted" };
    })
    .filter(({ values }) => values.some((value) => (value ?? 0) > 0));
}

/** The change against the time before, as a share; undefined where there was nothing. */
export function change(now: number, before: number): number | undefined {
  return before > 0 ? (now - before) / before : undefined;
}
