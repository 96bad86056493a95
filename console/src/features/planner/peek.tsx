import { ArrowDown } from "lucide-react";
import { createContext, useContext, type Ref } from "react";
import { createPortal } from "react-dom";
import styles from "@/features/planner/planner.module.css";
import type { Said } from "@/features/planner/summary";
import { useSummaryWords } from "@/features/planner/summary-words";
import { usePlannerWords } from "@/features/planner/words";

/** Where the answer says in short what it is, as long as there is such a place. */
export const PeekPlace = createContext<HTMLElement | null>(null);

interface PeekProps {
  place: Ref<HTMLSpanElement>;
  state: "computing" | "failed" | "there";
  onGo: () => void;
}

/** Where the answer lies below the form, its first sentences stay in sight while the form is filled in, and lead to it. */
export function Peek({ place, state, onGo }: PeekProps) {
  const words = usePlannerWords();
  const { see } = useSummaryWords();
  return (
    <button type="button" className={state === "failed" ? `${styles.peek} ${styles.peekFailed}` : styles.peek} onClick={onGo}>
      <span className={styles.peekText}>{state === "there" ? <span ref={place} /> : state === "failed" ? words.failed : words.computing}</span>
      <span className={styles.peekGo}>
        {see}
        <ArrowDown size={14} aria-hidden="true" />
      </span>
    </button>
  );
}

/** What to take and what it costs, one line each. */
export function PeekText({ said }: { said: readonly Said[] }) {
  const place = useContext(PeekPlace);
  if (!place) return null;
  return createPortal(
    said.slice(0, 2).map(([title, sentences]) => <span key={title}>{sentences} </span>),
    place,
  );
}
