import { expect, test } from "vitest";
import { barsOf, seriesOf, slots, type History } from "@/features/nodes/past";

const at = (seconds: number) => new Date(Date.UTC(2026, 10, 23, 12, 0, seconds)).toISOString();
const energy = (kwh: number | null) => ({ kwh, measured: kwh === null ? 0 : 1 });
const point = (seconds: number, load: number | null, watts: number | null) => ({ at: at(seconds), utilisation: load, used_bytes: 10, power_w: watts, energy: energy(watts) });
const place = (id: string, ...points: ReturnType<typeof point>[]) => ({ id, model: null, memory_bytes: 100, energy: energy(null), points });
const stay = (deployment: string, from: number, to: number) => ({ deployment, place: "memory", began_at: at(from), ended_at: at(to), held_bytes: 1, ongoing: false });
const names = { self: "CPUs", accelerators: "Accelerators" };

function history(...places: ReturnType<typeof place>[]): History {
  return { node: "one", since: at(0), until: at(60), step_s: 15, pace_s: 15, energy: energy(null), places, stays: [] };
}

test("a step without a sample is a gap, and the steps end with the last one that is known", () => {
  const found = history(place("memory", point(0, 0.5, null), point(30, 0.25, null)));
  expect(slots(found)).toHaveLength(3);
  expect(seriesOf(found, "load", names)).toEqual([{ name: "CPUs", tone: "light", values: [0.5, null, 0.25] }]);
});

test("nothing is drawn of what nobody said, and nothing where there is no sample", () => {
  expect(seriesOf(history(place("memory", point(0, 0.5, null))), "power", names)).toEqual([]);
  expect(slots(history())).toEqual([]);
  expect(seriesOf(history(), "load", names)).toEqual([]);
});

test("many accelerators are one line: loads on average, power as a sum, and unknown where one is", () => {
  const cards = [0, 1, 2, 3, 4].map((n) => place(`nvidia-${n}`, point(0, n / 10, 100), point(15, 1, n === 0 ? null : 100)));
  expect(seriesOf(history(...cards), "load", names)[0]?.values).toEqual([0.2, 1]);
  expect(seriesOf(history(...cards), "power", names)[0]?.values).toEqual([500, null]);
  expect(seriesOf(history(...cards.slice(0, 2)), "power", names).map(({ name }) => name)).toEqual(["nvidia-0", "nvidia-1"]);
});

test("stays of a deployment on a place share a line", () => {
  const lines = barsOf({ ...history(), stays: [stay("chat", 0, 15), stay("code", 0, 60), stay("chat", 30, 45)] });
  expect(lines.map(({ deployment, bars }) => [deployment, bars.map(({ from, to }) => [from, to])])).toEqual([
    ["chat", [[0, 0.25], [0.5, 0.75]]],
    ["code", [[0, 1]]],
  ]);
});
