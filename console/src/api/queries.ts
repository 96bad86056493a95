import { queryOptions } from "@tanstack/react-query";
import { api, ask, everyPage, sessionKey, type Session } from "@/api/client";
import { paged } from "@/api/paged";
import { asProblem } from "@/api/problem";
import { every } from "@/api/query-client";

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
  refetchInterval: every(5_000),
});

export const aboutQuery = queryOptions({
  queryKey: ["about"],
  queryFn: () => ask(api.GET("/api/about")),
  staleTime: 60_000,
});

/** What is found for these words: the server looks in both languages. */
export const modelsQuery = (q: string) =>
  queryOptions({
    queryKey: ["models", "found", q],
    queryFn: () => everyPage((cursor) => ask(api.GET("/api/models", { params: { query: { q, cursor, limit: 200 } } }))),
    placeholderData: (before) => before,
    refetchInterval: (query) => (query.state.data?.some((model) => model.state === "downloading") ? 2_000 : 30_000),
  });

export const deploymentsQuery = queryOptions({
  queryKey: ["deployments"],
  queryFn: () =>
    everyPage((cursor) => ask(api.GET("/api/deployments", { params: { query: { cursor, limit: 200 } } }))),
  refetchInterval: every(3_000),
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

export const resourcePricesQuery = queryOptions({
  queryKey: ["resource-prices"],
  queryFn: async () => (await ask(api.GET("/api/prices/resources"))).items,
});

export const vendorsQuery = queryOptions({
  queryKey: ["vendors"],
  queryFn: async () => (await ask(api.GET("/api/vendors"))).items,
  staleTime: 600_000,
});

export const providersQuery = queryOptions({
  queryKey: ["providers"],
  queryFn: () => everyPage((cursor) => ask(api.GET("/api/providers", { params: { query: { cursor, limit: 100 } } }))),
  refetchInterval: every(10_000),
});

export const aliasesQuery = queryOptions({
  queryKey: ["aliases"],
  queryFn: () => everyPage((cursor) => ask(api.GET("/api/aliases", { params: { query: { cursor, limit: 100 } } }))),
});

/** Live: in flight, waiting and breakers change with every call. */
export const routesQuery = queryOptions({
  queryKey: ["routes"],
  queryFn: async () => (await ask(api.GET("/api/routes"))).items,
  refetchInterval: every(2_000),
});

/** What is used now changes with every call. */
export const limitsQuery = queryOptions({
  queryKey: ["limits"],
  queryFn: async () => (await ask(api.GET("/api/limits"))).items,
  refetchInterval: every(5_000),
});

export const limitQuery = (scope: string) =>
  queryOptions({
    queryKey: ["limits", scope],
    queryFn: () => ask(api.GET("/api/limits/{scope_id}", { params: { path: { scope_id: scope } } })),
    refetchInterval: every(5_000),
  });

/** The newest jobs: what goes on behind the requests. */
export const jobsQuery = queryOptions({
  queryKey: ["jobs"],
  queryFn: async () => (await ask(api.GET("/api/jobs", { params: { query: { limit: 20 } } }))).items,
  refetchInterval: (query) => (query.state.data?.some(({ finished_at }) => finished_at === null) ? 3_000 : 30_000),
});

export interface ChargeFilter {
  model?: string | undefined;
  key?: string | undefined;
  member?: string | undefined;
  outcome?: "ok" | "failed" | "cancelled" | "interrupted" | undefined;
  start: string;
  end: string;
}

export const chargesQuery = (filter: ChargeFilter) =>
  paged(["charges", filter], (cursor) => ask(api.GET("/api/charges", { params: { query: { ...filter, cursor, limit: 50 } } })));

export const traceQuery = (id: string) =>
  queryOptions({
    queryKey: ["traces", id],
    queryFn: () => ask(api.GET("/api/traces/{request_id}", { params: { path: { request_id: id } } })),
    // A call that has ended changes no more. Its trace is written within two seconds, so a miss is asked again.
    staleTime: 60_000,
    retry: (count, error) => count < 3 && [0, 404, 502, 503, 504].includes(asProblem(error).status),
    retryDelay: 900,
  });

/** The last five minutes, second by second; the stream goes on from there. */
export const trafficQuery = queryOptions({
  queryKey: ["traffic"],
  queryFn: async () => (await ask(api.GET("/api/traffic", { params: { query: { seconds: 300 } } }))).items,
});

export interface RefusalFilter {
  model?: string | undefined;
  key_id?: string | undefined;
  start: string;
  end: string;
}

/** Calls that were refused before any model was asked: they have no charge. */
export const refusalsQuery = (filter: RefusalFilter) =>
  paged(["traces", "refused", filter], (cursor) =>
    ask(api.GET("/api/traces", { params: { query: { ...filter, outcome: "refused", cursor, limit: 50 } } })),
  );

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
    refetchInterval: every(30_000),
  });
