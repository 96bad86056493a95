import { expect, test } from "vitest";
import { codeLanguage, highlight } from "@/shared/highlight";

test("nothing of the text is lost", () => {
  const text = 'def f(x):  # add\n    return "a" + str(x + 12)\n';
  expect(highlight(text, "python").map(([, piece]) => piece).join("")).toBe(text);
});

test("a word inside a string stays a string", () => {
  expect(highlight('"import me"', "python")).toEqual([["string", '"import me"']]);
});

test("an unknown language stays plain", () => {
  expect(codeLanguage("brainfuck")).toBe("text");
  expect(highlight("+++", "text")).toEqual([["plain", "+++"]]);
});
