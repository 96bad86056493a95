import { queryOptions, useQuery } from "@tanstack/react-query";
import { lazyRouteComponent } from "@tanstack/react-router";
import { Cog } from "lucide-react";
import { Suspense } from "react";
import { api, ask } from "@/api/client";
import { EngineStatus, runsBeside, type Engine } from "@/features/deployments/engine-state";
import { useEngineWords } from "@/features/deployments/engine-words";
import * as format from "@/shared/format";
import { useKindWords } from "@/shared/kind-words";
import { List, type ListSearch } from "@/shared/list";
import type { Column } from "@/shared/rows";
import { Empty } from "@/shared/states";
import { Tag, Tags } from "@/shared/status";
import { Count, useLanguage } from "@/shared/values";

const EnginePanel = lazyRouteComponent(() => import("@/features/deployments/engine-panel"), "EnginePanel");

const enginesQuery = queryOptions({
  queryKey: ["engines"],
  queryFn: () => ask(api.GET("/api/engines")),
  refetchInterval: ({ state }) => (state.data?.items.some((engine) => engine.state === "installing") ? 3_000 : state.data ? 30_000 : false),
});

interface EnginesProps {
  search: ListSearch;
  onSearch: (change: Record<string, string | undefined>) => void;
}

/** Every engine: what it can do, where it runs, and whether it is here. */
export function Engines({ search, onSearch }: EnginesProps) {
  const words = useEngineWords();
  const language = useLanguage();
  const { data, error, refetch } = useQuery(enginesQuery);
  const open = data?.items.find(({ name }) => name === search.id);
  return (
    <>
      <List
        name="engines"
        label={words.tabs.engines}
        rows={data?.items}
        error={error}
        retry={() => void refetch()}
        columns={useColumns()}
        news={
          data ? (
            <span className="muted small">
              {words.free} {format.bytes(data.free_bytes, language)}
            </span>
          ) : null
        }
        search={search}
        onSearch={onSearch}
        text={({ name, kinds, deployed_as: deployed }) => [name, ...kinds, ...deployed].join(" ")}
        rowKey={({ name }) => name}
        rowName={({ name }) => name}
        openable
        empty={<Empty icon={Cog} title={words.emptyTitle} text={words.emptyText} />}
      />
      <Suspense>{data && open ? <EnginePanel key={open.name} engine={open} free={data.free_bytes} onClose={() => onSearch({ id: undefined })} /> : null}</Suspense>
    </>
  );
}

function useColumns(): Column<Engine>[] {
  const words = useEngineWords();
  const kindWords = useKindWords();
  const language = useLanguage();
  const where = (engine: Engine) => (runsBeside(engine) ? words.beside : words.own);
  return [
    { key: "name", title: words.name, lead: true, value: ({ name }) => name, render: ({ name }) => name },
    { key: "state", title: words.state, value: ({ state }) => words.states[state], render: (engine) => <EngineStatus engine={engine} /> },
    { key: "kinds", title: words.kinds, value: ({ kinds }) => kinds.join(" "), render: ({ kinds }) => <Tags>{kinds.map((kind) => <Tag key={kind}>{kindWords[kind]}</Tag>)}</Tags> },
    { key: "where", title: words.where, value: where, render: where },
    { key: "version", title: words.version, value: ({ version }) => version, render: ({ version }) => version ?? <span className="muted">–</span> },
    {
      key: "size",
      title: words.size,
      align: "end",
      value: ({ size_bytes: size }) => size,
      render: ({ size_bytes: size }) => (size ? format.bytes(size, language) : <span className="muted">–</span>),
    },
    { key: "deployments", title: words.deployments, align: "end", value: ({ deployed_as: deployed }) => deployed.length, render: ({ deployed_as: deployed }) => <Count value={deployed.length} /> },
  ];
}
