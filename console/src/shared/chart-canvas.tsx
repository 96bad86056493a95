import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { init, use as register, type ECharts } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";
import { palettes, type Palette, type Scheme } from "@/shared/palette";
import { amount, type ChartData, type Series } from "@/shared/chart";
import styles from "@/shared/chart.module.css";
import { useScheme } from "@/shared/preferences";

register([BarChart, LineChart, GridComponent, MarkLineComponent, TooltipComponent, SVGRenderer]);

/** Loaded on demand: the only file that knows ECharts. */
export default function ChartCanvas({ data, height }: { data: ChartData; height: number }) {
  const scheme = useScheme();
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts>(null);
  useEffect(() => {
    if (!place.current) return;
    const made = init(place.current, null, { renderer: "svg" });
    chart.current = made;
    const watch = new ResizeObserver(() => made.resize());
    watch.observe(place.current);
    return () => {
      watch.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, []);
  useEffect(() => {
    chart.current?.setOption(options(data, scheme), { notMerge: true });
  }, [data, scheme]);
  return <div ref={place} role="img" aria-label={data.label} style={{ height }} />;
}

function options(data: ChartData, scheme: Scheme) {
  const p = palettes[scheme];
  // Labels are measured on a canvas, which knows no "inherit".
  const text = { color: p.muted, fontSize: 12, fontFamily: getComputedStyle(document.body).fontFamily };
  const [places, amounts] = [placeAxis(data, p, text), amountAxis(data, p, text)];
  return {
    animation: false,
    textStyle: { fontFamily: "inherit" },
    grid: { left: 4, right: data.across ? (data.marks ? 84 : 24) : 12, top: data.unit || data.marks || data.here ? 30 : 12, bottom: data.places ? 24 : 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    tooltip: {
      trigger: "axis",
      confine: true,
      transitionDuration: 0,
      padding: 0,
      borderWidth: 0,
      backgroundColor: "transparent",
      extraCssText: "box-shadow: none;",
      axisPointer: { type: "line", lineStyle: { color: p.muted, type: "solid", width: 1 }, z: 0 },
      formatter: (points: { dataIndex: number }[]) => tooltip(data, points[0]?.dataIndex ?? 0),
    },
    xAxis: data.across ? amounts : places,
    yAxis: data.across ? places : amounts,
    series: data.series.map((series, i) => ({ ...one(data, series, p), ...(i === 0 ? lines(data, p, text) : {}) })),
  };
}

type Text = { color: string; fontSize: number; fontFamily: string };

function placeAxis(data: ChartData, p: Palette, text: Text) {
  return {
    type: "category",
    data: data.at,
    inverse: data.across === true,
    axisLine: { lineStyle: { color: p.line }, onZero: false },
    axisTick: { show: false },
    ...(data.places ? { name: data.places, nameLocation: "middle", nameGap: 28, nameTextStyle: text } : {}),
    axisLabel: {
      ...text,
      interval: data.across ? 0 : data.tick ? (_i: number, at: string) => data.tick?.at(at) ?? true : Math.ceil(data.at.length / 6) - 1,
      hideOverlap: true,
      formatter: data.tick?.format ?? data.formatAt,
    },
  };
}

function amountAxis(data: ChartData, p: Palette, text: Text) {
  const beyond = Math.max(0, ...(data.marks ?? []).map(({ at }) => at));
  return {
    type: data.log ? "log" : "value",
    splitNumber: 3,
    ...(data.unit && !data.across ? { name: data.unit, nameGap: 12, nameTextStyle: { ...text, align: "left", padding: [0, 0, 0, -4] } } : {}),
    ...(beyond ? { max: ({ max }: { max: number }) => Math.max(max, beyond) } : data.most ? { max: data.most, interval: data.most / 4 } : {}),
    minInterval: data.whole ? 1 : 0,
    axisLabel: { ...text, formatter: data.formatAxis, hideOverlap: true, ...(beyond ? { showMaxLabel: false } : {}) },
    splitLine: { lineStyle: { color: p.line } },
  };
}

function one(data: ChartData, series: Series, p: Palette) {
  const shared = { name: series.name, data: series.values, color: p[series.tone], emphasis: { disabled: true }, ...(data.stacked ? { stack: "all" } : {}) };
  if (data.line) return { ...shared, type: "line", symbol: "circle", symbolSize: data.at.length > 60 ? 2 : 6, lineStyle: { width: 2 } };
  return {
    ...shared,
    type: "bar",
    barCategoryGap: "36%",
    barMaxWidth: 28,
    ...(data.overlap ? { barGap: "-100%" } : {}),
    itemStyle: { borderRadius: data.stacked || data.across ? 0 : [2, 2, 0, 0] },
  };
}

/** What amounts are measured by, and the place that stands out. */
function lines(data: ChartData, p: Palette, text: Text) {
  const axis = data.across ? "xAxis" : "yAxis";
  const at = [
    // Names of neighbours turn their backs on each other.
    ...(data.marks ?? []).map((mark, i) => ({ [axis]: mark.at, name: mark.name, label: { position: data.across ? "start" : "insideEndTop", align: i === 0 ? "right" : "left" } })),
    ...(data.here ? [{ [data.across ? "yAxis" : "xAxis"]: data.here.at, name: data.here.name }] : []),
  ];
  if (at.length === 0) return {};
  return { markLine: { silent: true, symbol: "none", animation: false, data: at, label: { ...text, formatter: "{b}" }, lineStyle: { color: p.muted, type: "dashed", width: 1 } } };
}

/** Every series at the time under the pointer. Built as elements, so that no name is ever read as markup. */
function tooltip(data: ChartData, index: number): HTMLElement {
  const box = make("div", styles.tip);
  box.append(make("strong", undefined, data.formatAt(data.at[index] ?? "")));
  const list = make("dl");
  for (const series of data.series) {
    const swatch = make("i", styles.swatch);
    swatch.style.background = `var(--jx-${series.tone})`;
    const name = make("dt", undefined, series.name);
    name.prepend(swatch);
    list.append(name, make("dd", undefined, amount(data, series.values[index])));
  }
  if (data.stacked && data.series.length > 1 && data.series.some((series) => series.values[index] !== null)) {
    const sum = data.series.reduce((total, series) => total + (series.values[index] ?? 0), 0);
    list.append(make("dt", undefined, data.total), make("dd", undefined, data.format(sum)));
  }
  box.append(list);
  return box;
}

function make(tag: string, className?: string, text?: string): HTMLElement {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}
