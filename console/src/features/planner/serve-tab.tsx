import { skipToken, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { servingBody } from "@/features/planner/bodies";
import { CostChart, MemoryChart, TornadoChart } from "@/features/planner/charts";
import { servingParts, shown, sheetOf, valueIn, type Sheet } from "@/features/planner/figures";
import { Frame } from "@/features/planner/frame";
import { costsIn } from "@/features/planner/costs";
import { servingQuery, type Serving } from "@/features/planner/queries";
import { Lacking, Summary } from "@/features/planner/result";
import { useChipName } from "@/features/planner/chip-name";
import type { PlanState } from "@/features/planner/state";
import { useServingSummary } from "@/features/planner/summary";
import { usePlannerWords } from "@/features/planner/words";
import { Assumed, Working } from "@/features/planner/working";
import { Figure, Figures } from "@/shared/figure";
import * as format from "@/shared/format";
import { useLanguage } from "@/shared/values";

export function ServeTab({ state }: { state: PlanState }) {
  const language = useLanguage();
  const body = useMemo(() => servingBody(state.asked), [state.asked]);
  const query = useQuery({ ...servingQuery(body, language), ...(state.asked.model === undefined ? { queryFn: skipToken } : {}) });
  return (
    <Frame state={state} asking={{ kind: "serve", body }} query={query} figures={query.data?.figures}>
      {query.data ? <Served plan={query.data} body={body} state={state} /> : null}
    </Frame>
  );
}

function Served({ plan, body, state }: { plan: Serving; body: ReturnType<typeof servingBody>; state: PlanState }) {
  const language = useLanguage();
  const sheet = useMemo(() => sheetOf(plan.figures), [plan]);
  const { pay, pays } = costsIn(sheet, state.asked.pay);
  // Of given accelerators the cost hangs on their number alone.
  const swings = useQuery({ ...servingQuery({ ...body, tornado: pay }, language), ...(pays.length && !plan.capacity ? {} : { queryFn: skipToken }) });
  const tornado = swings.data?.tornado ?? undefined;
  const said = useServingSummary(plan, sheet, useChipName(plan.chip), tornado);
  const parts = useMemo(() => servingParts(sheet), [sheet]);
  return (
    <>
      <Summary said={said} />
      <Lacking reasons={plan.lacking} />
      <Numbers plan={plan} sheet={sheet} />
      <MemoryChart parts={parts} sheet={sheet} />
      {pays.length ? <CostChart body={body} sheet={sheet} currency={plan.currency} /> : null}
      {pays.length && !plan.capacity ? <TornadoChart tornado={tornado} currency={plan.currency} pays={pays} pay={pay} onPay={(next) => state.change({ pay: next })} /> : null}
      <Assumed figures={plan.figures} />
      <Working figures={plan.figures} search={state.shown} onChange={state.change} />
    </>
  );
}

function Numbers({ plan, sheet }: { plan: Serving; sheet: Sheet }) {
  const words = usePlannerWords();
  const language = useLanguage();
  const count = (value: number) => format.integer(value, language);
  const text = (name: string) => {
    const figure = sheet.get(name);
    if (!figure) return "–";
    return figure.unit === "1" || figure.unit.startsWith(plan.currency) ? shown({ value: figure.value, unit: figure.unit.split("/")[0] ?? "" }, language) : shown(figure, language);
  };
  const seconds = (name: string) => shown({ value: valueIn(sheet, name) ?? 0, unit: "s" }, language);
  const million = (how: string) => (sheet.has(`${how}_million`) ? words.notes.million(text(`${how}_million`)) : undefined);
  return (
    <Figures>
      {plan.capacity ? (
        <>
          <Figure name={words.figures.users} value={count(plan.capacity.users)} note={words.notes.batch(count(plan.batch))} />
          <Figure name={words.figures.longest} value={format.tokens(plan.capacity.longest_context)} unit="token" />
        </>
      ) : (
        <Figure name={words.figures.accelerators} value={count(plan.accelerators)} note={words.notes.batch(count(plan.batch))} />
      )}
      <Figure name={words.figures.replicas} value={count(plan.replicas)} note={words.notes.replicas(plan.replica)} />
      <Figure name={words.figures.first_token_seconds} value={seconds("first_token_seconds")} />
      <Figure name={words.figures.token_seconds} value={seconds("token_seconds")} />
      <Figure name={words.figures.most_output_rate} value={format.calculated(Math.round(valueIn(sheet, "most_output_rate") ?? 0), language)} note={words.notes.asked(format.calculated(valueIn(sheet, "output_rate") ?? 0, language))} />
      <Figure name={words.figures.owned_cost} value={text("owned_cost")} note={million("owned")} />
      <Figure name={words.figures.rented_cost} value={text("rented_cost")} note={million("rented")} />
      <Figure name={words.figures.energy} value={sheet.has("energy") ? format.calculated(valueIn(sheet, "energy") ?? 0, language) : "–"} unit="kWh" note={sheet.has("co2") ? words.notes.co2(`${format.calculated(valueIn(sheet, "co2") ?? 0, language)} t`) : undefined} />
    </Figures>
  );
}
