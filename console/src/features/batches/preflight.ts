/** What a file of requests holds, read before it is sent. */
export interface Preflight {
  requests: number;
  endpoint: string | undefined;
  models: string[];
  problems: { line: number; kind: Problem }[];
}

export type Problem = "json" | "id" | "twice" | "url" | "mixed" | "body";

const record = (value: unknown): Record<string, unknown> | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;

/** Reads JSON lines: each with a `custom_id` of its own, one `url` for all, and a `body` that names a model. */
export function preflight(text: string): Preflight {
  const ids = new Set<string>();
  const models = new Set<string>();
  const problems: Preflight["problems"] = [];
  let endpoint: string | undefined;
  let requests = 0;
  for (const [i, line] of text.split("\n").entries()) {
    if (!line.trim()) continue;
    requests += 1;
    const found = (kind: Problem) => problems.push({ line: i + 1, kind });
    const request = parsed(line);
    if (!request) {
      found("json");
      continue;
    }
    const { custom_id: id, url, body } = request;
    if (typeof id !== "string" || id === "") found("id");
    else if (ids.has(id)) found("twice");
    else ids.add(id);
    if (typeof url !== "string") found("url");
    else if (endpoint !== undefined && url !== endpoint) found("mixed");
    else endpoint = url;
    const model = record(body)?.["model"];
    if (typeof model === "string") models.add(model);
    else found("body");
  }
  return { requests, endpoint, models: [...models], problems };
}

function parsed(line: string): Record<string, unknown> | null {
  try {
    return record(JSON.parse(line));
  } catch {
    return null;
  }
}
