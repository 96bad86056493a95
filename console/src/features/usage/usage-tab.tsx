import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Button } from "antd";
import { ChartColumn, Download } from "lucide-react";
import { useMemo } from "react";
import { usageQuery, type UsageFilter } from "@/api/queries";
import { DayChart } from "@/features/usage/day-chart";
import { GroupTable } from "@/features/usage/group-table";
import { useNames } from "@/features/usage/names";
import { Parts } from "@/features/usage/parts";
import { bounds, chosenRange, rangeBefore } from "@/features/usage/range";
import { RangeChip } from "@/features/usage/range-chip";
import { Sums } from "@/features/usage/sums";
import styles from "@/features/usage/usage.module.css";
import { useUsageWords } from "@/features/usage/words";
import { CodeTabs } from "@/shared/code";
import { FilterChip } from "@/shared/filter-chip";
import { Card } from "@/shared/page";
import { useMay } from "@/shared/permissions";
import { firstCall, snippets } from "@/shared/snippets";
import { Bones, Empty, ErrorState } from "@/shared/states";
import { useNow } from "@/shared/values";

const route = getRouteApi("/console/usage");

export function UsageTab() {
  const words = useUsageWords();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const names = useNames();
  const all = useMay("usage.read");
  const today = new Date(useNow()).toISOString().slice(0, 10);
  const range = useMemo(() => chosenRange(search, Date.parse(`${today}T00:00:00Z`)), [search, today]);
  const part = { model: search.model, key: search.key, member: search.member };
  const filter = { ...bounds(range), ...part };
  const daily = useQuery(usageQuery({ ...filter, group_by: ["day", "model"] }));
  const before = useQuery(usageQuery({ ...bounds(rangeBefore(range)), ...part, group_by: ["day"] }));
  const change = (next: Partial<typeof search>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true });
  return (
    <>
      <div className={styles.bar}>
        <RangeChip search={search} range={range} onChange={change} />
        <FilterChip label={words.model} options={names.models} source={names.sources.models} value={search.model} onChange={(model) => change({ model })} />
        {names.seesKeys ? <FilterChip label={words.key} options={names.keys} source={names.sources.keys} value={search.key} onChange={(key) => change({ key })} /> : null}
        {all ? <FilterChip label={words.member} options={names.members} source={names.sources.members} value={search.member} onChange={(member) => change({ member })} /> : null}
        <span className={styles.spring} />
        <Button href={csvAddress({ ...filter, group_by: ["day", "model", "key", "member"] })} download="usage.csv" icon={<Download size={14} aria-hidden="true" />}>
          {words.csv}
        </Button>
      </div>
      {daily.data ? (
        <>
          {daily.data.resources.length ? <Parts report={daily.data} range={range} /> : null}
          {daily.data.totals.calls === 0 ? (
            <Nothing />
          ) : (
            <>
              <Sums totals={daily.data.totals} before={before.data?.totals} currency={daily.data.currency} />
              <DayChart report={daily.data} range={range} measure={search.measure ?? "cost"} onMeasure={(measure) => change({ measure })} />
              <GroupTable filter={filter} by={search.by ?? "model"} sort={search.sort} names={names} onChange={change} />
            </>
          )}
        </>
      ) : (
        <Card padded={false}>{daily.error ? <ErrorState error={daily.error} retry={() => void daily.refetch()} /> : <Bones lines={8} />}</Card>
      )}
    </>
  );
}

/** The server's own file of the same rows, so that its sums are the ledger's. */
function csvAddress(filter: UsageFilter): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) {
    for (const each of Array.isArray(value) ? value : [value]) if (each !== undefined) query.append(name, String(each));
  }
  return `/api/usage.csv?${query}`;
}

function Nothing() {
  const words = useUsageWords();
  const example = snippets(location.origin, firstCall("qwen2.5-coder-0.5b-instruct", ["chat"], words.hello));
  return (
    <Card padded={false}>
      <Empty icon={ChartColumn} title={words.emptyTitle} text={words.emptyText} example={<CodeTabs snippets={example} />} />
    </Card>
  );
}
