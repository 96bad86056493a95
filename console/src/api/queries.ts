import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, ask, everyPage, sessionKey, type Session } from "@/api/client";
import { asProblem } from "@/api/problem";

/** What the console reads, each with its address in the cache. Lists are whole; charges come by the page. */
export const sessionQuery = queryOptions({
  queryKey: sessionKey,
  queryFn: async (): Promise<Session | null> => {
    try {
      return await ask(api.GET("/api/session"));
    } catch (error) {
      if (asProblem(error).status === 401) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

export const setupQuery = queryOptions({
  queryKey: ["setup"],
  queryFn: () => ask(api.GET("/api/setup")),
});

export const overviewQuery = queryOptions({
  queryKey: ["overview"],
  queryFn: () => ask(api.GET("/api/overview")),
  refetchInterval: 5_000,
});

export const aboutQuery = queryOptions({
  queryKey: ["about"],
  queryFn: () => ask(api.GET("/api/about")),
  staleTime: 60_000,
});

export const modelsQuery = queryOptions({
  queryKey: ["models"],
  queryFn: async () => (await ask(api.GET("/api/models"))).items,
  refetchInterval: (query) => (query.state.data?.some((model) => model.state === "downloading") ? 2_000 : 30_000),
});

export const deploymentsQuery = queryOptions({
  queryKey: ["deployments"],
  queryFn: async () => (await ask(api.GET("/api/deployments"))).items,
  refetchInterval: 3_000,
});

export const logQuery = (name: string) =>
  queryOptions({
    queryKey: ["deployments", name, "log"],
    queryFn: () => ask(api.GET("/api/deployments/{name}/log", { params: { path: { name } } })),
    refetchInterval: 3_000,
  });

export const keysQuery = queryOptions({
  queryKey: ["keys"],
  queryFn: () => everyPage((cursor) => ask(api.GET("/api/keys", { params: { query: { cursor, limit: 100 } } }))),
});

export const membersQuery = queryOptions({
  queryKey: ["members"],
  queryFn: () => everyPage((cursor) => ask(api.GET("/api/members", { params: { query: { cursor, limit: 100 } } }))),
});

export const pricesQuery = queryOptions({
  queryKey: ["prices"],
  queryFn: async () => (await ask(api.GET("/api/prices"))).items,
});

export const budgetsQuery = queryOptions({
  queryKey: ["budgets"],
  queryFn: async () => (await ask(api.GET("/api/budgets"))).items,
});

export interface ChargeFilter {
  model?: string | undefined;
  key?: string | undefined;
  member?: string | undefined;
  outcome?: "ok" | "failed" | "cancelled" | "interrupted" | undefined;
}

export const chargesQuery = (filter: ChargeFilter) =>
  infiniteQueryOptions({
    queryKey: ["charges", filter],
    queryFn: ({ pageParam }) =>
      ask(api.GET("/api/charges", { params: { query: { ...filter, cursor: pageParam, limit: 50 } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

export interface UsageFilter {
  start: string;
  end: string;
  model?: string | undefined;
  key?: string | undefined;
  member?: string | undefined;
  group_by: ("day" | "model" | "key" | "member")[];
}

export const usageQuery = (filter: UsageFilter) =>
  queryOptions({
    queryKey: ["usage", filter],
    queryFn: () => ask(api.GET("/api/usage", { params: { query: filter } })),
    // The last numbers stay in place while the next ones come.
    placeholderData: (before) => before,
    refetchInterval: 30_000,
  });
