import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Button } from "antd";
import { ReceiptText } from "lucide-react";
import type { Schemas } from "@/api/client";
import { chargesQuery } from "@/api/queries";
import { CallDetail } from "@/features/usage/call-detail";
import { CallOutcome, outcomes } from "@/features/usage/outcome";
import { useNames, type Names } from "@/features/usage/names";
import styles from "@/features/usage/usage.module.css";
import { useUsageWords } from "@/features/usage/words";
import { useCommonWords } from "@/shared/common-words";
import { FilterChip } from "@/shared/filter-chip";
import * as format from "@/shared/format";
import { useHotkeys, walkRows } from "@/shared/hotkeys";
import { Framed } from "@/shared/list";
import type { Column } from "@/shared/rows";
import { Bones, Empty, ErrorState, Notice } from "@/shared/states";
import { Table } from "@/shared/table";
import { Ago, Count, Money, useLanguage } from "@/shared/values";

export type Charge = Schemas["Charge"];
const route = getRouteApi("/console/usage");

/** Every call that the ledger settled, newest first, by the page. */
export function CallsTab() {
  const words = useUsageWords();
  const common = useCommonWords();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const names = useNames();
  const { model, key, member, outcome } = search;
  const calls = useInfiniteQuery(chargesQuery({ model, key, member, outcome }));
  useHotkeys({ j: () => walkRows(1), k: () => walkRows(-1) });
  const change = (next: Partial<typeof search>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: !("id" in next) });
  const rows = calls.data?.pages.flatMap((page) => page.items);
  const open = rows?.find((row) => row.request_id === search.id);
  return (
    <>
      <div className={styles.bar}>
        <FilterChip label={words.model} options={names.models} value={model} onChange={(next) => change({ model: next })} />
        {names.keys.length ? <FilterChip label={words.key} options={names.keys} value={key} onChange={(next) => change({ key: next })} /> : null}
        <FilterChip
          label={words.outcome}
          options={outcomes.map((value) => ({ value, label: words.outcomes[value] }))}
          value={outcome}
          onChange={(next) => change({ outcome: outcomes.find((value) => value === next) })}
        />
      </div>
      {search.id && rows && !open ? (
        <Notice level="info" action={<Button size="small" onClick={() => change({ id: undefined })}>{common.close}</Button>}>
          <p>
            {words.noCall}: <code>{search.id}</code>
          </p>
          <p>{words.noCallText}</p>
        </Notice>
      ) : null}
      <Framed>
        {rows ? (
          <Rows rows={rows} names={names} openKey={search.id} onOpen={(row) => change({ id: row.request_id })} />
        ) : calls.error ? (
          <ErrorState error={calls.error} retry={() => void calls.refetch()} />
        ) : (
          <Bones lines={8} />
        )}
        {calls.hasNextPage ? (
          <div className={styles.more}>
            <Button loading={calls.isFetchingNextPage} onClick={() => void calls.fetchNextPage()}>
              {common.loadMore}
            </Button>
          </div>
        ) : null}
      </Framed>
      {open ? <CallDetail call={open} names={names} onClose={() => change({ id: undefined })} /> : null}
    </>
  );
}

interface RowsProps {
  rows: readonly Charge[];
  names: Names;
  openKey: string | undefined;
  onOpen: (row: Charge) => void;
}

function Rows({ rows, names, openKey, onOpen }: RowsProps) {
  const words = useUsageWords();
  const columns = useColumns(names);
  if (rows.length === 0) return <Empty icon={ReceiptText} title={words.callsEmptyTitle} text={words.callsEmptyText} />;
  return <Table label={words.list} rows={rows} columns={columns} rowKey={(row) => row.request_id} openKey={openKey} onOpen={onOpen} />;
}

function useColumns(names: Names): Column<Charge>[] {
  const words = useUsageWords();
  const language = useLanguage();
  return [
    { key: "time", title: words.time, lead: true, render: (row) => <Ago at={row.charged_at} /> },
    { key: "outcome", title: words.outcome, render: (row) => <CallOutcome call={row} /> },
    { key: "model", title: words.model, render: (row) => row.model },
    { key: "key", title: words.key, render: (row) => (row.key_id === null ? <span className="muted">{words.console}</span> : names.key(row.key_id)) },
    {
      key: "tokens",
      title: words.tokens,
      align: "end",
      render: (row) => (
        <>
          <Count value={row.input_tokens} /> / <Count value={row.output_tokens} />
        </>
      ),
    },
    { key: "duration", title: words.duration, align: "end", render: (row) => format.duration(row.duration_ms, language) },
    { key: "cost", title: words.cost, align: "end", render: (row) => <Money micros={row.cost_micros} currency={row.currency} /> },
  ];
}
