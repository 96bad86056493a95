import { useQueryClient } from "@tanstack/react-query";
import { api, ask, ifMatch } from "@/api/client";
import { requestOf, type Limit, type LimitValues } from "@/features/limits/values";

export function useLimitChange() {
  const queryClient = useQueryClient();
  return async (limit: Limit, values: LimitValues) => {
    const params = { path: { scope_id: limit.scope_id } };
    await ask(api.PUT("/api/limits/{scope_id}", { params, body: requestOf(values), headers: ifMatch(limit.version) }));
    await Promise.all([["limits"], ["overview"], ["keys"]].map((queryKey) => queryClient.invalidateQueries({ queryKey })));
  };
}
