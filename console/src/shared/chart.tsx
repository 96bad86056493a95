import { ChartColumn, Table2 } from "lucide-react";
import { lazy, Suspense, useEffect, useRef, useState, type ReactNode, type RefObject } from "react";
import type { Palette } from "@/shared/palette";
import styles from "@/shared/chart.module.css";
import { useCommonWords } from "@/shared/common-words";
import { Segments } from "@/shared/segments";
import { Bones } from "@/shared/states";

const ChartCanvas = lazy(() => import("@/shared/chart-canvas"));

export interface Series {
  name: string;
  /** Null where nothing is known: a gap. */
  values: readonly (number | null)[];
  tone: keyof Palette;
}

/** Amounts by time or by another thing, as bars or lines. */
export interface ChartData {
  label: string;
  stacked: boolean;
  /** Lines in place of bars. */
  line?: boolean;
  /** Bars that lie, the first place on top: for places with long names. */
  across?: boolean;
  /** Bars of one place lie over each other, not beside. */
  overlap?: boolean;
  /** Amounts stand by their logarithm: for what spans thousands of times itself, and is never nothing. */
  log?: boolean;
  /** Amounts to measure by, such as a limit, each with its name. */
  marks?: readonly { at: number; name: string }[];
  /** A place that stands out, and why. */
  here?: { at: string; name: string };
  at: readonly string[];
  series: readonly Series[];
  /** Counts, of which there is no half. */
  whole: boolean;
  total: string;
  /** What is counted; values that are written with their unit need none. */
  unit?: string;
  /** What the places are where they are numbers: users, tokens a month. */
  places?: string;
  /** The most that an amount can be, such as a whole: the axis ends there. */
  most?: number;
  /** What stands beside a series' name: its sum, the last value of what is still going on, or nothing. */
  headline?: "sum" | "last" | "none";
  format: (value: number) => string;
  formatAxis: (value: number) => string;
  formatAt: (at: string) => string;
  /** Where the axis is labelled otherwise than at every n-th place: which places, and how. */
  tick?: { at: (at: string) => boolean; format: (at: string) => string };
}

interface ChartProps {
  data: Omit<ChartData, "total">;
  /** What stands before the labels, such as a choice of measure. */
  lead?: ReactNode;
  height?: number;
}

export const amount = (data: ChartData, value: number | null | undefined): string => (typeof value === "number" ? data.format(value) : "–");

/** The largest single value. */
export const topOf = (series: readonly Series[]): number => Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)));

/** Few series with direct labels and their sums; the same numbers as a table at a click. */
export function Chart({ data: given, lead, height = 220 }: ChartProps) {
  const words = useCommonWords();
  const [view, setView] = useState<"chart" | "table">("chart");
  const data: ChartData = { ...given, total: words.total };
  const something = data.series.some((series) => series.values.some((value) => (value ?? 0) !== 0));
  const place = useRef<HTMLDivElement>(null);
  const seen = useSeen(place, something && view === "chart");
  return (
    <figure className={styles.chart}>
      <div className={styles.head}>
        <div className={styles.lead}>
          {lead}
          <Labels data={data} />
        </div>
        <Segments
          size="small"
          aria-label={data.label}
          value={view}
          options={[
            { value: "chart", title: words.chart, icon: <ChartColumn size={14} aria-label={words.chart} className={styles.icon} /> },
            { value: "table", title: words.table, icon: <Table2 size={14} aria-label={words.table} className={styles.icon} /> },
          ]}
          onChange={(value) => setView(value as "chart" | "table")}
        />
      </div>
      {view === "table" ? (
        <Numbers data={data} height={height} />
      ) : something ? (
        <div ref={place} style={{ height }}>
          {seen ? (
            <Suspense fallback={<Bones lines={Math.floor(height / 36)} />}>
              <ChartCanvas data={data} height={height} />
            </Suspense>
          ) : null}
        </div>
      ) : (
        <div className={styles.none} style={{ height }}>
          {words.noData}
        </div>
      )}
    </figure>
  );
}

/** The drawing of charts is a third of all code: it comes once a chart is in view, or nearly so. */
function useSeen(place: RefObject<HTMLElement | null>, there: boolean): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const element = place.current;
    if (seen || !there || !element) return;
    const watch = new IntersectionObserver((entries) => setSeen(entries.some(({ isIntersecting }) => isIntersecting)), { rootMargin: "120px" });
    watch.observe(element);
    return () => watch.disconnect();
  }, [seen, there, place]);
  return seen;
}

function Labels({ data }: { data: ChartData }) {
  return (
    <ul className={styles.labels}>
      {data.series.map((series) => (
        <li key={series.name}>
          <i className={styles.swatch} style={{ background: `var(--jx-${series.tone})` }} aria-hidden="true" />
          <span className="muted">{series.name}</span>
          {data.headline === "none" ? null : <strong>{data.format(data.headline === "last" ? (series.values.at(-1) ?? 0) : series.values.reduce<number>((sum, value) => sum + (value ?? 0), 0))}</strong>}
        </li>
      ))}
    </ul>
  );
}

function Numbers({ data, height }: { data: ChartData; height: number }) {
  return (
    <div className={styles.table} style={{ height }} tabIndex={0} role="region" aria-label={data.label}>
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span className="sr-only">{data.label}</span> {data.places} {data.unit}
            </th>
            {data.series.map((series) => (
              <th key={series.name} scope="col">
                {series.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.at.map((at, i) => (
            <tr key={at}>
              <td>{data.formatAt(at)}</td>
              {data.series.map((series) => (
                <td key={series.name}>{amount(data, series.values[i])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
