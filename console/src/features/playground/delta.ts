import type { Answer, ToolCall } from "@/features/playground/thread";

/** What one frame of a stream adds. */
export interface Delta {
  error: unknown;
  content: string;
  tools: readonly { index?: number; id?: string; function?: { name?: string; arguments?: string } }[];
  /** Whether it carries anything of the answer itself. */
  speaks: boolean;
  finish: string | undefined;
  usage: Answer["usage"];
}

/** The answer so far and one frame more. Pieces of tool calls are joined by their index. */
export function merge(
  so: { content: string; toolCalls: readonly ToolCall[] },
  delta: Pick<Delta, "content" | "tools">,
): { content: string; toolCalls: ToolCall[] } {
  const toolCalls = [...so.toolCalls];
  for (const piece of delta.tools) {
    const at = Math.min(piece.index ?? toolCalls.length, toolCalls.length);
    const before = toolCalls[at] ?? { id: "", name: "", arguments: "" };
    toolCalls[at] = {
      id: piece.id ?? before.id,
      name: before.name + (piece.function?.name ?? ""),
      arguments: before.arguments + (piece.function?.arguments ?? ""),
    };
  }
  return { content: so.content + delta.content, toolCalls };
}

/** Tokens per second after the first: what the engine does, without the wait for it. */
export function speed(answer: Answer): number | undefined {
  const { firstTokenMs, durationMs, usage, chunks } = answer;
  const tokens = usage?.output ?? chunks;
  if (firstTokenMs === undefined || durationMs === undefined || tokens < 2) return undefined;
  const seconds = (durationMs - firstTokenMs) / 1000;
  return seconds > 0 ? (tokens - 1) / seconds : undefined;
}

/** Micro-units, reckoned as the ledger does: the exact sum, rounded up once. */
export function cost(
  usage: NonNullable<Answer["usage"]>,
  price: { input_micros: number; cached_input_micros: number; output_micros: number },
): number {
  const exact =
    BigInt(usage.input - usage.cached) * BigInt(price.input_micros) +
    BigInt(usage.cached) * BigInt(price.cached_input_micros) +
    BigInt(usage.output) * BigInt(price.output_micros);
  return Number((exact + 999_999n) / 1_000_000n);
}
