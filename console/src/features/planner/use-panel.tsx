import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { ChartColumn } from "lucide-react";
import styles from "@/features/planner/planner.module.css";
import { usedQuery, type Use } from "@/features/planner/queries";
import type { Search } from "@/features/planner/state";
import { usePlannerWords } from "@/features/planner/words";
import * as format from "@/shared/format";
import { LinkButton } from "@/shared/link-button";
import { Facts, Panel } from "@/shared/panel";
import { useMay } from "@/shared/permissions";
import { Bones, Empty, ErrorState } from "@/shared/states";
import { Money, useLanguage } from "@/shared/values";

interface UsePanelProps {
  onFill: (part: Partial<Search>) => void;
  onClose: () => void;
}

/** What the organisation asked for lately, by model: a plan begins with that instead of guesses. */
export function UsePanel({ onFill, onClose }: UsePanelProps) {
  const words = usePlannerWords();
  const all = useMay("usage.read");
  const said = all ? words.usedText : words.usedOwn;
  const { data, error, refetch } = useQuery(usedQuery);
  return (
    <Panel open title={words.usedTitle} subtitle={data ? said(data.days) : null} onClose={onClose}>
      {error ? <ErrorState error={error} retry={() => void refetch()} /> : !data ? <Bones lines={6} /> : data.items.length === 0 ? <NoUse /> : null}
      {data?.items.map((use) => (
        <OneUse key={use.model} use={use} currency={data.currency} onFill={() => onFill(taskOf(use))} />
      ))}
    </Panel>
  );
}

function NoUse() {
  const words = usePlannerWords();
  const chats = useMay("inference.use");
  return <Empty icon={ChartColumn} title={words.usedNone} text={words.usedNoneText} action={chats ? <LinkButton to="/playground">{words.usedTry}</LinkButton> : null} />;
}

/** What a plan is asked for instead: the names are the API's own. The model stays as it was where the store has none for it. */
export function taskOf({ task: { model, engine, ...rest } }: Use): Partial<Search> {
  return { ...rest, "engine.busy_hours": engine.busy_hours, ...(model === null ? {} : { model }), ask: undefined, view: undefined };
}

function OneUse({ use, currency, onFill }: { use: Use; currency: string; onFill: () => void }) {
  const words = usePlannerWords();
  const language = useLanguage();
  const count = (value: number) => format.compact(Math.round(value), language);
  return (
    <article className={styles.spent} aria-label={use.model}>
      <div className={styles.spentHead}>
        <h3>{use.model}</h3>
        <Button size="small" onClick={onFill}>
          {words.usedFill}
        </Button>
      </div>
      <Facts
        rows={[
          [words.usedOf.requests, count(use.requests)],
          [words.usedOf.input, count(use.input_tokens)],
          [words.usedOf.output, count(use.output_tokens)],
          [words.usedOf.peak, format.calculated(use.peak_requests_s, language)],
          [words.usedOf.spend, <Money key="s" micros={use.spend_micros} currency={currency} />],
          [words.usedOf.model, use.task.model ?? words.usedUnknown],
        ]}
      />
    </article>
  );
}
