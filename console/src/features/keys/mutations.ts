import { useQueryClient } from "@tanstack/react-query";
import { api, ask, ifMatch, type Schemas } from "@/api/client";
import { requestOf, type Key, type KeyValues } from "@/features/keys/values";

/** What can be done to keys; every change is read back. */
export function useKeyChanges() {
  const queryClient = useQueryClient();
  const again = () =>
    Promise.all([["keys"], ["limits"], ["overview"]].map((queryKey) => queryClient.invalidateQueries({ queryKey })));
  return {
    create: async (values: KeyValues): Promise<Schemas["NewKey"]> => {
      const made = await ask(api.POST("/api/keys", { body: requestOf(values, Date.now()) }));
      await again();
      return made;
    },
    change: async (key: Key, values: KeyValues) => {
      const params = { path: { id: key.id } };
      await ask(api.PATCH("/api/keys/{id}", { params, body: requestOf(values, Date.now()), headers: ifMatch(key.version) }));
      await again();
    },
    revoke: async (keys: readonly Key[]) => {
      try {
        for (const { id } of keys) await ask(api.DELETE("/api/keys/{id}", { params: { path: { id } } }));
      } finally {
        await again();
      }
    },
  };
}
