import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { api, ask, everyPage, ifMatch, type Schemas } from "@/api/client";
import { useNewestJob, type Job } from "@/api/jobs";
import { jobsQuery } from "@/api/queries";

export type Model = Schemas["Model"];
export type Detail = Schemas["ModelDetail"];
export type Variant = Schemas["ModelVariant"];
export type Version = Schemas["ModelVersion"];
export type ModelDraft = Schemas["ModelRequest"];
export type VersionDraft = Schemas["ModelVersionRequest"];
export type ImportDraft = Schemas["ModelImportRequest"];

export const modelQuery = (id: string) =>
  queryOptions({
    queryKey: ["models", "one", id],
    queryFn: () => ask(api.GET("/api/models/{id}", { params: { path: { id } } })),
    refetchInterval: (query) => (query.state.data?.state === "downloading" ? 2_000 : 30_000),
  });

/** The model, once it is known too what goes on with it: so nothing moves under the reader's eyes. */
export function useModel(id: string) {
  const { data, error, refetch } = useQuery(modelQuery(id));
  const { isPending } = useQuery(jobsQuery);
  const job = useNewestJob((each) => isOfModel(each, id));
  const step = job && `${job.id} ${job.state}`;
  useEffect(() => {
    // Where a job has come a step on, there is something else here.
    if (step) void refetch();
  }, [step, refetch]);
  return { data: isPending ? undefined : data, job, error, refetch };
}

const isOfModel = ({ kind, subject }: Job, id: string): boolean => ["download", "verification", "import"].includes(kind) && subject.split(":")[0] === id;

export const versionsQuery = (id: string) =>
  queryOptions({
    queryKey: ["models", "versions", id],
    queryFn: () => everyPage((cursor) => ask(api.GET("/api/models/{id}/versions", { params: { path: { id }, query: { cursor, limit: 100 } } }))),
  });

export const comparisonQuery = (ids: readonly string[]) =>
  queryOptions({
    queryKey: ["models", "comparison", ids],
    queryFn: () => ask(api.GET("/api/comparisons", { params: { query: { ids: ids.join(",") } } })),
    enabled: ids.length >= 2,
    placeholderData: (before) => before,
  });

export function useModelChanges() {
  const queryClient = useQueryClient();
  const again = () => queryClient.invalidateQueries({ queryKey: ["models"] });
  return {
    add: async (body: ModelDraft) => {
      const made = await ask(api.POST("/api/models", { body }));
      await again();
      return made;
    },
    addVersion: async (id: string, body: VersionDraft) => {
      await ask(api.POST("/api/models/{id}/versions", { params: { path: { id } }, body }));
      await again();
    },
    bringVersion: async (id: string, body: ImportDraft) => {
      await ask(api.POST("/api/models/{id}/imports", { params: { path: { id } }, body }));
      await queryClient.invalidateQueries({ queryKey: ["jobs"] });
    },
    removeFiles: async (id: string, variant: string) => {
      await ask(api.DELETE("/api/models/{id}/files", { params: { path: { id }, query: { variant } } }));
      await again();
    },
    setStage: async (version: Version, stage: Version["stage"]) => {
      const path = { id: version.model_id, version_id: version.id };
      await ask(api.PATCH("/api/models/{id}/versions/{version_id}", { params: { path }, headers: ifMatch(version.version), body: { stage } }));
      await again();
    },
    makeDefault: async (model: Detail, version: string) => {
      const headers = model.version === null ? {} : ifMatch(model.version);
      await ask(api.PATCH("/api/models/{id}", { params: { path: { id: model.id } }, headers, body: { default_version_id: version } }));
      await again();
    },
  };
}
