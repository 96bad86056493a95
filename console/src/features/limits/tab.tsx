import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Button } from "antd";
import { Gauge, Plus } from "lucide-react";
import { useState } from "react";
import { limitsQuery } from "@/api/queries";
import { UseMeter, UseText } from "@/features/limits/bars";
import { NewLimit } from "@/features/limits/new";
import styles from "@/features/limits/limits.module.css";
import { LimitsSection } from "@/features/limits/section";
import { fullest, levels, usesOf, type Limit, type Measure } from "@/features/limits/values";
import { useLimitWords } from "@/features/limits/words";
import { List } from "@/shared/list";
import { Panel } from "@/shared/panel";
import { useMay } from "@/shared/permissions";
import type { Column } from "@/shared/rows";
import { Empty } from "@/shared/states";
import { Tag } from "@/shared/status";

const route = getRouteApi("/console/usage");
const levelKeys = ["near", "full"] as const;
const scopeKeys = ["tenant", "member", "key", "model"] as const;

/** Every limit of the organisation, with what is used of it now. */
export function LimitsTab() {
  const words = useLimitWords();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const manages = useMay("limits.manage");
  const limits = useQuery(limitsQuery);
  const [adding, setAdding] = useState(false);
  const change = (part: Partial<typeof search>) => void navigate({ search: (before) => ({ ...before, ...part }), replace: !("id" in part) });
  const open = limits.data?.find(({ scope_id }) => scope_id === search.id);
  const add = manages ? (
    <Button icon={<Plus size={14} aria-hidden="true" />} onClick={() => setAdding(true)}>
      {words.set}
    </Button>
  ) : null;
  return (
    <>
      <div className={styles.head}>
        <p className={styles.note}>{words.text}</p>
        {add}
      </div>
      <List
        name="limits"
        label={words.list}
        rows={limits.data}
        error={limits.error}
        retry={() => void limits.refetch()}
        columns={useColumns()}
        filters={[
          {
            key: "scope",
            label: words.scope,
            options: scopeKeys.map((value) => ({ value, label: words.scopes[value] })),
            value: search.scope,
            keeps: (limit, value) => limit.scope === value,
          },
          {
            key: "use",
            label: words.use,
            options: levelKeys.map((value) => ({ value, label: words.levels[value] })),
            value: search.use,
            keeps: (limit, value) => fullest(limit) >= levels[value === "full" ? "full" : "near"],
          },
        ]}
        search={search}
        onSearch={change}
        text={(limit) => [limit.name, limit.scope_id, words.scopes[limit.scope]].join(" ")}
        rowKey={(limit) => limit.scope_id}
        rowName={(limit) => limit.name}
        openable
        empty={<Empty icon={Gauge} title={words.emptyTitle} text={words.emptyText} action={add} />}
      />
      {search.id ? (
        <Panel open title={open?.name ?? search.id} subtitle={open ? words.scopes[open.scope] : undefined} onClose={() => change({ id: undefined })}>
          <LimitsSection scope={search.id} />
        </Panel>
      ) : null}
      <NewLimit open={adding} onClose={() => setAdding(false)} onChosen={(id) => change({ id })} />
    </>
  );
}

function useColumns(): Column<Limit>[] {
  const words = useLimitWords();
  const use = (measure: Measure, at: number): Column<Limit> => ({
    key: measure,
    title: words.short[measure],
    align: "end",
    value: (limit) => usesOf(limit)[at]?.used ?? 0,
    render: (limit) => <UseCell limit={limit} at={at} />,
  });
  return [
    {
      key: "name",
      title: words.scope,
      lead: true,
      value: (limit) => limit.name,
      render: (limit) => (
        <>
          {limit.name} <Tag>{words.scopes[limit.scope]}</Tag>
        </>
      ),
    },
    use("requests", 0),
    use("tokens", 1),
    use("concurrency", 2),
    use("daily", 3),
    use("monthly", 4),
  ];
}

function UseCell({ limit, at }: { limit: Limit; at: number }) {
  const words = useLimitWords();
  const use = usesOf(limit)[at];
  if (!use) return null;
  return (
    <span className={styles.cell}>
      <UseText use={use} currency={limit.currency} />
      <UseMeter use={use} name={`${words.short[use.measure]}: ${limit.name}`} />
    </span>
  );
}
