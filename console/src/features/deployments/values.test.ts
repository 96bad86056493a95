import { describe, expect, it } from "vitest";
import { differences } from "@/features/deployments/plans";
import type { Detail, Plan } from "@/features/deployments/queries";
import { draftOf, freeName, fresh, planOf, valuesOf } from "@/features/deployments/values";

const scale = { least: 1, most: 3, idle_s: 600, queue: 4, tokens_per_second: null, up_s: 10, down_s: 300 };
const plan: Plan = { model_id: "m", variant: "q4", engine: "stub", context: 2048, parallel: 2, threads: null, scale, memory_bytes: null, cpus: null, gpus: null, adapters: {}, options: null, accept_license: null };
const detail = { name: "m", description: "", plan } as Detail;

describe("a deployment's form", () => {
  it("proposes a name that nobody has", () => {
    expect(freeName("qwen3-8b", new Set())).toBe("qwen3-8b");
    expect(freeName("qwen3-8b", new Set(["qwen3-8b", "qwen3-8b-2"]))).toBe("qwen3-8b-3");
  });
  it("asks for nothing that was left empty", () => {
    const asked = planOf({ ...fresh, model_id: "m" }, null);
    expect([asked.variant, asked.engine, asked.context, asked.accept_license]).toEqual([null, null, null, null]);
    expect(asked.scale).toMatchObject({ least: 1, most: 1, idle_s: null });
  });
  it("keeps of a scale what it does not show", () => {
    expect(planOf(valuesOf(detail), null, detail).scale).toEqual(scale);
    expect(planOf({ ...valuesOf(detail), least: 5 }, null, detail).scale).toMatchObject({ least: 5, most: 5 });
  });
  it("keeps an idle time to the second, and as it was where nobody touched it", () => {
    for (const idle_s of [1, 20, 90, 90.5, null]) {
      const before = { ...detail, plan: { ...plan, scale: { ...scale, idle_s } } } as Detail;
      expect(valuesOf(before).idle_s).toBe(idle_s);
      expect(planOf(valuesOf(before), null, before).scale?.idle_s).toBe(idle_s);
    }
  });
  it("names the licence where somebody says that it covers the use", () => {
    expect(planOf({ ...fresh, accept: true }, "Fair-NC").accept_license).toBe("Fair-NC");
    expect(planOf({ ...fresh, accept: false }, "Fair-NC").accept_license).toBeNull();
  });
  it("asks for the adapters that are whole, and shows no file of the settings as a version", () => {
    const before = { ...detail, plan: { ...plan, memory_bytes: 5, gpus: 0.5, adapters: { "m:legal": "ver_1", "m:file": null } } } as Detail;
    expect(valuesOf(before)).toMatchObject({ memory_bytes: 5, gpus: 0.5, cpus: null, adapters: [{ name: "m:legal", version: "ver_1" }] });
    const values = { ...valuesOf(before), adapters: [{ name: " m:legal ", version: "ver_2" }, { name: "m:half" }, {}] };
    expect(planOf(values, null, before)).toMatchObject({ memory_bytes: 5, gpus: 0.5, adapters: { "m:legal": "ver_2" } });
    expect(differences(plan, before.plan).map(({ field, now }) => [field, now])).toEqual([
      ["memory_bytes", 5],
      ["gpus", 0.5],
      ["adapters", "m:file, m:legal = ver_1"],
    ]);
  });
  it("looks ahead once there is a model", () => {
    expect(draftOf(fresh)).toBeNull();
    expect(draftOf({ ...fresh, model_id: "m", name: " a " })).toMatchObject({ model_id: "m", name: "a" });
    expect(draftOf({ ...fresh, model_id: "m", name: "a" }, detail)).not.toHaveProperty("name");
  });
  it("judges a change with the options and the scale that stay", () => {
    const before = { ...detail, plan: { ...plan, options: { tensor_parallel: 2 } } } as Detail;
    expect(draftOf({ ...valuesOf(before), context: 4096 }, before)).toMatchObject({ context: 4096, options: { tensor_parallel: 2 }, scale });
  });
  it("calls no revision the same that changed what the form does not show", () => {
    const changed: Partial<Plan>[] = [
      { options: { tensor_parallel: 2 } },
      { accept_license: "Fair-NC" },
      ...[{ queue: 5 }, { tokens_per_second: 9 }, { up_s: 20 }, { down_s: 20 }].map((part) => ({ scale: { ...scale, ...part } })),
    ];
    expect(changed.map((part) => differences(plan, { ...plan, ...part }).map(({ field }) => field))).toEqual([["options"], ["accept_license"], ["queue"], ["tokens_per_second"], ["up_s"], ["down_s"]]);
    expect(differences(plan, { ...plan, options: {} })).toEqual([]);
  });
  it("tells what a revision changed", () => {
    expect(differences(plan, { ...plan, context: 4096, scale: { ...scale, most: 4 } })).toEqual([
      { field: "context", before: 2048, now: 4096 },
      { field: "most", before: 3, now: 4 },
    ]);
  });
});
