import { useEffect, useRef, useState } from "react";
import { chatRequest, type Settings } from "@/features/playground/settings";
import { chat, type Progress } from "@/features/playground/stream";
import { append, choose, emptyThread, lineage, messages, path, restored, update, type Thread, type Turn } from "@/features/playground/thread";
import { keep, kept } from "@/features/playground/kept";

let made = 0;
const newId = (): string => `${Date.now().toString(36)}-${(made += 1)}`;

export interface Chat {
  turns: Turn[];
  thread: Thread;
  running: boolean;
  ask: (text: string) => void;
  edit: (turn: Turn, text: string) => void;
  retry: (turn: Turn) => void;
  answerTools: (turn: Turn, outputs: readonly string[]) => void;
  show: (turn: Turn) => void;
  stop: () => void;
  clear: () => void;
}

/** The conversation and what can be done to it. One answer streams at a time. */
export function useChat(model: string | undefined, settings: Settings): Chat {
  const [thread, setThread] = useState<Thread>(() => restored(kept<Thread>("thread") ?? emptyThread));
  const [running, setRunning] = useState(false);
  const abort = useRef<AbortController>(null);
  useEffect(() => {
    if (!running) keep("thread", thread);
  }, [thread, running]);
  useEffect(() => () => abort.current?.abort(), []);

  const answer = async (before: Thread, parent: string) => {
    if (!model || running) return;
    const controller = new AbortController();
    abort.current = controller;
    const id = newId();
    const body = chatRequest(model, messages(lineage(before, parent), settings.system), settings);
    const show = eachFrame((progress) => setThread((now) => put(now, id, parent, progress)));
    setThread(before);
    setRunning(true);
    await chat(body, controller.signal, show.report);
    show.flush();
    setRunning(false);
  };
  const say = (base: Thread, turn: Turn) => void answer(append(base, turn), turn.id);
  const turns = path(thread);
  return {
    turns,
    thread,
    running,
    ask: (content) => say(thread, { id: newId(), parent: turns.at(-1)?.id ?? null, role: "user", content }),
    edit: (turn, content) => say(thread, { id: newId(), parent: turn.parent, role: "user", content }),
    retry: (turn) => void (turn.parent !== null && answer(thread, turn.parent)),
    answerTools: (turn, outputs) => {
      const calls = turn.toolCalls ?? [];
      let grown = thread;
      let parent = turn.id;
      for (const [i, call] of calls.entries()) {
        const result: Turn = { id: newId(), parent, role: "tool", content: outputs[i] ?? "", toolCallId: call.id };
        grown = append(grown, result);
        parent = result.id;
      }
      void answer(grown, parent);
    },
    show: (turn) => setThread(choose(thread, turn)),
    stop: () => abort.current?.abort(),
    clear: () => {
      abort.current?.abort();
      setThread(emptyThread);
    },
  };
}

function put(thread: Thread, id: string, parent: string, { content, toolCalls, answer }: Progress): Thread {
  // Cleared or branched away meanwhile: what still comes belongs to nobody.
  if (!thread.turns[parent]) return thread;
  if (thread.turns[id]) return update(thread, id, { content, toolCalls, answer });
  return append(thread, { id, parent, role: "assistant", content, toolCalls, answer });
}

/** At most one drawing per frame, however fast the tokens come. */
function eachFrame(draw: (progress: Progress) => void): { report: (progress: Progress) => void; flush: () => void } {
  let latest: Progress | undefined;
  let asked = 0;
  const flush = () => {
    cancelAnimationFrame(asked);
    asked = 0;
    if (latest) draw(latest);
    latest = undefined;
  };
  return {
    report: (progress) => {
      latest = progress;
      asked ||= requestAnimationFrame(flush);
    },
    flush,
  };
}
