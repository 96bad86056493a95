export const MOST_LINES = 5_000;

/** The lines with what came; a line that was not finished comes again when it has grown. */
export function withLines(before: readonly string[], news: readonly string[]): string[] {
  const last = before.at(-1);
  const [first] = news;
  const grown = last !== undefined && last !== "" && first !== undefined && first !== last && first.startsWith(last);
  return [...(grown ? before.slice(0, -1) : before), ...news].slice(-MOST_LINES);
}

export function holding(lines: readonly string[], text: string): readonly string[] {
  const wanted = text.trim().toLowerCase();
  return wanted ? lines.filter((line) => line.toLowerCase().includes(wanted)) : lines;
}
