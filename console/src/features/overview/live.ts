import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, useSyncExternalStore } from "react";
import type { Schemas } from "@/api/client";
import { trafficQuery } from "@/api/queries";
import { useStill } from "@/shared/preferences";

export type Second = Schemas["TrafficSecond"];
const KEPT = 300;
const STILL_MS = 10_000;

function onVisibility(listener: () => void): () => void {
  document.addEventListener("visibilitychange", listener);
  return () => document.removeEventListener("visibilitychange", listener);
}

const useHidden = (): boolean => useSyncExternalStore(onVisibility, () => document.hidden);

/** The seconds with one more: the same second again takes the place of the first, and old ones fall off the end. */
export function withSecond(seconds: readonly Second[], next: Second): Second[] {
  const before = seconds.filter(({ at }) => at < next.at);
  return [...before, next].slice(-KEPT);
}

/**
 * The tenant's last five minutes, followed by a stream while the page is seen. A hidden page holds no connection and reads
 * all of it again when it is back. Where no stream is to be had, it is read every five seconds instead.
 */
export function useLiveTraffic(): { seconds: readonly Second[] | undefined; error: unknown; streaming: boolean; retry: () => void } {
  const hidden = useHidden();
  const still = useStill();
  const queryClient = useQueryClient();
  const [streaming, setStreaming] = useState(true);
  const { data, error, refetch } = useQuery({ ...trafficQuery, enabled: !hidden, staleTime: 0, refetchInterval: streaming ? false : 5_000 });
  const read = data !== undefined;
  useEffect(() => {
    if (hidden || !read || !streaming) return;
    const source = new EventSource("/api/traffic/live");
    let waiting: Second[] = [];
    let shown = 0;
    const show = () => {
      shown = Date.now();
      const news = waiting;
      waiting = [];
      queryClient.setQueryData(trafficQuery.queryKey, (before) => news.reduce<Second[]>(withSecond, before ?? []));
    };
    source.addEventListener("message", ({ data: text }: MessageEvent<string>) => {
      waiting.push(JSON.parse(text) as Second);
      // Who asked for no motion gets the picture in steps.
      if (!still || Date.now() - shown >= STILL_MS) show();
    });
    source.addEventListener("end", () => setStreaming(false));
    // The browser comes back by itself after a break; one that is closed was refused.
    source.addEventListener("error", () => source.readyState === EventSource.CLOSED && setStreaming(false));
    return () => source.close();
  }, [hidden, read, streaming, still, queryClient]);
  return { seconds: data, error, streaming, retry: () => void refetch() };
}

export interface Bucket {
  at: string;
  /** Per second, over the seconds that there are. */
  answered: number;
  errors: number;
  refused: number;
  input: number;
  output: number;
  running: number;
  waiting: number;
  /** The median of the seconds' medians; nothing where no first token came. */
  firstToken: number;
}

/** Seconds gathered in steps of the clock, so that a bar keeps its place while the next one grows. */
export function buckets(seconds: readonly Second[], step = 5): Bucket[] {
  const groups = new Map<number, Second[]>();
  for (const second of seconds) {
    const start = Math.floor(Date.parse(second.at) / (step * 1000));
    const group = groups.get(start) ?? [];
    group.push(second);
    groups.set(start, group);
  }
  return [...groups].map(([start, group]) => {
    const mean = (pick: (second: Second) => number) => group.reduce((sum, second) => sum + pick(second), 0) / group.length;
    const medians = group.flatMap(({ first_token_ms_p50 }) => (first_token_ms_p50 === null ? [] : [first_token_ms_p50])).toSorted((a, b) => a - b);
    return {
      at: new Date(start * step * 1000).toISOString(),
      answered: mean(({ calls, errors, refused }) => calls - errors - refused),
      errors: mean(({ errors }) => errors),
      refused: mean(({ refused }) => refused),
      input: mean(({ input_tokens }) => input_tokens),
      output: mean(({ output_tokens }) => output_tokens),
      running: mean(({ running }) => running),
      waiting: mean(({ waiting }) => waiting),
      firstToken: medians[Math.floor(medians.length / 2)] ?? 0,
    };
  });
}
