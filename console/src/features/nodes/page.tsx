import { useQuery } from "@tanstack/react-query";
import { getRouteApi, lazyRouteComponent } from "@tanstack/react-router";
import { Server } from "lucide-react";
import { Suspense } from "react";
import { useNodeColumns } from "@/features/nodes/columns";
import { nodesQuery } from "@/features/nodes/queries";
import { useNodeWords } from "@/features/nodes/words";
import { List } from "@/shared/list";
import { Page } from "@/shared/page";
import { Empty } from "@/shared/states";

const route = getRouteApi("/console/nodes");
const NodePanel = lazyRouteComponent(() => import("@/features/nodes/panel"), "NodePanel");

export function NodesPage() {
  const words = useNodeWords();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data, error, refetch } = useQuery(nodesQuery);
  const change = (part: Partial<typeof search>) => void navigate({ search: (before) => ({ ...before, ...part }), replace: !("id" in part) });
  const open = data?.items.find(({ name }) => name === search.id);
  return (
    <Page title={words.title} sentence={words.sentence}>
      <List
        name="nodes"
        label={words.title}
        rows={data?.items}
        error={error}
        retry={() => void refetch()}
        columns={useNodeColumns()}
        search={search}
        onSearch={change}
        text={(node) => [node.name, ...node.deployments, ...node.accelerators.map(({ model }) => model)].join(" ")}
        rowKey={({ name }) => name}
        rowName={({ name }) => name}
        openable
        empty={<Empty icon={Server} title={words.emptyTitle} text={words.emptyText} />}
      />
      <Suspense>
        {open ? (
          <NodePanel
            node={open}
            range={search.range ?? "h1"}
            measure={search.measure ?? "load"}
            onRange={(range) => change({ range: range === "h1" ? undefined : range })}
            onMeasure={(measure) => change({ measure: measure === "load" ? undefined : measure })}
            onClose={() => change({ id: undefined, range: undefined, measure: undefined })}
          />
        ) : null}
      </Suspense>
    </Page>
  );
}
