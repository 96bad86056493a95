import { useMemo, useState } from "react";
import { buckets, useLiveTraffic, type Bucket } from "@/features/overview/live";
import { useOverviewWords } from "@/features/overview/words";
import { Chart, type Series } from "@/shared/chart";
import * as format from "@/shared/format";
import { Card } from "@/shared/page";
import { Segments } from "@/shared/segments";
import { Bones, ErrorState } from "@/shared/states";
import { useLanguage } from "@/shared/values";

type Measure = "calls" | "tokens" | "load" | "first";
const measures: readonly Measure[] = ["calls", "tokens", "load", "first"];

/** The last five minutes as they go on. */
export function LiveTraffic() {
  const { seconds, error, retry } = useLiveTraffic();
  if (!seconds) return <Card padded={false}>{error ? <ErrorState error={error} retry={retry} /> : <Bones lines={7} />}</Card>;
  return <LiveChart steps={buckets(seconds)} />;
}

function LiveChart({ steps }: { steps: readonly Bucket[] }) {
  const words = useOverviewWords();
  const language = useLanguage();
  const [measure, setMeasure] = useState<Measure>("calls");
  const chart = useMemo(() => {
    const of = (name: string, tone: Series["tone"], pick: (step: Bucket) => number): Series => ({ name, tone, values: steps.map(pick) });
    const series: Record<Measure, Series[]> = {
      calls: [
        of(words.good, "light", (step) => step.answered),
        of(words.failed, "bad", (step) => step.errors),
        of(words.refused, "muted", (step) => step.refused),
      ],
      tokens: [of(words.inputTokens, "info", (step) => step.input), of(words.outputTokens, "light", (step) => step.output)],
      load: [of(words.running, "light", (step) => step.running), of(words.waiting, "info", (step) => step.waiting)],
      first: [of(words.firstToken, "light", (step) => step.firstToken)],
    };
    const rate = (value: number) => format.rate(value, language);
    const ms = (value: number) => (value === 0 ? "–" : format.duration(value, language));
    return {
      label: words.liveLabels[measure],
      ...(measure === "first" ? {} : { unit: words.liveUnits[measure] }),
      stacked: measure !== "first",
      whole: false,
      at: steps.map((step) => step.at),
      series: series[measure],
      headline: "last" as const,
      format: measure === "first" ? ms : rate,
      formatAxis: measure === "first" ? ms : (value: number) => (value < 10 ? format.fine(value, language) : format.compact(value, language)),
      formatAt: (at: string) => format.time(at, "second", language),
      tick: { at: (at: string) => at.slice(17, 19) === "00", format: (at: string) => format.time(at, "minute", language) },
    };
  }, [steps, measure, language, words]);
  return (
    <Card>
      <Chart
        data={chart}
        lead={
          <Segments
            size="small"
            aria-label={words.live}
            value={measure}
            options={measures.map((value) => ({ value, label: words.liveMeasures[value] }))}
            onChange={(value) => setMeasure(value as Measure)}
          />
        }
      />
    </Card>
  );
}
