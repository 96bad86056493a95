import { BarChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { init, use as register, type ECharts } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";
import { palettes, type Scheme } from "@/shared/palette";
import { amount, type ChartData } from "@/shared/chart";
import styles from "@/shared/chart.module.css";
import { useScheme } from "@/shared/preferences";

register([BarChart, GridComponent, TooltipComponent, SVGRenderer]);

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
  const text = { color: p.muted, fontSize: 12, fontFamily: "inherit" };
  return {
    animation: false,
    textStyle: { fontFamily: "inherit" },
    grid: { left: 4, right: 12, top: data.unit ? 30 : 12, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
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
    xAxis: {
      type: "category",
      data: data.at,
      axisLine: { lineStyle: { color: p.line } },
      axisTick: { show: false },
      axisLabel: {
        ...text,
        interval: data.tick ? (_i: number, at: string) => data.tick?.at(at) ?? true : Math.ceil(data.at.length / 6) - 1,
        hideOverlap: true,
        formatter: data.tick?.format ?? data.formatAt,
      },
    },
    yAxis: {
      type: "value",
      splitNumber: 3,
      ...(data.unit ? { name: data.unit, nameGap: 12, nameTextStyle: { ...text, align: "left", padding: [0, 0, 0, -4] } } : {}),
      minInterval: data.whole ? 1 : 0,
      axisLabel: { ...text, formatter: data.formatAxis },
      splitLine: { lineStyle: { color: p.line } },
    },
    series: data.series.map((series) => ({
      name: series.name,
      type: "bar",
      data: series.values,
      ...(data.stacked ? { stack: "all" } : {}),
      color: p[series.tone],
      barCategoryGap: "36%",
      barMaxWidth: 28,
      itemStyle: { borderRadius: data.stacked ? 0 : [2, 2, 0, 0] },
      emphasis: { disabled: true },
    })),
  };
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
