import { useMemo, useState } from "react";
import { filled, type Sample } from "@/features/deployments/samples";
import { useDeploymentWords } from "@/features/deployments/words";
import { Chart, type Series } from "@/shared/chart";
import * as format from "@/shared/format";
import { Card } from "@/shared/page";
import { Segments } from "@/shared/segments";
import { useLanguage } from "@/shared/values";

type Measure = "speed" | "load";

/** Tokens a second, and calls that run and wait, as they go on while the page is open. */
export function Live({ samples }: { samples: readonly Sample[] }) {
  const words = useDeploymentWords();
  const language = useLanguage();
  const [measure, setMeasure] = useState<Measure>("speed");
  const chart = useMemo(() => {
    const steps = filled(samples);
    const series: Record<Measure, Series[]> = {
      speed: [{ name: words.speed, tone: "light", values: steps.map(({ speed }) => speed) }],
      load: [
        { name: words.inFlight, tone: "light", values: steps.map(({ inFlight }) => inFlight) },
        { name: words.queued, tone: "info", values: steps.map(({ queued }) => queued) },
      ],
    };
    return {
      label: words.labels[measure],
      unit: words.units[measure],
      stacked: measure === "load",
      whole: measure === "load",
      at: steps.map(({ at }) => new Date(at).toISOString()),
      series: series[measure],
      headline: "last" as const,
      format: (value: number) => format.rate(value, language),
      formatAxis: (value: number) => format.compact(value, language),
      formatAt: (at: string) => format.time(at, "second", language),
      tick: { at: (at: string) => at.slice(17, 19) === "00", format: (at: string) => format.time(at, "minute", language) },
    };
  }, [samples, measure, language, words]);
  return (
    <Card>
      <Chart
        data={chart}
        height={150}
        lead={
          <Segments
            size="small"
            aria-label={words.traffic}
            value={measure}
            options={(["speed", "load"] as const).map((value) => ({ value, label: words.measures[value] }))}
            onChange={setMeasure}
          />
        }
      />
    </Card>
  );
}
