import { skipToken, useQuery } from "@tanstack/react-query";
import { Select } from "antd";
import { useMemo } from "react";
import { comparisonBody, fresh, isWhole, type ComparisonBody } from "@/features/planner/bodies";
import { MonthChart, MovedChart, VolumeChart } from "@/features/planner/charts";
import { sheetOf } from "@/features/planner/figures";
import { Frame } from "@/features/planner/frame";
import { useOptions } from "@/features/planner/options";
import styles from "@/features/planner/planner.module.css";
import { comparisonQuery, type Compared, type Comparison } from "@/features/planner/queries";
import { Summary } from "@/features/planner/result";
import type { PlanState } from "@/features/planner/state";
import { useComparisonSummary } from "@/features/planner/summary";
import { usePlannerWords } from "@/features/planner/words";
import { Assumed, Working } from "@/features/planner/working";
import * as format from "@/shared/format";
import { Section } from "@/shared/page";
import type { Column } from "@/shared/rows";
import { Notice } from "@/shared/states";
import { Table } from "@/shared/table";
import { useLanguage } from "@/shared/values";

export function CompareTab({ state }: { state: PlanState }) {
  const words = usePlannerWords();
  const language = useLanguage();
  const { asked } = state;
  const all = useOptions(asked.options, String(asked["hardware.chip"] ?? fresh["hardware.chip"]));
  const body = useMemo(() => comparisonBody(asked, all.filter(isWhole)), [asked, all]);
  const query = useQuery({ ...comparisonQuery(body, language), ...(asked.model === undefined || body.options.length === 0 ? { queryFn: skipToken } : {}) });
  // What the planner takes for the task shows where an option has no format of its own.
  const plain = query.data?.options.find(({ name, accelerators }) => accelerators > 0 && !all.some((option) => option.name === name && option.weights));
  const unfinished = all.filter((option) => !isWhole(option)).map(({ name }) => String(name ?? "") || words.nameless);
  const sheets = useMemo(() => new Map(query.data?.options.map(({ name, figures }) => [name, sheetOf(figures)])), [query.data]);
  return (
    <Frame state={state} asking={{ kind: "compare", body }} query={query} figures={plain?.figures} sheets={sheets}>
      {query.data ? <Found found={query.data} body={body} unfinished={unfinished} state={state} /> : null}
    </Frame>
  );
}

interface FoundProps {
  found: Comparison;
  body: ComparisonBody;
  unfinished: readonly string[];
  state: PlanState;
}

function Found({ found, body, unfinished, state }: FoundProps) {
  const words = usePlannerWords();
  const language = useLanguage();
  const every = [...new Map(found.options.flatMap(({ figures }) => figures).map((figure) => [`${figure.name} ${figure.value} ${figure.source}`, figure])).values()];
  const shown = found.options.find(({ name }) => name === state.asked.of) ?? found.options[0];
  const moving = useQuery(comparisonQuery({ ...body, tornado: shown?.name ?? null }, language));
  const moved = moving.data?.tornado ?? undefined;
  const said = useComparisonSummary(found, moved?.option === found.options[0]?.name ? moved : undefined);
  const choice = (label: string) => (
    <Select size="small" aria-label={label} value={shown?.name ?? null} options={found.options.map(({ name }) => ({ value: name, label: name }))} onChange={(of: string) => state.change({ of })} />
  );
  return (
    <>
      <Summary said={said} />
      {unfinished.length ? <Notice level="info"><p>{words.unfinished(unfinished.join(language === "zh" ? "、" : ", "))}</p></Notice> : null}
      {found.unfit.length ? (
        <Notice level="warning">
          {found.unfit.map(({ name, reason }) => (
            <p key={name}>
              <strong>{name}</strong>: {reason.message} {reason.remedy}
            </p>
          ))}
        </Notice>
      ) : null}
      <MonthChart found={found} />
      <Options found={found} />
      <VolumeChart found={found} />
      <Turns found={found} />
      {shown ? <MovedChart moved={moved} currency={found.currency} text={(cost) => words.sensitivityOf(moved?.option ?? shown.name, cost)} choice={found.options.length > 1 ? choice(words.sensitivity) : null} /> : null}
      {shown ? (
        <>
          <Assumed figures={every} />
          <Working
            figures={shown.figures}
            search={state.shown}
            onChange={state.change}
            aside={choice(words.workingOf)}
          />
        </>
      ) : null}
    </>
  );
}

function Options({ found }: { found: Comparison }) {
  const words = usePlannerWords();
  const language = useLanguage();
  const money = (value: number) => format.estimate(value, found.currency, language);
  const columns: Column<Compared>[] = [
    { key: "name", title: words.option, render: ({ name }) => name, lead: true },
    { key: "kind", title: words.kind, render: ({ kind }) => words.optionKinds[kind] },
    { key: "month", title: words.month, render: ({ month }) => money(month), align: "end" },
    { key: "variable", title: words.variableOf, render: ({ variable }) => (variable ? money(variable) : "–"), align: "end" },
    { key: "accelerators", title: words.figures.accelerators, render: ({ accelerators }) => (accelerators ? format.integer(accelerators, language) : "–"), align: "end" },
    { key: "most", title: words.most, render: ({ most_million_tokens: most }) => (most === null ? words.any : words.mostUnit(format.calculated(most, language))), align: "end" },
  ];
  return (
    <div className={styles.framed}>
      <Table label={words.optionsTitle} rows={found.options} columns={columns} rowKey={({ name }) => name} rowName={({ name }) => name} />
    </div>
  );
}

/** At which volumes the order of two turns. */
function Turns({ found }: { found: Comparison }) {
  const words = usePlannerWords();
  const language = useLanguage();
  return (
    <Section title={words.turns}>
      {found.break_evens.length ? (
        <ul className={styles.turns}>
          {found.break_evens.map(({ above, below, million_tokens: million, reached }) => (
            <li key={`${above} ${below}`}>{(reached ? words.turn : words.turnBeyond)(format.calculated(million, language), above, below)}</li>
          ))}
        </ul>
      ) : (
        <p className="muted">{words.noTurn}</p>
      )}
    </Section>
  );
}
