import { useQuery } from "@tanstack/react-query";
import { routesQuery } from "@/api/queries";

/** The models that an alias may point to: every public name that is no alias itself. */
export function useModelOptions(): { value: string; label: string }[] {
  const routes = useQuery({ ...routesQuery, refetchInterval: false }).data ?? [];
  return routes.filter(({ kind }) => kind !== "alias").map(({ name, source }) => ({ value: name, label: `${name} · ${source}` }));
}
