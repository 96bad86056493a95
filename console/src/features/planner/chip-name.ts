import { useQuery } from "@tanstack/react-query";
import { chipsQuery } from "@/features/planner/queries";

/** What the catalogue calls a chip; its id until that is known. */
export function useChipName(id: string): string {
  return useQuery(chipsQuery).data?.find((chip) => chip.id === id)?.name ?? id;
}
