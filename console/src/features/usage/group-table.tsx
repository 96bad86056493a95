import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { usageQuery, type UsageFilter } from "@/api/queries";
import type { UsageRow } from "@/features/usage/figures";
import type { Names } from "@/features/usage/names";
import { useUsageWords } from "@/features/usage/words";
import * as format from "@/shared/format";
import { Framed } from "@/shared/list";
import { Section } from "@/shared/page";
import { sortRows, type Column } from "@/shared/rows";
import { Segments } from "@/shared/segments";
import { Bones, ErrorState } from "@/shared/states";
import { Table } from "@/shared/table";
import { Count, Money, useLanguage } from "@/shared/values";

export type GroupBy = "day" | "model" | "key" | "member";

interface GroupTableProps {
  filter: Omit<UsageFilter, "group_by">;
  by: GroupBy;
  sort: string | undefined;
  names: Names;
  onChange: (change: { by?: GroupBy; sort?: string | undefined }) => void;
}

const groups = ["model", "day", "key", "member"] as const;

export function GroupTable({ filter, by, sort, names, onChange }: GroupTableProps) {
  const words = useUsageWords();
  const { data, error, refetch } = useQuery(usageQuery({ ...filter, group_by: [by] }));
  // While another grouping comes, the old rows would have no name.
  const rows = names.there && data?.rows.every((row) => groupOf(row, by) !== undefined) ? data.rows : undefined;
  const totalsOf = useTotals();
  const columns = useColumns(by, names, data?.currency ?? "CNY", data?.totals.cost_micros ?? 0);
  return (
    <Section
      title={words.groupBy}
      aside={
        <Segments
          size="small"
          aria-label={words.groupBy}
          value={by}
          options={groups.map((value) => ({ value, label: words.groups[value] }))}
          onChange={(value) => onChange({ by: value as GroupBy, sort: undefined })}
        />
      }
    >
      <Framed>
        {rows && data ? (
          <Table
            label={words.title}
            rows={sortRows(rows, columns, sort ?? (by === "day" ? "-name" : "-cost"))}
            columns={columns}
            rowKey={(row) => String(groupOf(row, by))}
            sort={sort ?? (by === "day" ? "-name" : "-cost")}
            onSort={(next) => onChange({ sort: next })}
            totals={totalsOf(data)}
          />
        ) : error ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : (
          <Bones />
        )}
      </Framed>
    </Section>
  );
}

function groupOf(row: UsageRow, by: GroupBy): string | null | undefined {
  if (by === "day") return row.day ?? undefined;
  if (by === "model") return row.model ?? undefined;
  // A call from the console has no key, and null is then its group.
  return by === "key" ? row.key_id : (row.member_id ?? undefined);
}

const count = (key: string, title: string, pick: (row: UsageRow) => number): Column<UsageRow> => ({
  key,
  title,
  align: "end",
  value: pick,
  render: (row) => <Count value={pick(row)} />,
});

function useColumns(by: GroupBy, names: Names, currency: string, total: number): Column<UsageRow>[] {
  const words = useUsageWords();
  const language = useLanguage();
  const name = (row: UsageRow): string => {
    if (by === "day") return row.day ?? "";
    if (by === "model") return row.model ?? "";
    return by === "key" ? names.key(row.key_id) : names.member(row.member_id);
  };
  return [
    {
      key: "name",
      title: words.groups[by],
      lead: true,
      value: name,
      render: (row) => (by === "day" && row.day ? format.day(row.day, language) : name(row)),
    },
    count("calls", words.calls, (row) => row.calls),
    count("failed", words.failed, (row) => row.failed),
    count("input", words.input, (row) => row.input_tokens),
    count("cached", words.cached, (row) => row.cached_input_tokens),
    count("output", words.output, (row) => row.output_tokens),
    {
      key: "cost",
      title: words.cost,
      align: "end",
      value: (row) => row.cost_micros,
      render: (row) => <Money exact micros={row.cost_micros} currency={currency} />,
    },
    {
      key: "share",
      title: words.share,
      align: "end",
      render: (row) => <span className="muted">{total ? format.percent(row.cost_micros / total, language) : "–"}</span>,
    },
  ];
}

function useTotals(): (report: Schemas["UsageReport"]) => Record<string, ReactNode> {
  const language = useLanguage();
  return ({ totals, currency }) => ({
    calls: <Count value={totals.calls} />,
    failed: <Count value={totals.failed} />,
    input: <Count value={totals.input_tokens} />,
    cached: <Count value={totals.cached_input_tokens} />,
    output: <Count value={totals.output_tokens} />,
    cost: <Money exact micros={totals.cost_micros} currency={currency} />,
    share: format.percent(1, language),
  });
}
