import { describe, expect, test } from "vitest";
import { contrast, mix, onFill, palettes, type Scheme } from "@/shared/palette";

describe.each(["light", "dark"] as Scheme[])("the %s palette", (scheme) => {
  const p = palettes[scheme];

  test.each(["ink", "muted", "light", "good", "warn", "bad", "info"] as const)("%s reads on every ground", (name) => {
    for (const ground of [p.paper, p.surface]) {
      expect(contrast(p[name], ground)).toBeGreaterThanOrEqual(4.5);
    }
  });

  test.each(["light", "bad", "good"] as const)("text on a filled %s reads", (name) => {
    expect(contrast(onFill(p[name]), p[name])).toBeGreaterThanOrEqual(4.5);
  });

  test("muted text reads on a hovered row", () => {
    expect(contrast(p.muted, mix(p.ink, p.paper, 0.05))).toBeGreaterThanOrEqual(4.5);
  });
});

test("mix is exact at its ends", () => {
  expect(mix("#123456", "#FFFFFF", 1)).toBe("#123456");
  expect(mix("#123456", "#FFFFFF", 0)).toBe("#FFFFFF");
});
