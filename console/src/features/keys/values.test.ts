import { expect, test } from "vitest";
import { expiresAt, freshKey, requestOf, valuesOf, type Key } from "@/features/keys/values";

const now = Date.parse("2026-11-23T12:00:00Z");

test("an empty form's key may use every model and has no limit of its own", () => {
  expect(requestOf({ ...freshKey, name: " CI " }, now)).toEqual({
    name: "CI",
    scopes: ["chat", "completions", "embeddings", "rerank", "classify", "transcriptions", "speech", "images", "batches"],
    models: null,
    expires_at: null,
    monthly_limit_micros: null,
  });
});

test("a budget keeps its micro-units", () => {
  expect(requestOf({ ...freshKey, budget: "12.000001" }, now).monthly_limit_micros).toBe(12_000_001);
});

test("presets count from now, a date lasts to its end", () => {
  expect(expiresAt({ expiry: "d7", lastDay: "" }, now)).toBe("2026-11-30T12:00:00.000Z");
  const end = expiresAt({ expiry: "date", lastDay: "2026-12-24" }, now) ?? "";
  expect(new Date(end).getHours()).toBe(23);
  expect(new Date(end).getDate()).toBe(24);
});

test("a key read into the form and sent back says the same", () => {
  const key = {
    name: "bot",
    scopes: ["chat"],
    models: ["qwen"],
    expires_at: expiresAt({ expiry: "date", lastDay: "2027-01-31" }, now),
    monthly_limit_micros: 5_500_000,
  } as Key;
  expect(requestOf(valuesOf(key), now)).toEqual({
    name: "bot",
    scopes: ["chat"],
    models: ["qwen"],
    expires_at: key.expires_at,
    monthly_limit_micros: 5_500_000,
  });
});
