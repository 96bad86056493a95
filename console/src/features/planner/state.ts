import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useState } from "react";

const route = getRouteApi("/console/planner");
const useAsked = () => route.useSearch();
export type Search = ReturnType<typeof useAsked>;

const RESTS_MS = 250;

export interface PlanState {
  /** What the fields show, at once. */
  shown: Search;
  /** What is asked for: the address, which follows once a change has rested. */
  asked: Search;
  change: (part: Partial<Search>) => void;
  /** To another view of it, which the back button leaves again. */
  go: (part: Partial<Search>) => void;
}

/** The whole state of the page is its address. A slider that is dragged writes it once it rests: browsers refuse more. */
export function usePlanState(): PlanState {
  const asked = useAsked();
  const navigate = route.useNavigate();
  const [draft, setDraft] = useState<Search | null>(null);
  useEffect(() => {
    if (!draft) return;
    const timer = setTimeout(async () => {
      await navigate({ search: draft, replace: true, resetScroll: false });
      setDraft((now) => (now === draft ? null : now));
    }, RESTS_MS);
    return () => clearTimeout(timer);
  }, [draft, navigate]);
  const shown = draft ?? asked;
  return {
    shown,
    asked,
    change: (part) => setDraft((now) => ({ ...(now ?? asked), ...part })),
    go: (part) => {
      setDraft(null);
      void navigate({ search: { ...shown, ...part }, resetScroll: false });
    },
  };
}
