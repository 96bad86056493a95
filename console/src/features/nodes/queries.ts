import { queryOptions } from "@tanstack/react-query";
import { api, ask, type Schemas } from "@/api/client";
import { every } from "@/api/query-client";
import { ranges, type Range } from "@/features/nodes/past";

export type Node = Schemas["Node"];
export type Accelerator = Schemas["Accelerator"];

export const nodesQuery = queryOptions({
  queryKey: ["nodes"],
  queryFn: () => ask(api.GET("/api/nodes")),
  refetchInterval: every(3_000),
});

/** What a node did up to now; read again as often as there is a sample more. */
export const historyQuery = (node: string, range: Range) =>
  queryOptions({
    queryKey: ["nodes", node, range],
    queryFn: () => {
      const since = new Date(Date.now() - ranges[range] * 1000).toISOString();
      return ask(api.GET("/api/nodes/history", { params: { query: { node, since } } }));
    },
    refetchInterval: every(15_000),
  });
