import { useMemo } from "react";
import type { Schemas } from "@/api/client";
import { stackByKind } from "@/features/usage/figures";
import { daysOf, type Range } from "@/features/usage/range";
import { useUsageWords } from "@/features/usage/words";
import { Chart, topOf } from "@/shared/chart";
import { Figure, Figures } from "@/shared/figure";
import * as format from "@/shared/format";
import { Framed } from "@/shared/list";
import { Card, Section } from "@/shared/page";
import type { Column } from "@/shared/rows";
import { Table } from "@/shared/table";
import { Money, useLanguage } from "@/shared/values";

type Report = Schemas["UsageReport"];
type Taken = Omit<Schemas["ResourceUsage"], "day">;

/** Calls, compute and storage side by side: what each cost, by day and in all, and what was taken at which price. */
export function Parts({ report, range }: { report: Report; range: Range }) {
  const words = useUsageWords();
  const costs = { calls: report.totals.cost_micros, compute: report.compute_micros, storage: report.storage_micros };
  return (
    <Section title={words.parts}>
      <Figures>
        <Figure name={words.allTogether} value={<Money exact micros={report.total_micros} currency={report.currency} />} />
        {(["calls", "compute", "storage"] as const).map((kind) => (
          <Figure key={kind} name={words.kinds[kind]} value={<Money exact micros={costs[kind]} currency={report.currency} />} />
        ))}
      </Figures>
      {report.total_micros ? <KindChart report={report} range={range} /> : null}
      <TakenTable report={report} />
    </Section>
  );
}

function KindChart({ report, range }: { report: Report; range: Range }) {
  const words = useUsageWords();
  const language = useLanguage();
  const data = useMemo(() => {
    const at = daysOf(range);
    const series = stackByKind(report, at, words.kinds);
    return {
      label: words.parts,
      stacked: true,
      whole: false,
      at,
      series,
      format: (micros: number) => format.money(micros, report.currency, language),
      formatAxis: format.moneyAxis(topOf(series), report.currency, language),
      formatAt: (day: string) => format.day(day, language),
    };
  }, [report, range, language, words]);
  return (
    <Card>
      <Chart height={220} data={data} />
    </Card>
  );
}

function TakenTable({ report }: { report: Report }) {
  const words = useUsageWords();
  const rows = useMemo(() => withoutDays(report.resources), [report.resources]);
  const columns = useColumns(report.currency);
  return (
    <Framed>
      <Table
        label={words.parts}
        rows={rows}
        columns={columns}
        rowKey={keyOf}
        totals={{ cost: <Money exact micros={report.compute_micros + report.storage_micros} currency={report.currency} /> }}
      />
    </Framed>
  );
}

const keyOf = (row: Taken): string => [row.resource, row.subject, row.name, row.price_version].join(" ");

/** The rows of every day summed up: what they count is whole numbers. */
function withoutDays(rows: Report["resources"]): Taken[] {
  const sums = new Map<string, Taken>();
  for (const row of rows) {
    const known = sums.get(keyOf(row));
    sums.set(keyOf(row), known ? { ...known, quantity: known.quantity + row.quantity, cost_micros: known.cost_micros + row.cost_micros } : row);
  }
  return [...sums.values()];
}

function useColumns(currency: string): Column<Taken>[] {
  const words = useUsageWords();
  const language = useLanguage();
  const quantity = new Intl.NumberFormat(language, { maximumFractionDigits: 4 });
  return [
    { key: "name", title: words.taker, lead: true, render: (row) => (row.kind === "storage" ? (words.stores[row.name] ?? row.name) : row.name) },
    { key: "subject", title: words.subject, render: (row) => words.subjects[row.subject] ?? row.subject },
    { key: "quantity", title: words.quantity, align: "end", render: (row) => `${quantity.format(row.quantity / row.per_unit)} ${words.resources[row.resource]}` },
    { key: "price", title: words.pricePerUnit, align: "end", render: (row) => <Money exact micros={row.price_micros} currency={currency} /> },
    { key: "cost", title: words.cost, align: "end", render: (row) => <Money exact micros={row.cost_micros} currency={currency} /> },
  ];
}
