import { describe, expect, it } from "vitest";
import { speedOf, stepsOf, type Batch } from "@/features/batches/batch";

const labels = { validating: "v", in_progress: "p", finalizing: "f", completed: "c" };
const batch: Batch = { id: "batch_1", endpoint: "/v1/chat/completions", status: "validating", input_file_id: "file_1", created_at: 100 };
const states = (part: Partial<Batch>) => stepsOf({ ...batch, ...part }, labels).map(({ state }) => state);

describe("the steps of a batch", () => {
  it("go on one after the other", () => {
    expect(states({})).toEqual(["active", "waiting", "waiting", "waiting"]);
    expect(states({ status: "in_progress", in_progress_at: 110 })).toEqual(["done", "active", "waiting", "waiting"]);
    expect(states({ status: "completed", in_progress_at: 110, finalizing_at: 120, completed_at: 121 })).toEqual(["done", "done", "done", "done"]);
  });
  it("fail where the batch ended early", () => {
    expect(states({ status: "failed", in_progress_at: 104, finalizing_at: 105, failed_at: 105 })).toEqual(["failed", "waiting", "waiting", "waiting"]);
    expect(states({ status: "cancelled", in_progress_at: 110, finalizing_at: 114, cancelled_at: 115 })).toEqual(["done", "failed", "waiting", "waiting"]);
  });
});

describe("the speed of a batch", () => {
  it("is what went through since it began to run", () => {
    expect(speedOf({ ...batch, status: "in_progress", in_progress_at: 100, request_counts: { total: 50, completed: 8, failed: 2 } }, 105_000)).toBe(2);
  });
  it("is unknown before the first and after the last", () => {
    expect(speedOf({ ...batch, status: "in_progress", in_progress_at: 100, request_counts: { total: 50, completed: 0, failed: 0 } }, 105_000)).toBeUndefined();
    expect(speedOf({ ...batch, status: "completed", in_progress_at: 100 }, 105_000)).toBeUndefined();
  });
});
