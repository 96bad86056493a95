import type { Schemas } from "@/api/client";
import type { Names } from "@/features/usage/names";
import { CallOutcome } from "@/features/usage/outcome";
import { useUsageWords } from "@/features/usage/words";
import { useCommonWords } from "@/shared/common-words";
import * as format from "@/shared/format";
import type { Column } from "@/shared/rows";
import { Ago, Count, Money, useLanguage } from "@/shared/values";

type Charge = Schemas["Charge"];

/** A call in the list: a charge of the ledger, or the trace of a call that was refused and so has no charge. */
export interface Call extends Pick<Charge, "request_id" | "outcome" | "error_code" | "model" | "key_id" | "input_tokens" | "output_tokens" | "cost_micros"> {
  at: string;
  duration_ms: number;
  currency: string | null;
  refused: boolean;
  charge?: Charge;
}

export const chargedCall = (charge: Charge): Call => Object.assign({ at: charge.charged_at, refused: false, charge }, charge);

export const refusedCall = (trace: Schemas["TraceSummary"]): Call =>
  Object.assign({ at: trace.began_at, duration_ms: Math.max(0, ...Object.values(trace.marks)), refused: true }, trace);

export function useCallColumns(names: Names): Column<Call>[] {
  const words = useUsageWords();
  const common = useCommonWords();
  const language = useLanguage();
  const outcome = (row: Call) => words.outcomes[row.refused ? "refused" : row.outcome];
  return [
    { key: "time", title: words.time, lead: true, value: (row) => row.at, render: (row) => <Ago at={row.at} /> },
    { key: "outcome", title: words.outcome, value: (row) => [outcome(row), row.error_code].filter(Boolean).join(" "), render: (row) => <CallOutcome call={row} refused={row.refused} /> },
    { key: "model", title: words.model, value: (row) => row.model, render: (row) => row.model },
    {
      key: "key",
      title: words.key,
      value: (row) => names.key(row.key_id),
      render: (row) => (row.key_id === null ? <span className="muted">{words.console}</span> : names.key(row.key_id)),
    },
    { key: "input", title: words.input, align: "end", value: (row) => row.input_tokens, render: (row) => <Count value={row.input_tokens} /> },
    { key: "output", title: words.output, align: "end", value: (row) => row.output_tokens, render: (row) => <Count value={row.output_tokens} /> },
    { key: "duration", title: words.duration, align: "end", value: (row) => row.duration_ms, render: (row) => format.duration(row.duration_ms, language) },
    {
      key: "cost",
      title: words.cost,
      align: "end",
      value: (row) => (row.refused ? null : row.cost_micros / 1_000_000),
      render: (row) => (row.currency === null || row.refused ? <span className="muted">–</span> : <Money micros={row.cost_micros} currency={row.currency} />),
    },
    { key: "id", title: common.requestId, spare: true, value: (row) => row.request_id, render: (row) => <code className="muted">{row.request_id}</code> },
  ];
}
