import { useQuery } from "@tanstack/react-query";
import { routesQuery } from "@/api/queries";
import { sourceOf, type Source } from "@/shared/source";

/** The models that an alias may point to: every public name that is no alias itself. */
export function useModelOptions(): { options: { value: string; label: string }[]; source: Source } {
  const routes = useQuery({ ...routesQuery, refetchInterval: false });
  const options = (routes.data ?? []).filter(({ kind }) => kind !== "alias").map(({ name, source }) => ({ value: name, label: `${name} · ${source}` }));
  return { options, source: sourceOf(routes) };
}
