import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, ask, type Schemas } from "@/api/client";
import { jobsQuery } from "@/api/queries";

export type Job = Schemas["Job"];

export const isOver = ({ finished_at }: Pick<Job, "finished_at">): boolean => finished_at !== null;

const jobQuery = (id: string) =>
  queryOptions({
    queryKey: ["jobs", id],
    queryFn: () => ask(api.GET("/api/jobs/{id}", { params: { path: { id } } })),
  });

/** The newest job that fits, among those that the house has told of lately. */
export function useNewestJob(fits: (job: Job) => boolean): Job | undefined {
  return useQuery(jobsQuery).data?.find(fits);
}

/**
 * The job as it goes on: told by its stream, or read every two seconds where no stream is to be had. A page holds at most
 * one such stream, since a browser opens few connections to one host.
 */
export function useLiveJob(known: Job): Job {
  const queryClient = useQueryClient();
  const [streaming, setStreaming] = useState(true);
  const query = jobQuery(known.id);
  const { data } = useQuery({ ...query, initialData: known, enabled: !streaming, refetchInterval: ({ state }) => (state.data && isOver(state.data) ? false : 2_000) });
  const job = data.version >= known.version ? data : known;
  const over = isOver(job);
  useEffect(() => {
    if (over || !streaming) return;
    const source = new EventSource(`/api/jobs/${known.id}/events`);
    source.addEventListener("job", ({ data: text }: MessageEvent<string>) => queryClient.setQueryData(["jobs", known.id], JSON.parse(text) as Job));
    source.addEventListener("end", () => setStreaming(false));
    source.addEventListener("error", () => source.readyState === EventSource.CLOSED && setStreaming(false));
    return () => source.close();
  }, [over, streaming, known.id, queryClient]);
  useEffect(() => {
    // What it was about has changed, and its reason comes in the reader's language.
    if (over && !isOver(known)) void Promise.all([["jobs"], ["models"], ["engines"]].map((queryKey) => queryClient.invalidateQueries({ queryKey })));
  }, [over, known, queryClient]);
  return job;
}

export function useJobChanges() {
  const queryClient = useQueryClient();
  const again = () => Promise.all([["jobs"], ["models"], ["engines"], ["batches"]].map((queryKey) => queryClient.invalidateQueries({ queryKey })));
  const begun = async (call: Promise<Job>) => {
    const job = await call;
    await again();
    return job;
  };
  const begin = (kind: "downloads" | "verifications", model: string, variant: string) =>
    begun(ask(api.POST(`/api/models/{id}/${kind}`, { params: { path: { id: model } }, body: { variant } })));
  const install = (engine: string) => begun(ask(api.POST("/api/engines/{name}/install", { params: { path: { name: engine } } })));
  return {
    download: (model: string, variant: string) => begin("downloads", model, variant),
    verify: (model: string, variant: string) => begin("verifications", model, variant),
    install,
    cancel: async ({ id }: Job) => {
      await ask(api.POST("/api/jobs/{id}/cancel", { params: { path: { id } } }));
      await again();
    },
    /** A download, a check of files or an installation is begun anew: what has come stays. Other jobs are not begun from here. */
    retry: async ({ kind, subject }: Job) => {
      if (kind === "installation") return void (await install(subject));
      const [model = "", variant = ""] = subject.split(":");
      await begin(kind === "download" ? "downloads" : "verifications", model, variant);
    },
  };
}

export const canRetry = ({ kind, state }: Job): boolean => (state === "failed" || state === "cancelled") && ["download", "verification", "installation"].includes(kind);
