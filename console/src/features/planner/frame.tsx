import { Button } from "antd";
import { Code2 } from "lucide-react";
import { useState, type ReactNode } from "react";
import type { Kind } from "@/features/planner/fields";
import { sheetOf, type Sheet } from "@/features/planner/figures";
import { Inputs } from "@/features/planner/inputs";
import styles from "@/features/planner/planner.module.css";
import { wrongFields, type Figure } from "@/features/planner/queries";
import { Result } from "@/features/planner/result";
import { planSnippets } from "@/features/planner/snippets";
import type { PlanState } from "@/features/planner/state";
import { usePlannerWords } from "@/features/planner/words";
import { CodeTabs } from "@/shared/code";
import { useCommonWords } from "@/shared/common-words";
import { Panel } from "@/shared/panel";

interface FrameProps {
  kind: Kind;
  state: PlanState;
  /** What the API is asked, for those who want to ask it themselves. */
  body: object;
  query: { error: unknown; isPlaceholderData: boolean; refetch: () => unknown };
  /** Of the newest answer that there is. */
  figures: readonly Figure[] | undefined;
  sheets?: ReadonlyMap<string, Sheet>;
  children: ReactNode;
}

const none: ReadonlyMap<string, Sheet> = new Map();

/** The form on the left, what comes of it on the right. */
export function Frame({ kind, state, body, query, figures, sheets = none, children }: FrameProps) {
  const { shown, asked, change, go } = state;
  const sheet = useLastSheet(figures);
  const wrong = wrongFields(asked.model === undefined ? null : query.error);
  return (
    <div className={styles.desk}>
      <div className={styles.inputs}>
        <Inputs kind={kind} shown={shown} sheet={sheet} sheets={sheets} currency={String(shown["site.currency"] ?? "USD")} wrong={wrong} onChange={change} />
      </div>
      <div className={styles.result}>
        <Result
          kind={kind}
          search={asked}
          error={asked.model === undefined ? null : query.error}
          retry={() => void query.refetch()}
          computing={query.isPlaceholderData || shown !== asked}
          onExample={go}
        >
          {children}
        </Result>
      </div>
      {asked.view === "code" ? <CodePanel kind={kind} body={body} onClose={() => go({ view: undefined })} /> : null}
    </div>
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

function CodePanel({ kind, body, onClose }: { kind: Kind; body: object; onClose: () => void }) {
  const words = usePlannerWords();
  return (
    <Panel open title={words.codeTitle} subtitle={words.codeText} onClose={onClose} width={640}>
      <CodeTabs snippets={planSnippets(location.origin, kind, body)} />
    </Panel>
  );
}

export function CodeButton({ onClick, disabled }: { onClick: () => void; disabled: boolean }) {
  const common = useCommonWords();
  return (
    <Button icon={<Code2 size={15} aria-hidden="true" />} disabled={disabled} onClick={onClick}>
      {common.viewCode}
    </Button>
  );
}
