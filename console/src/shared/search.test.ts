import { expect, test } from "vitest";
import { flag, oneOf, ownPath, textIn } from "@/shared/search";

test("what is not understood is left out", () => {
  expect(textIn({ q: "" }, "q")).toBeUndefined();
  expect(textIn({ q: 12 }, "q")).toBe("12");
  expect(oneOf({ tab: "nonsense" }, "tab", ["usage", "prices"])).toBeUndefined();
  expect(flag({ create: "yes" }, "create")).toBeUndefined();
  expect(flag({ create: true }, "create")).toBe(true);
});

test.each(["//evil.example", "https://evil.example", String.raw`/\evil.example`, "keys"])("%s is no place to go back to", (next) => {
  expect(ownPath({ next }, "next")).toBeUndefined();
});

test("a path of the console is", () => {
  expect(ownPath({ next: "/keys?q=a" }, "next")).toBe("/keys?q=a");
});
