import { expect, test } from "vitest";
import { csv, matches, nextSort, sortRows, type Column } from "@/shared/rows";

interface Row {
  name: string;
  used: number | null;
}
const rows: Row[] = [
  { name: "key 10", used: null },
  { name: "key 9", used: 5 },
  { name: "=SUM(A1)", used: 12 },
];
const columns: Column<Row>[] = [
  { key: "name", title: "Name", render: (row) => row.name, value: (row) => row.name, lead: true },
  { key: "used", title: "Used, at", render: () => null, value: (row) => row.used },
  { key: "menu", title: "", render: () => null },
];

test("sorting follows the number inside a name, and puts nothing before something", () => {
  expect(sortRows(rows, columns, "name").map((row) => row.name)).toEqual(["=SUM(A1)", "key 9", "key 10"]);
  expect(sortRows(rows, columns, "-used").map((row) => row.used)).toEqual([12, 5, null]);
  expect(sortRows(rows, columns, "menu")).toEqual(rows);
});

test("a column's head goes up, down, and back", () => {
  expect(nextSort(undefined, "name")).toBe("name");
  expect(nextSort("name", "name")).toBe("-name");
  expect(nextSort("-name", "name")).toBeUndefined();
});

test("a CSV file quotes, and disarms formulas", () => {
  expect(csv(rows, columns)).toBe("\uFEFFName,\"Used, at\"\r\nkey 10,\r\nkey 9,5\r\n'=SUM(A1),12\r\n");
});

test("a search needs every word, in any order and case", () => {
  expect(matches("Nightly Embeddings alice", "ALICE night")).toBe(true);
  expect(matches("Nightly", "night bob")).toBe(false);
  expect(matches("anything", "  ")).toBe(true);
});
