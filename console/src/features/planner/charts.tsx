import { useQueries } from "@tanstack/react-query";
import { useMemo, type ReactNode } from "react";
import type { ServingBody } from "@/features/planner/bodies";
import { around, costAt, doublings, gib, valueIn, volumes, type Part, type Sheet } from "@/features/planner/figures";
import { useFieldLabels } from "@/features/planner/labels";
import styles from "@/features/planner/planner.module.css";
import { servingQuery, type Comparison, type Moved, type Pay, type Tornado } from "@/features/planner/queries";
import { usePlannerWords } from "@/features/planner/words";
import { Chart } from "@/shared/chart";
import * as format from "@/shared/format";
import { Card, Section } from "@/shared/page";
import { Segments } from "@/shared/segments";
import { Bones } from "@/shared/states";
import { tones } from "@/shared/tones";
import { useLanguage } from "@/shared/values";

/** What fills an accelerator, against what it has and what of that can be used. */
export function MemoryChart({ parts, sheet }: { parts: readonly Part[]; sheet: Sheet }) {
  const words = usePlannerWords();
  const language = useLanguage();
  const data = useMemo(() => {
    const size = (bytes: number) => gib(bytes, language);
    const [usable, memory] = [valueIn(sheet, "usable") ?? 0, valueIn(sheet, "memory") ?? 0];
    return {
      label: words.memory,
      stacked: true,
      across: true,
      whole: false,
      at: [words.each],
      series: parts.map(({ key, bytes }, i) => ({ name: words.parts[key] ?? key, values: [bytes], tone: tones[i % tones.length] ?? "light" })),
      marks: [
        { at: usable, name: words.usable(size(usable)) },
        { at: memory, name: words.card(size(memory)) },
      ],
      format: size,
      formatAxis: (bytes: number) => `${format.calculated(Math.round(bytes / 2 ** 30), language)} GiB`,
      formatAt: (at: string) => at,
    };
  }, [parts, sheet, words, language]);
  return (
    <Section title={words.memory}>
      <Card>
        <Chart data={data} height={130} />
      </Card>
    </Section>
  );
}

interface MovedChartProps {
  moved: Moved | undefined;
  currency: string;
  /** Whose cost, and how much it is. */
  text: (cost: string) => string;
  /** Of which cost, where there are several. */
  choice: ReactNode;
}

interface TornadoChartProps {
  tornado: Tornado | undefined;
  currency: string;
  pays: readonly Pay[];
  pay: Pay;
  onPay: (pay: Pay) => void;
}

export function TornadoChart({ tornado, currency, pays, pay, onPay }: TornadoChartProps) {
  const words = usePlannerWords();
  const choice = <Segments size="small" aria-label={words.sensitivity} value={pay} options={pays.map((value) => ({ value, label: words[value] }))} onChange={(value) => onPay(value as Pay)} />;
  return <MovedChart moved={tornado} currency={currency} text={words.sensitivityText[tornado?.pay ?? pay]} choice={pays.length > 1 ? choice : null} />;
}

const moves = ({ result_low: low, result_high: high }: Moved["swings"][number]): boolean => low !== high;

/** Each input alone a fifth less and more: how far the cost goes from what it is. */
export function MovedChart({ moved, currency, text, choice }: MovedChartProps) {
  const words = usePlannerWords();
  const labels = useFieldLabels();
  const language = useLanguage();
  const data = useMemo(() => {
    const swings = (moved?.swings ?? []).filter(moves);
    const change = (value: number) => `${value > 0 ? "+" : ""}${format.estimate(value, currency, language)}`;
    return {
      label: words.sensitivity,
      stacked: false,
      across: true,
      overlap: true,
      whole: false,
      headline: "none" as const,
      at: swings.map(({ name }) => labels(name)),
      series: [
        { name: words.less, values: swings.map(({ result_low: cost }) => cost - (moved?.cost ?? 0)), tone: "info" as const },
        { name: words.more, values: swings.map(({ result_high: cost }) => cost - (moved?.cost ?? 0)), tone: "light" as const },
      ],
      format: change,
      formatAxis: change,
      formatAt: (at: string) => at,
    };
  }, [moved, currency, words, labels, language]);
  const still = (moved?.swings ?? []).filter((swing) => !moves(swing)).map(({ name }) => labels(name));
  return (
    <Section title={words.sensitivity}>
      <Card>
        {moved ? (
          <div className={styles.swings}>
            <p className="muted small">{text(format.estimate(moved.cost, currency, language))}</p>
            <Chart data={data} height={data.at.length * 30 + 50} lead={choice} />
            {still.length ? <p className="muted small">{words.still(still.join(language === "zh" ? "、" : ", "))}</p> : null}
          </div>
        ) : (
          <Bones lines={6} />
        )}
      </Card>
    </Section>
  );
}

/** The same plan for fewer and more users, or with fewer and more calls at once: where scale stops to pay. */
export function CostChart({ body, sheet, currency }: { body: ServingBody; sheet: Sheet; currency: string }) {
  const words = usePlannerWords();
  const language = useLanguage();
  const byUsers = body.accelerators === undefined || body.accelerators === null;
  const now = valueIn(sheet, byUsers ? "users" : "batch") ?? 1;
  const at = byUsers ? around(now, 4, 3) : doublings(now);
  const asked = at.map((value): ServingBody => (byUsers ? { ...body, users: value } : { ...body, engine: { ...body.engine, max_batch: value } }));
  const { plans, pending } = useQueries({
    queries: asked.map((each) => servingQuery(each, language)),
    combine: (all) => ({ plans: all.map(({ data }) => data), pending: all.some(({ isPending }) => isPending) }),
  });
  const label = byUsers ? words.perMillionUsers : words.perMillionBatch;
  const values = (name: string) => plans.map((plan) => plan?.figures.find((figure) => figure.name === name)?.value ?? null);
  const money = (value: number) => format.estimate(value, currency, language);
  const all = [
    { name: words.owned, values: values("owned_million"), tone: "light" as const },
    { name: words.rented, values: values("rented_million"), tone: "info" as const },
  ];
  const data = {
    label,
    stacked: false,
    line: true,
    log: true,
    whole: false,
    headline: "none" as const,
    at: at.map(String),
    series: all.filter((series) => pending || series.values.some((value) => value !== null)),
    here: { at: String(now), name: words.here },
    places: byUsers ? words.users : words.calls,
    format: money,
    formatAxis: money,
    formatAt: (value: string) => `${format.compact(Number(value), language)} ${byUsers ? words.users : words.calls}`,
    tick: { at: () => true, format: (value: string) => format.compact(Number(value), language) },
  };
  return (
    <Section title={label}>
      <Card>{pending ? <Bones lines={6} /> : <Chart data={data} />}</Card>
    </Section>
  );
}

/** Each option's month: what is paid whatever comes, and what the tokens cost. */
export function MonthChart({ found }: { found: Comparison }) {
  const words = usePlannerWords();
  const language = useLanguage();
  const money = (value: number) => format.estimate(value, found.currency, language);
  const data = {
    label: words.months,
    stacked: true,
    across: true,
    whole: false,
    headline: "none" as const,
    at: found.options.map(({ name }) => name),
    series: [
      { name: words.fixed, values: found.options.map(({ fixed }) => fixed), tone: "light" as const },
      { name: words.variable, values: found.options.map(({ month, fixed }) => month - fixed), tone: "info" as const },
    ],
    format: money,
    formatAxis: money,
    formatAt: (at: string) => at,
  };
  return (
    <Section title={words.months} aside={<span className="muted small">{words.volume(format.calculated(found.million_tokens, language))}</span>}>
      <Card>
        <Chart data={data} height={Math.max(120, found.options.length * 44 + 40)} />
      </Card>
    </Section>
  );
}

/** Every option's month over the volume, as far as it can do it. */
export function VolumeChart({ found }: { found: Comparison }) {
  const words = usePlannerWords();
  const language = useLanguage();
  const at = volumes(found.million_tokens, found.break_evens.map(({ million_tokens: turn }) => turn));
  const money = (value: number) => format.estimate(value, found.currency, language);
  const data = {
    label: words.overVolume,
    stacked: false,
    line: true,
    log: true,
    whole: false,
    headline: "none" as const,
    places: words.volumeUnit,
    at: at.map(String),
    series: found.options.slice(0, tones.length).map((option, i) => ({ name: option.name, values: at.map((million) => costAt(option, million)), tone: tones[i] ?? "light" })),
    here: { at: String(found.million_tokens), name: words.here },
    format: money,
    formatAxis: money,
    formatAt: (value: string) => words.volume(format.calculated(Number(value), language)),
    tick: { at: () => true, format: (value: string) => format.calculated(Number(Number(value).toPrecision(3)), language) },
  };
  return (
    <Section title={words.overVolume}>
      <Card>
        <Chart data={data} height={260} />
      </Card>
    </Section>
  );
}
