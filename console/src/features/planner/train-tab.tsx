import { skipToken, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { trainingBody } from "@/features/planner/bodies";
import { MemoryChart, TornadoChart } from "@/features/planner/charts";
import { useChipName } from "@/features/planner/chip-name";
import { costsIn } from "@/features/planner/costs";
import { useFieldWords } from "@/features/planner/field-words";
import { shown, sheetOf, trainingParts, valueIn, type Sheet } from "@/features/planner/figures";
import { Frame } from "@/features/planner/frame";
import styles from "@/features/planner/planner.module.css";
import { trainingQuery, type Training } from "@/features/planner/queries";
import { Lacking, Summary } from "@/features/planner/result";
import type { PlanState } from "@/features/planner/state";
import { useTrainingSummary } from "@/features/planner/summary";
import { usePlannerWords } from "@/features/planner/words";
import { Assumed, Working } from "@/features/planner/working";
import { Figure, Figures } from "@/shared/figure";
import * as format from "@/shared/format";
import { Section } from "@/shared/page";
import type { Column } from "@/shared/rows";
import { Table } from "@/shared/table";
import { useLanguage } from "@/shared/values";

export function TrainTab({ state }: { state: PlanState }) {
  const language = useLanguage();
  const body = useMemo(() => trainingBody(state.asked), [state.asked]);
  const query = useQuery({ ...trainingQuery(body, language), ...(state.asked.model === undefined ? { queryFn: skipToken } : {}) });
  return (
    <Frame state={state} asking={{ kind: "train", body }} query={query} figures={query.data?.figures}>
      {query.data ? <Trained plan={query.data} body={body} state={state} /> : null}
    </Frame>
  );
}

function Trained({ plan, body, state }: { plan: Training; body: ReturnType<typeof trainingBody>; state: PlanState }) {
  const language = useLanguage();
  const sheet = useMemo(() => sheetOf(plan.figures), [plan]);
  const { pay, pays } = costsIn(sheet, state.asked.pay);
  const swings = useQuery({ ...trainingQuery({ ...body, tornado: pay }, language), ...(pays.length ? {} : { queryFn: skipToken }) });
  const tornado = swings.data?.tornado ?? undefined;
  const said = useTrainingSummary(plan, sheet, useChipName(plan.chip), tornado);
  const parts = useMemo(() => trainingParts(sheet), [sheet]);
  return (
    <>
      <Summary said={said} />
      <Lacking reasons={plan.lacking} />
      <Numbers sheet={sheet} />
      <MemoryChart parts={parts} sheet={sheet} />
      {pays.length ? <TornadoChart tornado={tornado} currency={plan.currency} pays={pays} pay={pay} onPay={(next) => state.change({ pay: next })} /> : null}
      <Layouts plan={plan} />
      <Assumed figures={plan.figures} />
      <Working figures={plan.figures} search={state.shown} onChange={state.change} />
    </>
  );
}

function Numbers({ sheet }: { sheet: Sheet }) {
  const words = usePlannerWords();
  const language = useLanguage();
  const value = (name: string) => valueIn(sheet, name) ?? 0;
  const digits = (name: string) => format.calculated(value(name), language);
  const text = (name: string) => {
    const figure = sheet.get(name);
    return figure ? shown(figure, language) : "–";
  };
  return (
    <Figures>
      <Figure name={words.figures.days} value={digits("days")} unit={words.days} note={words.notes.hours(format.compact(Math.round(value("accelerator_hours")), language))} />
      <Figure name={words.figures.model_flops} value={value("model_flops").toExponential(2).replace("e+", "e")} unit="FLOP" note={words.notes.utilisation(format.percent(value("utilisation"), language))} />
      <Figure name={words.figures.needed} value={text("needed")} note={words.notes.memory(text("usable"))} />
      <Figure name={words.figures.run_rented} value={text("rented_cost")} />
      <Figure name={words.figures.run_owned} value={text("owned_cost")} />
      <Figure name={words.figures.run_energy} value={sheet.has("energy") ? format.compact(Math.round(value("energy")), language) : "–"} unit="kWh" note={sheet.has("co2") ? words.notes.co2(`${digits("co2")} t`) : undefined} />
      <Figure name={words.figures.failures} value={format.fine(value("failures"), language)} note={words.notes.interval(format.duration(value("checkpoint_interval") * 1000, language))} />
    </Figures>
  );
}

type Layout = Training["layouts"][number];

function Layouts({ plan }: { plan: Training }) {
  const words = usePlannerWords();
  const { choices } = useFieldWords();
  const count = (key: Exclude<keyof typeof words.layoutColumns, "recompute">): Column<Layout> => ({ key, title: words.layoutColumns[key], render: (layout) => layout[key], align: "end" });
  const columns: Column<Layout>[] = [
    { ...count("tensor"), lead: true, align: undefined as never },
    count("pipeline"),
    count("data"),
    count("expert"),
    count("zero"),
    count("micro_batch"),
    { key: "recompute", title: words.layoutColumns.recompute, render: ({ recompute }) => choices[recompute] ?? recompute },
  ];
  return (
    <Section title={words.layouts}>
      <p className="muted small">{words.layoutsText(plan.fitting)}</p>
      <div className={styles.framed}>
        <Table label={words.layouts} rows={plan.layouts} columns={columns} rowKey={(layout) => JSON.stringify(layout)} />
      </div>
    </Section>
  );
}
