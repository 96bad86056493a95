import { useQueryClient } from "@tanstack/react-query";
import { api, ask, ifMatch } from "@/api/client";
import { requestOf, type Alias, type AliasValues } from "@/features/providers/alias-values";

/** What can be done to aliases; every change is read back. */
export function useAliasChanges() {
  const queryClient = useQueryClient();
  const again = () => Promise.all([["aliases"], ["routes"]].map((queryKey) => queryClient.invalidateQueries({ queryKey })));
  return {
    create: async (values: AliasValues) => {
      await ask(api.POST("/api/aliases", { body: requestOf(values) }));
      await again();
    },
    change: async (alias: Alias, values: AliasValues) => {
      const params = { path: { id: alias.id } };
      await ask(api.PATCH("/api/aliases/{id}", { params, body: requestOf(values), headers: ifMatch(alias.version) }));
      await again();
    },
    remove: async (alias: Alias) => {
      await ask(api.DELETE("/api/aliases/{id}", { params: { path: { id: alias.id } } }));
      await again();
    },
  };
}
