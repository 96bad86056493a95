import { queryOptions, useQueryClient } from "@tanstack/react-query";
import { api, ask as askConsole, everyPage } from "@/api/client";
import { ask, isRunning, moment, type Batch } from "@/features/batches/batch";

interface BatchList {
  data: Batch[];
  has_more: boolean;
  last_id?: string | null;
}

export const batchesQuery = queryOptions({
  queryKey: ["batches"],
  queryFn: () =>
    everyPage(async (after) => {
      const page = await ask<BatchList>("GET", `batches?limit=100${after ? `&after=${encodeURIComponent(after)}` : ""}`);
      return { items: page.data, next_cursor: page.has_more ? (page.last_id ?? page.data.at(-1)?.id ?? null) : null };
    }),
  refetchInterval: (query) => (query.state.data?.some(isRunning) ? 2_000 : 15_000),
});

/** What the ledger has charged for the calls of a batch. */
export const costQuery = (batch: Batch) =>
  queryOptions({
    queryKey: ["usage", "batch", batch.id],
    queryFn: () => askConsole(api.GET("/api/usage", { params: { query: { batch: batch.id, start: moment(batch.created_at), group_by: ["model"] } } })),
    refetchInterval: isRunning(batch) ? 5_000 : false,
  });

export function useBatchChanges() {
  const queryClient = useQueryClient();
  const again = () => Promise.all([["batches"], ["jobs"]].map((queryKey) => queryClient.invalidateQueries({ queryKey })));
  return {
    start: async (file: File, endpoint: string, name: string): Promise<Batch> => {
      const form = new FormData();
      form.set("purpose", "batch");
      form.set("file", file);
      const { id } = await ask<{ id: string }>("POST", "files", form);
      const metadata = name.trim() ? { name: name.trim() } : null;
      const batch = await ask<Batch>("POST", "batches", { input_file_id: id, endpoint, completion_window: "24h", metadata });
      await again();
      return batch;
    },
    cancel: async (batch: Batch) => {
      await ask("POST", `batches/${encodeURIComponent(batch.id)}/cancel`);
      await again();
    },
  };
}
