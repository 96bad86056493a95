import { useRouteWords } from "@/features/providers/route-words";

/** How long answers are kept, in words; a time that is not among these in seconds. */
export function useCacheTimes(): { times: [number, string][]; name: (seconds: number) => string } {
  const words = useRouteWords();
  const times: [number, string][] = [
    [60, words.cacheTimes.m1],
    [600, words.cacheTimes.m10],
    [3600, words.cacheTimes.h1],
    [86_400, words.cacheTimes.d1],
  ];
  return { times, name: (seconds) => times.find(([each]) => each === seconds)?.[1] ?? words.cacheOther(String(seconds)) };
}
