import { describe, expect, it } from "vitest";
import { filled, sample } from "@/features/deployments/samples";

const seen = (speed: number) => ({ tokens_per_second: speed, in_flight: 1, queued: 0 });

describe("samples of a deployment", () => {
  it("keep one a step, the newest", () => {
    const two = sample(sample([], seen(1), 10_000), seen(2), 11_000);
    expect(two.map(({ speed }) => speed)).toEqual([2]);
    expect(sample(two, seen(3), 12_000).map(({ at }) => at)).toEqual([10_000, 12_000]);
  });
  it("forget what is older than five minutes", () => {
    expect(sample(sample([], seen(1), 0), seen(2), 302_000)).toHaveLength(1);
  });
  it("leave a gap where nobody looked", () => {
    const steps = filled(sample(sample([], seen(4), 0), seen(5), 6_000));
    expect(steps).toHaveLength(150);
    expect(steps.slice(-4).map(({ speed }) => speed)).toEqual([4, null, null, 5]);
    expect(filled([])).toEqual([]);
  });
});
