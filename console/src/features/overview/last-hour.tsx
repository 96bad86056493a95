import { useMemo, useState } from "react";
import type { Schemas } from "@/api/client";
import { useOverviewWords } from "@/features/overview/words";
import { Chart, topOf, type Series } from "@/shared/chart";
import * as format from "@/shared/format";
import { Card } from "@/shared/page";
import { Segments } from "@/shared/segments";
import { useLanguage } from "@/shared/values";

type Measure = "requests" | "tokens" | "cost";

/** The last hour by the minute. */
export function LastHour({ data }: { data: Schemas["Overview"] }) {
  const words = useOverviewWords();
  const language = useLanguage();
  const [measure, setMeasure] = useState<Measure>("requests");
  const chart = useMemo(() => {
    const of = (pick: (point: Schemas["Point"]) => number) => data.series.map(pick);
    const series: Record<Measure, Series[]> = {
      requests: [
        { name: words.good, tone: "light", values: of((point) => point.requests - point.errors) },
        { name: words.failed, tone: "bad", values: of((point) => point.errors) },
      ],
      tokens: [{ name: words.outputTokens, tone: "light", values: of((point) => point.output_tokens) }],
      cost: [{ name: words.cost, tone: "light", values: of((point) => point.cost_micros) }],
    };
    const money = (micros: number) => format.money(micros, data.currency, language);
    const count = (value: number) => format.integer(value, language);
    return {
      label: words.lastHour,
      ...(measure === "cost" ? {} : { unit: words.hourUnits[measure] }),
      stacked: measure === "requests",
      whole: measure !== "cost",
      at: data.series.map((point) => point.at),
      series: series[measure],
      format: measure === "cost" ? money : count,
      formatAxis: measure === "cost" ? format.moneyAxis(topOf(series.cost), data.currency, language) : (value: number) => format.compact(value, language),
      formatAt: (at: string) => format.time(at, "minute", language),
    };
  }, [data, measure, language, words]);
  return (
    <Card>
      <Chart
        data={chart}
        lead={
          <Segments
            size="small"
            aria-label={words.lastHour}
            value={measure}
            options={[
              { value: "requests", label: words.measureRequests },
              { value: "tokens", label: words.measureTokens },
              { value: "cost", label: words.measureCost },
            ]}
            onChange={(value) => setMeasure(value as Measure)}
          />
        }
      />
    </Card>
  );
}
