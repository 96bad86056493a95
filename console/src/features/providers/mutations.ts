import { useQueryClient } from "@tanstack/react-query";
import { api, ask, ifMatch } from "@/api/client";
import { pricesQuery } from "@/api/queries";
import { requestOf, type Provider, type ProviderValues } from "@/features/providers/values";

/** What can be done to providers; every change is read back. */
export function useProviderChanges() {
  const queryClient = useQueryClient();
  const again = () =>
    Promise.all([["providers"], ["routes"], ["prices"], ["models"]].map((queryKey) => queryClient.invalidateQueries({ queryKey })));
  const book = async () => new Map((await queryClient.fetchQuery(pricesQuery)).map((price) => [price.model, price]));
  return {
    create: async (values: ProviderValues): Promise<Provider> => {
      const body = { ...requestOf(values, await book()), vendor: values.vendor };
      const made = await ask(api.POST("/api/providers", { body }));
      await again();
      return made;
    },
    change: async (provider: Provider, values: ProviderValues) => {
      const params = { path: { id: provider.id } };
      const body = requestOf(values, await book());
      await ask(api.PATCH("/api/providers/{id}", { params, body, headers: ifMatch(provider.version) }));
      await again();
    },
    check: async (provider: Provider) => {
      try {
        return await ask(api.POST("/api/providers/{id}/check", { params: { path: { id: provider.id } } }));
      } finally {
        await again();
      }
    },
    remove: async (provider: Provider) => {
      await ask(api.DELETE("/api/providers/{id}", { params: { path: { id: provider.id } } }));
      await again();
    },
  };
}
