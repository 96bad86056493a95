import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask, ifMatch, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problem";
import { every } from "@/api/query-client";
import { sample, type Sample } from "@/features/deployments/samples";

export type Deployment = Schemas["Deployment"];
export type Detail = Schemas["DeploymentDetail"];
export type Replica = Schemas["DeploymentReplica"];
export type Plan = Schemas["DeploymentPlan"];
export type Draft = Schemas["DeploymentPreviewRequest"];

/** Read each second while somebody looks at it. */
const deploymentQuery = (id: string) =>
  queryOptions({
    queryKey: ["deployments", id],
    queryFn: () => ask(api.GET("/api/deployments/{id}", { params: { path: { id } } })),
    refetchInterval: every(1_000),
  });

/** The deployment now, and what was seen of it in the last five minutes. */
export function useDeployment(id: string) {
  const queryClient = useQueryClient();
  const { data, error, refetch } = useQuery({
    ...deploymentQuery(id),
    queryFn: async (context) => {
      const found = await (deploymentQuery(id).queryFn as (context: unknown) => Promise<Detail>)(context);
      queryClient.setQueryData<Sample[]>(["samples", id], (before) => sample(before ?? [], found, Date.now()));
      return found;
    },
  });
  const samples = useQuery({ queryKey: ["samples", id], queryFn: () => [] as Sample[], enabled: false, gcTime: 300_000 }).data ?? [];
  return { data, samples, error, refetch };
}

export const previewQuery = (draft: Draft) =>
  queryOptions({
    queryKey: ["preview", draft],
    queryFn: () => ask(api.POST("/api/deployments/preview", { body: draft })),
    placeholderData: (before) => before,
    staleTime: 10_000,
  });

const path = ({ id }: Deployment) => ({ params: { path: { id } } });
const headers = ({ version }: Deployment) => (version === null ? {} : { headers: ifMatch(version) });

export function useDeploymentChanges() {
  const queryClient = useQueryClient();
  const again = () => Promise.all([["deployments"], ["routes"], ["jobs"], ["models"]].map((queryKey) => queryClient.invalidateQueries({ queryKey })));
  const told = async <T>(call: Promise<T>): Promise<T> => {
    const answer = await call.catch(async (reason: unknown) => {
      // Whoever is refused for somebody else's change is shown that change.
      if (asProblem(reason).status === 412) await again();
      throw reason;
    });
    await again();
    return answer;
  };
  return {
    create: (body: Schemas["DeploymentRequest"]) => told(ask(api.POST("/api/deployments", { body }))),
    change: (of: Deployment, body: Schemas["DeploymentRevise"]) => told(ask(api.PATCH("/api/deployments/{id}", { ...path(of), ...headers(of), body }))),
    rollBack: (of: Deployment, revision: number) => told(ask(api.POST("/api/deployments/{id}/rollback", { ...path(of), ...headers(of), body: { revision } }))),
    stop: (of: Deployment) => told(ask(api.POST("/api/deployments/{id}/stop", path(of)))),
    start: (of: Deployment) => told(ask(api.POST("/api/deployments/{id}/start", path(of)))),
    restart: (of: Deployment) => told(ask(api.POST("/api/deployments/{id}/restart", path(of)))),
    remove: (of: Deployment) => told(ask(api.DELETE("/api/deployments/{id}", { ...path(of), ...headers(of) }))),
  };
}
