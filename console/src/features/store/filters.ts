import { accesses, enginesOf, familiesOf, hereKeys, isHere, levels, licenceClasses, sizeKeys, sizeOf, tasks } from "@/features/store/facets";
import type { Model } from "@/features/store/queries";
import { useStoreWords } from "@/features/store/words";
import type { Filter } from "@/shared/list";

export interface StoreFilters {
  task?: string | undefined;
  family?: string | undefined;
  use?: string | undefined;
  access?: string | undefined;
  level?: string | undefined;
  size?: string | undefined;
  engine?: string | undefined;
  here?: string | undefined;
}

const named = <Key extends string>(keys: readonly Key[], names: Record<Key, string>) => Object.fromEntries(keys.map((key) => [key, names[key]]));
const itself = (values: readonly string[]) => Object.fromEntries(values.map((value) => [value, value]));

/** What the rows can be narrowed down to; a value that no row has is not offered. */
export function useFilters(models: readonly Model[], search: StoreFilters): Filter<Model>[] {
  const words = useStoreWords();
  const filter = (key: keyof StoreFilters, label: string, names: Record<string, string>, keeps: (model: Model, value: string) => boolean): Filter<Model> => ({
    key,
    label,
    options: Object.entries(names)
      .filter(([value]) => value === search[key] || models.some((model) => keeps(model, value)))
      .map(([value, name]) => ({ value, label: name })),
    value: search[key],
    keeps,
  });
  return [
    filter("here", words.here, { ...named(hereKeys.filter((key) => key !== "deployed"), words.states), deployed: words.deployed }, isHere),
    filter("task", words.task, named(tasks, words.taskNames), (model, value) => model.tasks.includes(value)),
    filter("size", words.parameters, named(sizeKeys, words.sizes), (model, value) => sizeOf(model) === value),
    filter("use", words.licence, named(licenceClasses, words.licenceClasses), (model, value) => model.license_class === value),
    filter("family", words.family, itself(familiesOf(models)), (model, value) => model.family === value),
    filter("engine", words.engine, itself(enginesOf(models)), (model, value) => model.engines.includes(value)),
    filter("access", words.access, named(accesses, words.accesses), (model, value) => model.access === value),
    filter("level", words.level, named(levels, words.levels), (model, value) => model.level === value),
  ];
}
