import { useMemo } from "react";
import { measures, seriesOf, slots, type History, type Measure } from "@/features/nodes/past";
import { useNodeWords } from "@/features/nodes/words";
import { Chart } from "@/shared/chart";
import * as format from "@/shared/format";
import { Card } from "@/shared/page";
import { Segments } from "@/shared/segments";
import { useLanguage } from "@/shared/values";

const DAY_MS = 86_400_000;

/** Load, memory, power or energy over time, and what the energy was in all. */
export function PastChart({ history, measure, onMeasure }: { history: History; measure: Measure; onMeasure: (measure: Measure) => void }) {
  const words = useNodeWords();
  const language = useLanguage();
  const chart = useMemo(() => {
    const long = Date.parse(history.until) - Date.parse(history.since) > DAY_MS;
    const forms: Record<Measure, (value: number) => string> = {
      load: (value) => format.percent(value, language),
      memory: (value) => format.bytes(value, language),
      power: (value) => `${format.fine(value, language)} W`,
      energy: (value) => `${format.calculated(value, language)} kWh`,
    };
    const axes: Record<Measure, (value: number) => string> = {
      load: forms.load,
      memory: forms.memory,
      power: (value) => format.compact(value, language),
      energy: (value) => format.calculated(value, language),
    };
    return {
      label: words.measures[measure],
      ...(measure === "power" || measure === "energy" ? { unit: words.units[measure] } : {}),
      stacked: measure === "power" || measure === "energy",
      line: measure === "load" || measure === "memory",
      ...(measure === "load" ? { most: 1 } : {}),
      whole: false,
      at: slots(history).map((at) => new Date(at).toISOString()),
      series: seriesOf(history, measure, { self: words.self[measure], accelerators: words.accelerators }),
      headline: measure === "energy" ? ("sum" as const) : ("last" as const),
      format: forms[measure],
      formatAxis: axes[measure],
      formatAt: (at: string) => format.time(at, long ? "full" : "minute", language),
      ...(long ? { tick: { at: (at: string) => new Date(at).getHours() * 3600 + new Date(at).getMinutes() * 60 < history.step_s, format: (at: string) => format.time(at, "day", language) } } : {}),
    };
  }, [history, measure, language, words]);
  const { kwh, measured } = history.energy;
  return (
    <Card>
      <Chart
        data={chart}
        lead={
          <Segments size="small" aria-label={words.measure} value={measure} options={measures.map((value) => ({ value, label: words.measures[value] }))} onChange={onMeasure} />
        }
      />
      <p className="muted small">
        {kwh === null ? words.notMeasured : words.energy(format.calculated(kwh, language), format.percent(measured, language))}
      </p>
    </Card>
  );
}
