import type { ReactNode } from "react";

export type Cell = string | number | null;

export interface Column<Row> {
  key: string;
  title: string;
  render: (row: Row) => ReactNode;
  /** The value to sort by and to write into a CSV file. Without it the column does neither. */
  value?: (row: Row) => Cell;
  align?: "end";
  /** As narrow as its content. */
  tight?: boolean;
  /** The column that names the row: it opens it, heads its card, and cannot be hidden. */
  lead?: boolean;
  /** Not shown until somebody asks for it. */
  spare?: boolean;
  /** Left out of the cards that stand for a table on a phone. */
  roomy?: boolean;
}

/** "name" sorts up, "-name" down. */
export function sortRows<Row>(rows: readonly Row[], columns: readonly Column<Row>[], sort: string | undefined): Row[] {
  const down = sort?.startsWith("-") ?? false;
  const value = columns.find((column) => column.key === (down ? sort?.slice(1) : sort))?.value;
  if (!value) return [...rows];
  return rows.toSorted((a, b) => (down ? -1 : 1) * compareCells(value(a), value(b)));
}

function compareCells(a: Cell, b: Cell): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

/** What a click on a column's head asks for next: up, then down, then the list's own order. */
export function nextSort(current: string | undefined, key: string): string | undefined {
  if (current === key) return `-${key}`;
  return current === `-${key}` ? undefined : key;
}

function csvCell(cell: Cell): string {
  const text = cell === null ? "" : String(cell);
  // A spreadsheet runs a text that begins like a formula.
  const safe = typeof cell === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** RFC 4180, with the mark that makes spreadsheets read it as UTF-8. */
export function csv<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const written = columns.flatMap(({ title, value }) => (value ? [{ title, value }] : []));
  const lines = [written.map(({ title }) => csvCell(title)), ...rows.map((row) => written.map(({ value }) => csvCell(value(row))))];
  return `\uFEFF${lines.map((cells) => cells.join(",")).join("\r\n")}\r\n`;
}

/** Every word of the search is somewhere in the text. */
export function matches(text: string, search: string | undefined): boolean {
  const words = (search ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const haystack = text.toLowerCase();
  return words.every((word) => haystack.includes(word));
}

export function download(name: string, content: string | Blob, type = "text/csv;charset=utf-8"): void {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
