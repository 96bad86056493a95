import { csrfToken } from "@/api/client";
import { asProblem, problemFrom } from "@/api/problem";
import type { ChatRequest } from "@/features/playground/settings";
import { merge, type Delta } from "@/features/playground/delta";
import type { Answer, ToolCall } from "@/features/playground/thread";
import { preferences } from "@/shared/preferences";

/** Cuts a server-sent event stream into its data, however the bytes arrive. */
export class EventReader {
  #rest = "";

  push(text: string): string[] {
    const whole = (this.#rest + text).replaceAll("\r\n", "\n");
    const events = whole.split("\n\n");
    this.#rest = events.pop() ?? "";
    return events.flatMap((event) => {
      const data = event
        .split("\n")
        .filter((line) => line.startsWith("data:"))
        .map((line) => line.slice(5).trimStart());
      return data.length ? [data.join("\n")] : [];
    });
  }
}

export interface Progress {
  content: string;
  toolCalls: ToolCall[];
  answer: Answer;
}

/** Makes the call and reports what has come so far. Resolves when the stream has ended, however it ended. */
export async function chat(body: ChatRequest, signal: AbortSignal, report: (progress: Progress) => void): Promise<void> {
  const begun = performance.now();
  let progress: Progress = { content: "", toolCalls: [], answer: freshAnswer(body.model) };
  const note = (part: Partial<Progress>, answer: Partial<Answer> = {}) => {
    progress = { ...progress, ...part, answer: { ...progress.answer, ...answer, durationMs: performance.now() - begun } };
    report(progress);
  };
  const fail = (error: unknown) => {
    const { code, message, remedy } = asProblem(error);
    note({}, { state: "failed", trouble: { code, message, remedy } });
  };
  try {
    const response = await send(body, signal);
    note({}, { requestId: response.headers.get("x-request-id") ?? undefined });
    if (!response.ok) throw problemFrom(response.status, await response.json().catch(() => null));
    for await (const data of dataOf(response)) {
      if (data === "[DONE]") return note({}, { state: "done" });
      const delta = readDelta(data);
      if (delta.error) throw problemFrom(200, { error: delta.error });
      const first = progress.answer.firstTokenMs ?? (delta.speaks ? performance.now() - begun : undefined);
      note(merge(progress, delta), {
        firstTokenMs: first,
        chunks: progress.answer.chunks + (delta.speaks ? 1 : 0),
        ...(delta.finish ? { finish: delta.finish } : {}),
        ...(delta.usage ? { usage: delta.usage } : {}),
      });
    }
    // Without its last frame a stream was cut, whatever the connection says.
    fail(problemFrom(502, { error: { code: "stream_cut", message: "" } }));
  } catch (error) {
    if (signal.aborted) note({}, { state: "stopped" });
    else fail(error);
  }
}

const freshAnswer = (model: string): Answer => ({
  state: "streaming",
  model,
  requestId: undefined,
  firstTokenMs: undefined,
  durationMs: undefined,
  chunks: 0,
  usage: undefined,
  finish: undefined,
  trouble: undefined,
});

function send(body: ChatRequest, signal: AbortSignal): Promise<Response> {
  return fetch("/v1/chat/completions", {
    method: "POST",
    signal,
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", "Accept-Language": preferences().language, "X-CSRF-Token": csrfToken() },
  });
}

async function* dataOf(response: Response): AsyncGenerator<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) return;
  const events = new EventReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield* events.push(value);
  }
}

function readDelta(data: string): Delta {
  const chunk = JSON.parse(data) as {
    error?: unknown;
    usage?: { prompt_tokens: number; completion_tokens: number; prompt_tokens_details?: { cached_tokens?: number } | null } | null;
    choices?: { delta?: { content?: string | null; tool_calls?: Delta["tools"] }; finish_reason?: string | null }[];
  };
  const choice = chunk.choices?.[0];
  const content = choice?.delta?.content ?? "";
  const tools = choice?.delta?.tool_calls ?? [];
  return {
    error: chunk.error,
    content,
    tools,
    speaks: content !== "" || tools.length > 0,
    finish: choice?.finish_reason ?? undefined,
    usage: chunk.usage
      ? {
          input: chunk.usage.prompt_tokens,
          cached: chunk.usage.prompt_tokens_details?.cached_tokens ?? 0,
          output: chunk.usage.completion_tokens,
        }
      : undefined,
  };
}
