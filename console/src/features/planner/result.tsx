import { Link } from "@tanstack/react-router";
import { Calculator } from "lucide-react";
import type { ReactNode } from "react";
import { asProblem } from "@/api/problem";
import { fresh } from "@/features/planner/bodies";
import type { Kind } from "@/features/planner/fields";
import { PeekText } from "@/features/planner/peek";
import styles from "@/features/planner/planner.module.css";
import type { Reasons } from "@/features/planner/queries";
import type { Search } from "@/features/planner/state";
import type { Said } from "@/features/planner/summary";
import { useSummaryWords } from "@/features/planner/summary-words";
import { usePlannerWords } from "@/features/planner/words";
import { Button } from "antd";
import { Card, Section } from "@/shared/page";
import { Bones, Empty, ErrorState, Notice, useProblemTexts } from "@/shared/states";

interface ResultProps {
  kind: Kind;
  search: Search;
  error: unknown;
  retry: () => void;
  /** The last answer stands while the next one is computed. */
  computing: boolean;
  onExample: (part: Partial<Search>) => void;
  /** The answer; nothing while the first one is computed. */
  children: ReactNode;
}

/** What comes of the inputs: nothing yet, a refusal with its reason, or the plan. */
export function Result({ kind, search, error, retry, computing, onExample, children }: ResultProps) {
  const words = usePlannerWords();
  if (search.model === undefined) return <NoModel kind={kind} onExample={onExample} />;
  if (error) return asProblem(error).status >= 500 || asProblem(error).status === 0 ? <Card padded={false}><ErrorState error={error} retry={retry} /></Card> : <Refused error={error} model={String(search.model)} />;
  if (!children) return <Card padded={false}><Bones lines={10} /></Card>;
  return (
    <div className={computing ? `${styles.answer} ${styles.computing}` : styles.answer} aria-busy={computing}>
      <span role="status" className="sr-only">
        {computing ? words.computing : ""}
      </span>
      {children}
    </div>
  );
}

function NoModel({ kind, onExample }: { kind: Kind; onExample: (part: Partial<Search>) => void }) {
  const words = usePlannerWords();
  const example = { model: "qwen3-8b", "hardware.chip": fresh["hardware.chip"] } as const;
  return (
    <Card padded={false}>
      <Empty icon={Calculator} title={words.emptyTitle} text={words.emptyText} action={<Button onClick={() => onExample(example)}>{words.example[kind]}</Button>} />
    </Card>
  );
}

/** No plan: what is missing or wrong, and what to do about it. The field that is meant says so too. */
function Refused({ error, model }: { error: unknown; model: string }) {
  const words = usePlannerWords();
  const { message, remedy, code } = useProblemTexts(error);
  const facts = code === "planner_facts_missing";
  return (
    <Section title={words.failed}>
      <Notice level="error" action={facts ? <Link className={styles.link} to="/store/$model" params={{ model }}>{words.openModel}</Link> : null}>
        <p>{message}</p>
        {remedy ? <p>{remedy}</p> : null}
      </Notice>
    </Section>
  );
}

/** The plan in plain sentences, before any number. */
export function Summary({ said }: { said: readonly Said[] }) {
  const words = useSummaryWords();
  return (
    <section className={styles.summary} aria-label={words.title}>
      <PeekText said={said} />
      <dl>
        {said.map(([title, sentences]) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd>{sentences}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** What could not be computed, and the number that it takes. */
export function Lacking({ reasons }: { reasons: Reasons }) {
  const words = usePlannerWords();
  const all = Object.entries(reasons).filter((entry): entry is [keyof typeof words.lackingWhat, NonNullable<Reasons[keyof Reasons]>] => entry[1] !== undefined);
  if (all.length === 0) return null;
  return (
    <Notice level="warning">
      {all.map(([what, { message, remedy }]) => (
        <p key={what}>
          <strong>{words.lackingWhat[what]}</strong>: {message} {remedy}
        </p>
      ))}
    </Notice>
  );
}
