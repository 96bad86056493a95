import createClient, { type Middleware } from "openapi-fetch";
import { problemFrom, ProblemError } from "@/api/problem";
import { queryClient } from "@/api/query-client";
import type { components, paths } from "@/api/schema";
import { preferences } from "@/shared/preferences";

export type Schemas = components["schemas"];
export type Session = Schemas["Session"];

export const sessionKey = ["session"] as const;

export function csrfToken(): string {
  return queryClient.getQueryData<Session | null>(sessionKey)?.csrf_token ?? "";
}

const headers: Middleware = {
  onRequest({ request }) {
    request.headers.set("Accept-Language", preferences().language);
    if (request.method === "GET") return;
    request.headers.set("X-CSRF-Token", csrfToken());
    if (request.method === "POST") request.headers.set("Idempotency-Key", crypto.randomUUID?.() ?? fallbackId());
  },
  onResponse({ response, schemaPath }) {
    if (response.status === 401 && schemaPath !== "/api/session") queryClient.setQueryData(sessionKey, null);
  },
};

/** `crypto.randomUUID` needs a secure context, and a console on a plain-http address of the house has none. */
function fallbackId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const api = createClient<paths>({ baseUrl: "" });
api.use(headers);

/** The body of a good answer; a `ProblemError` for any other. */
export async function ask<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw problemFrom(response.status, error, response.headers.get("x-request-id"));
  if (data === undefined && response.status !== 204) {
    throw new ProblemError({ status: response.status, code: "unexpected", message: "" });
  }
  return data as T;
}

/** Every page of a list, for lists short enough to search and sort in the browser. */
export async function everyPage<T>(
  page: (cursor: string | undefined) => Promise<{ items: T[]; next_cursor?: string | null }>,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const answer = await page(cursor);
    items.push(...answer.items);
    cursor = answer.next_cursor ?? undefined;
  } while (cursor !== undefined && items.length < 5000);
  return items;
}

/** Only if nobody has changed it since it was read. */
export const ifMatch = (version: number): Record<string, string> => ({ "If-Match": `"${version}"` });
