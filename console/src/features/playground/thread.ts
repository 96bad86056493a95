/** A conversation as a tree: editing or retrying makes a branch, and nothing that was said is lost. */
export interface ToolCall {
  id: string;
  name: string;
  /** JSON, as the model wrote it; perhaps not finished yet. */
  arguments: string;
}

export interface Trouble {
  code: string;
  message: string;
  remedy: string | undefined;
}

/** How an answer came about. */
export interface Answer {
  state: "streaming" | "done" | "stopped" | "failed";
  model: string;
  requestId: string | undefined;
  firstTokenMs: number | undefined;
  durationMs: number | undefined;
  chunks: number;
  usage: { input: number; cached: number; output: number } | undefined;
  finish: string | undefined;
  trouble: Trouble | undefined;
}

export interface Turn {
  id: string;
  parent: string | null;
  role: "user" | "assistant" | "tool";
  content: string;
  toolCalls?: readonly ToolCall[];
  /** Of a tool's turn: the call that it answers. */
  toolCallId?: string;
  answer?: Answer;
}

export interface Thread {
  readonly turns: Readonly<Record<string, Turn>>;
  /** Of each turn, or of the root, the child that is shown. */
  readonly chosen: Readonly<Record<string, string>>;
}

export const emptyThread: Thread = { turns: {}, chosen: {} };
const ROOT = "root";

/** Adds a turn and shows it. */
export function append(thread: Thread, turn: Turn): Thread {
  return {
    turns: { ...thread.turns, [turn.id]: turn },
    chosen: { ...thread.chosen, [turn.parent ?? ROOT]: turn.id },
  };
}

export function update(thread: Thread, id: string, change: Partial<Turn>): Thread {
  const turn = thread.turns[id];
  return turn ? { ...thread, turns: { ...thread.turns, [id]: { ...turn, ...change } } } : thread;
}

/** The turns that are shown, first to last. */
export function path(thread: Thread): Turn[] {
  const shown: Turn[] = [];
  let next = thread.chosen[ROOT];
  while (next !== undefined) {
    const turn = thread.turns[next];
    if (!turn) break;
    shown.push(turn);
    next = thread.chosen[turn.id];
  }
  return shown;
}

/** From the root to this turn, whatever branch is shown. */
export function lineage(thread: Thread, id: string | null): Turn[] {
  const line: Turn[] = [];
  for (let turn = id === null ? undefined : thread.turns[id]; turn; turn = turn.parent === null ? undefined : thread.turns[turn.parent]) {
    line.unshift(turn);
  }
  return line;
}

/** The versions of a turn: those that answer or replace the same one, in the order of their making. */
export function versions(thread: Thread, turn: Turn): Turn[] {
  return Object.values(thread.turns).filter((other) => other.parent === turn.parent);
}

export function choose(thread: Thread, turn: Turn): Thread {
  return { ...thread, chosen: { ...thread.chosen, [turn.parent ?? ROOT]: turn.id } };
}

export type Message =
  | { role: "system" | "user"; content: string }
  | { role: "assistant"; content: string | null; tool_calls?: { id: string; type: "function"; function: { name: string; arguments: string } }[] }
  | { role: "tool"; content: string; tool_call_id: string };

function messageOf(turn: Turn): Message {
  if (turn.role === "tool") return { role: "tool", content: turn.content, tool_call_id: turn.toolCallId ?? "" };
  if (turn.role === "user") return { role: "user", content: turn.content };
  if (!turn.toolCalls?.length) return { role: "assistant", content: turn.content };
  return {
    role: "assistant",
    content: turn.content || null,
    tool_calls: turn.toolCalls.map((call) => ({ id: call.id, type: "function", function: { name: call.name, arguments: call.arguments } })),
  };
}

/** What is sent: the system prompt, then the line of turns. An answer that said nothing is left out. */
export function messages(line: readonly Turn[], system: string): Message[] {
  const said = line.filter((turn) => turn.role !== "assistant" || turn.content !== "" || turn.toolCalls?.length);
  return [...(system.trim() ? [{ role: "system" as const, content: system }] : []), ...said.map(messageOf)];
}

/** A thread that was kept: what was streaming when the page went is stopped now. */
export function restored(thread: Thread): Thread {
  return Object.values(thread.turns).reduce(
    (all, turn) => (turn.answer?.state === "streaming" ? update(all, turn.id, { answer: { ...turn.answer, state: "stopped" } }) : all),
    thread,
  );
}
