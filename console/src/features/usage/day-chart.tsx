import { useMemo } from "react";
import type { Schemas } from "@/api/client";
import { stackByModel, type Measure } from "@/features/usage/figures";
import { daysOf, type Range } from "@/features/usage/range";
import { useUsageWords } from "@/features/usage/words";
import { Chart, topOf } from "@/shared/chart";
import * as format from "@/shared/format";
import { Card, Section } from "@/shared/page";
import { Segments } from "@/shared/segments";
import { useLanguage } from "@/shared/values";

interface DayChartProps {
  report: Schemas["UsageReport"];
  range: Range;
  measure: Measure;
  onMeasure: (measure: Measure) => void;
}

export function DayChart({ report, range, measure, onMeasure }: DayChartProps) {
  const words = useUsageWords();
  const language = useLanguage();
  const data = useMemo(() => {
    const at = daysOf(range);
    const series = stackByModel(report.rows, at, measure, words.others);
    const money = (micros: number) => format.money(micros, report.currency, language);
    const count = (value: number) => format.integer(value, language);
    return {
      label: words.byDay,
      stacked: true,
      whole: measure !== "cost",
      ...(measure === "cost" ? {} : { unit: words.measures[measure] }),
      at,
      series,
      format: measure === "cost" ? money : count,
      formatAxis: measure === "cost" ? format.moneyAxis(topOf(series), report.currency, language) : (value: number) => format.compact(value, language),
      formatAt: (day: string) => format.day(day, language),
    };
  }, [report, range, measure, language, words]);
  return (
    <Section title={words.byDay}>
      <Card>
        <Chart
          height={260}
          data={data}
          lead={
            <Segments
              size="small"
              aria-label={words.measure}
              value={measure}
              options={(["cost", "tokens", "calls"] as const).map((value) => ({ value, label: words.measures[value] }))}
              onChange={(value) => onMeasure(value as Measure)}
            />
          }
        />
      </Card>
    </Section>
  );
}
