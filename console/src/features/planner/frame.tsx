import { useRef, useState, type ReactNode } from "react";
import { Actions } from "@/features/planner/actions";
import type { Asking } from "@/features/planner/bodies";
import { sheetOf, type Sheet } from "@/features/planner/figures";
import { Inputs } from "@/features/planner/inputs";
import { Peek, PeekPlace } from "@/features/planner/peek";
import styles from "@/features/planner/planner.module.css";
import { wrongFields, type Figure } from "@/features/planner/queries";
import { Result } from "@/features/planner/result";
import { planSnippets } from "@/features/planner/snippets";
import type { PlanState } from "@/features/planner/state";
import { UsePanel } from "@/features/planner/use-panel";
import { usePlannerWords } from "@/features/planner/words";
import { CodeTabs } from "@/shared/code";
import { Panel } from "@/shared/panel";
import { useNarrow } from "@/shared/preferences";

interface FrameProps {
  state: PlanState;
  /** What the API is asked, for those who want to ask it themselves. */
  asking: Asking;
  query: { data: unknown; error: unknown; isPlaceholderData: boolean; refetch: () => unknown };
  /** What the planner takes where a field is empty, of the newest answer that there is. */
  figures: readonly Figure[] | undefined;
  sheets?: ReadonlyMap<string, Sheet>;
  children: ReactNode;
}

const none: ReadonlyMap<string, Sheet> = new Map();

/** The form on the left, what comes of it on the right; where there is no room for two columns, one below the other. */
export function Frame({ state, asking, query, figures, sheets = none, children }: FrameProps) {
  const { shown, asked, change, go } = state;
  const { kind, body } = asking;
  const sheet = useLastSheet(figures);
  const error = asked.model === undefined ? null : query.error;
  const narrow = useNarrow();
  const [place, setPlace] = useState<HTMLElement | null>(null);
  const result = useRef<HTMLDivElement>(null);
  const goToResult = () => {
    result.current?.scrollIntoView();
    result.current?.focus({ preventScroll: true });
  };
  return (
    <>
      <Actions state={state} asking={asking} made={asked.model !== undefined && query.data !== undefined && !query.error} />
      <div className={styles.desk}>
        <div className={styles.side}>
          <div className={styles.inputs}>
            <Inputs kind={kind} shown={shown} sheet={sheet} sheets={sheets} currency={String(shown["site.currency"] ?? "USD")} wrong={wrongFields(error)} onChange={change} />
          </div>
          {narrow && asked.model !== undefined ? <Peek place={setPlace} state={error ? "failed" : query.data ? "there" : "computing"} onGo={goToResult} /> : null}
        </div>
        <PeekPlace value={place}>
          <div ref={result} className={styles.result} tabIndex={-1}>
            <Result kind={kind} search={asked} error={error} retry={() => void query.refetch()} computing={query.isPlaceholderData || shown !== asked} onExample={go}>
              {children}
            </Result>
          </div>
        </PeekPlace>
      </div>
      {asked.view === "use" ? <UsePanel onFill={go} onClose={() => go({ view: undefined })} /> : null}
      {asked.view === "code" ? <CodePanel kind={kind} body={body} onClose={() => go({ view: undefined })} /> : null}
    </>
  );
}

/** Fields go on showing what the planner took last while it has nothing to say. */
function useLastSheet(figures: readonly Figure[] | undefined): Sheet {
  const [last, setLast] = useState({ figures, sheet: sheetOf(figures ?? []) });
  if (figures && figures !== last.figures) {
    const next = { figures, sheet: sheetOf(figures) };
    setLast(next);
    return next.sheet;
  }
  return last.sheet;
}

function CodePanel({ kind, body, onClose }: { kind: Asking["kind"]; body: object; onClose: () => void }) {
  const words = usePlannerWords();
  return (
    <Panel open title={words.codeTitle} subtitle={words.codeText} onClose={onClose} width={640}>
      <CodeTabs snippets={planSnippets(location.origin, kind, body)} />
    </Panel>
  );
}
