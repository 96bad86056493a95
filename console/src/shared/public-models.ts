import { useQuery } from "@tanstack/react-query";
import { deploymentsQuery, providersQuery, routesQuery } from "@/api/queries";
import type { Kind } from "@/shared/kind-words";
import { sourceOf, type Source } from "@/shared/source";

/** A name that callers can put into the field `model`: a deployment, a provider's model, or an alias of others. */
export interface PublicModel {
  name: string;
  kinds: readonly string[];
  state: string;
  weak: boolean;
}

/** Whether a call would be taken: a provider that nobody has checked yet may well answer. */
export const isCallable = ({ state }: Pick<PublicModel, "state">): boolean => ["ready", "degraded", "unchecked"].includes(state);

/** Every public name with what it serves. An alias serves what the models behind it serve. */
export function usePublicModels(): Source & { models: PublicModel[] | undefined } {
  const routes = useQuery({ ...routesQuery, refetchInterval: 5_000 });
  const deployments = useQuery({ ...deploymentsQuery, refetchInterval: 5_000 });
  const providers = useQuery(providersQuery);
  const source = sourceOf(routes, deployments, providers);
  if (!routes.data || !deployments.data || !providers.data) return { models: undefined, ...source };
  const kinds = new Map<string, readonly string[]>([
    ...deployments.data.map(({ name, kinds: own }) => [name, own] as const),
    ...providers.data.flatMap(({ models }) => models.map(({ name, kinds: own }) => [name, own] as const)),
  ]);
  const weak = new Set(deployments.data.filter((deployment) => deployment.weak).map(({ name }) => name));
  const kindsOf = (names: readonly string[]) => [...new Set(names.flatMap((name) => kinds.get(name) ?? []))];
  const models = routes.data.map((route) => ({
    name: route.name,
    kinds: kindsOf(route.kind === "alias" ? route.targets.map(({ model }) => model) : [route.name]),
    state: route.state,
    weak: weak.has(route.name),
  }));
  return { models, ...source };
}

/** What an example may call: a chat model where there is one. */
export function useExampleModel(): PublicModel | undefined {
  const callable = usePublicModels().models?.filter(isCallable) ?? [];
  return callable.find((each) => serves(each, "chat")) ?? callable[0];
}

export const serves = (model: PublicModel, kind: Kind): boolean => model.kinds.includes(kind);
