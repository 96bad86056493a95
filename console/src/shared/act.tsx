import { useState, type ReactNode } from "react";
import { ProblemNotice } from "@/shared/states";

/** A change at a button: whether it goes on, and what the server had against it. */
export function useAct(): { act: (change: () => Promise<unknown>) => Promise<void>; working: boolean; failure: ReactNode } {
  const [working, setWorking] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const act = async (change: () => Promise<unknown>) => {
    setWorking(true);
    setError(null);
    try {
      await change();
    } catch (reason) {
      setError(reason);
    } finally {
      setWorking(false);
    }
  };
  return { act, working, failure: error ? <ProblemNotice error={error} /> : null };
}
