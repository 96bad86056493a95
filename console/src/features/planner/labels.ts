import { leaf } from "@/features/planner/bodies";
import { useFieldWords } from "@/features/planner/field-words";

/** What the form calls an input that the planner names by the last part of its place. */
export function useFieldLabels(): (name: string) => string {
  const { fields, options } = useFieldWords();
  // An option of a comparison has inputs of its own; a price is of all options, so the form's goes first.
  const byLeaf = new Map([...Object.entries(options), ...Object.entries(fields)].map(([name, label]) => [leaf(name), label]));
  return (name) => (fields as Record<string, string>)[name] ?? byLeaf.get(name) ?? name;
}
