import { chatRequest, type Settings } from "@/features/playground/settings";
import { messages, type Message } from "@/features/playground/thread";
import type { Chat } from "@/features/playground/use-chat";
import { usePlaygroundWords } from "@/features/playground/words";
import { CodeTabs } from "@/shared/code";
import { Panel } from "@/shared/panel";
import { snippets, type ModelCall } from "@/shared/snippets";

interface CodePanelProps {
  open: boolean;
  onClose: () => void;
  model: string;
  chat: Chat;
  settings: Settings;
}

/** The conversation as it stands, up to the last question, as a program would send it. */
export function CodePanel({ open, onClose, model, chat, settings }: CodePanelProps) {
  const words = usePlaygroundWords();
  const turns = chat.turns.at(-1)?.role === "assistant" ? chat.turns.slice(0, -1) : chat.turns;
  const example: Message = { role: "user", content: words.examples[0] ?? "" };
  const sent = turns.length ? messages(turns, settings.system) : [...messages([], settings.system), example];
  const { stream_options: _, ...body } = chatRequest(model, sent, settings);
  return (
    <Panel open={open} width={680} title={words.viewCode} subtitle={words.codeText} onClose={onClose}>
      <CodeTabs snippets={snippets(location.origin, { path: "chat/completions", body: body as ModelCall["body"] })} />
    </Panel>
  );
}
