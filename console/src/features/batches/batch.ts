import { csrfToken } from "@/api/client";
import { problemFrom } from "@/api/problem";
import { preferences } from "@/shared/preferences";
import type { JobStep, StepState } from "@/shared/job";

/** The Batch API in OpenAI's form. Moments are seconds since 1970. */
export type BatchStatus = "validating" | "failed" | "in_progress" | "finalizing" | "completed" | "expired" | "cancelling" | "cancelled";

export interface Batch {
  id: string;
  endpoint: string;
  status: BatchStatus;
  errors?: { data?: { code?: string | null; message: string; line?: number | null; param?: string | null }[] } | null;
  input_file_id: string;
  output_file_id?: string | null;
  error_file_id?: string | null;
  created_at: number;
  in_progress_at?: number | null;
  finalizing_at?: number | null;
  completed_at?: number | null;
  failed_at?: number | null;
  expires_at?: number | null;
  expired_at?: number | null;
  cancelling_at?: number | null;
  cancelled_at?: number | null;
  request_counts?: { total: number; completed: number; failed: number } | null;
  metadata?: Record<string, string> | null;
}

export const moment = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** Whether anything will still happen by itself. */
export const isRunning = ({ status }: Pick<Batch, "status">): boolean => ["validating", "in_progress", "finalizing", "cancelling"].includes(status);

export const nameOf = (batch: Pick<Batch, "id" | "metadata">): string => batch.metadata?.["name"] ?? batch.id;

const order = ["validating", "in_progress", "finalizing", "completed"] as const;

/** How far a batch has come. One that ended early failed at the step it was in. */
export function stepsOf(batch: Batch, labels: Record<(typeof order)[number], string>): JobStep[] {
  const ended = ["failed", "expired", "cancelled"].includes(batch.status);
  return order.map((key, i) => ({ key, label: labels[key], state: stateOf(i, reachedOf(batch), ended, batch.status === "completed") }));
}

/** A file that was not taken failed at its check; what is cancelled or expires does so among the requests. */
function reachedOf({ status, completed_at, finalizing_at, in_progress_at }: Batch): number {
  if (status === "failed") return 0;
  if (completed_at) return 3;
  const written = finalizing_at && status !== "cancelled" && status !== "expired";
  return written ? 2 : in_progress_at ? 1 : 0;
}

function stateOf(i: number, reached: number, ended: boolean, complete: boolean): StepState {
  if (i < reached || complete) return "done";
  if (i > reached) return "waiting";
  return ended ? "failed" : "active";
}

/** Requests a second since the batch began to run; nothing before the first is through. */
export function speedOf(batch: Batch, now: number): number | undefined {
  const through = (batch.request_counts?.completed ?? 0) + (batch.request_counts?.failed ?? 0);
  const seconds = now / 1000 - (batch.in_progress_at ?? 0);
  return batch.status === "in_progress" && batch.in_progress_at && through > 0 && seconds > 0 ? through / seconds : undefined;
}

/** One request of the model API with the console's session. */
export async function ask<T>(method: "GET" | "POST", path: string, body?: object): Promise<T> {
  const form = body instanceof FormData;
  const response = await fetch(`/v1/${path}`, {
    method,
    ...(body ? { body: form ? body : JSON.stringify(body) } : {}),
    headers: {
      "Accept-Language": preferences().language,
      ...(method === "GET" ? {} : { "X-CSRF-Token": csrfToken() }),
      ...(body && !form ? { "Content-Type": "application/json" } : {}),
    },
  });
  const answer: unknown = await response.json().catch(() => null);
  if (!response.ok) throw problemFrom(response.status, answer, response.headers.get("x-request-id"));
  return answer as T;
}

export const contentAddress = (file: string): string => `/v1/files/${encodeURIComponent(file)}/content`;
