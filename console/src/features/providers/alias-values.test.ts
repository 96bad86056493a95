import { describe, expect, it } from "vitest";
import { freshAlias, linesOf, requestOf, sharesOf, valuesOf, type Alias, type Route } from "@/features/providers/alias-values";

const alias: Alias = {
  id: "als_1",
  name: "chat",
  description: "",
  targets: [
    { model: "a", weight: 3 },
    { model: "b", weight: 1 },
  ],
  canary: { model: "c", percent: 20 },
  fallbacks: [{ model: "d", on: ["error"] }],
  cache_ttl_s: 60,
  retries: 2,
  hedge_after_ms: null,
  first_token_s: 30,
  enabled: true,
  created_at: "2026-11-26T00:00:00Z",
  version: 1,
};

describe("an alias in the form", () => {
  it("goes through the form unchanged", () => {
    const { id: _id, created_at: _at, version: _version, ...request } = alias;
    expect(requestOf(valuesOf(alias))).toEqual(request);
  });
  it("has no canary where none was chosen, whatever the slider says", () => {
    expect(requestOf({ ...valuesOf(alias), canary: null }).canary).toBeNull();
    expect(requestOf(freshAlias).canary).toBeNull();
  });
});

describe("the shares of an alias", () => {
  it("give the canary its part and share the rest by weight", () => {
    expect(sharesOf(alias.targets, alias.canary).map(({ share }) => Math.round(share * 100))).toEqual([60, 20, 20]);
  });
  it("are all nothing while no weight is entered", () => {
    expect(sharesOf([{ model: "a", weight: null }], null).map(({ share }) => share)).toEqual([0]);
  });
});

describe("the lines of the picture", () => {
  const route: Route = { name: "chat", kind: "alias", source: "", state: "ready", replicas: [], targets: [] };
  it("show shares first and fallbacks last, without a share", () => {
    const targets: Route["targets"] = [
      { model: "d", weight: 0, role: "fallback" },
      { model: "a", weight: 1, role: "target" },
      { model: "c", weight: 10, role: "canary" },
    ];
    expect(linesOf({ ...route, targets })).toEqual([
      { model: "a", role: "target", share: 0.9 },
      { model: "c", role: "canary", share: 0.1 },
      { model: "d", role: "fallback", share: null },
    ]);
  });
  it("lead a direct name to itself", () => {
    expect(linesOf({ ...route, kind: "deployment" })).toEqual([{ model: "chat", role: "target", share: null }]);
  });
});
