import { expect, test } from "vitest";
import { sourceOf } from "@/shared/source";

const query = (part: object) => ({ data: undefined, error: null, isLoading: false, refetch: () => undefined, ...part });

test("a list that came once is there, although it could not be read anew", () => {
  expect(sourceOf(query({ data: [], error: new Error("away") }))).toMatchObject({ loading: false, error: null });
});

test("of several lists those that are missing are asked for again", () => {
  const asked: string[] = [];
  const away = new Error("away");
  const source = sourceOf(query({ data: [], refetch: () => asked.push("there") }), query({ error: away, refetch: () => asked.push("missing") }), query({ isLoading: true }));
  source.retry();
  expect(source).toMatchObject({ loading: true, error: away });
  expect(asked).toEqual(["missing"]);
});
