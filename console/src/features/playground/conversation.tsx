import { Bubble, Sender, type BubbleItemType } from "@ant-design/x";
import { Button, Input } from "antd";
import { useState } from "react";
import { AnswerBody, AnswerFacts, AnswerHead } from "@/features/playground/answer";
import styles from "@/features/playground/chat.module.css";
import type { Turn } from "@/features/playground/thread";
import { TurnActions } from "@/features/playground/turn-actions";
import type { Chat } from "@/features/playground/use-chat";
import { usePlaygroundWords } from "@/features/playground/words";
import { CodeBlock } from "@/shared/code";
import { useCommonWords } from "@/shared/common-words";

interface ConversationProps {
  chat: Chat;
  ready: boolean;
  /** Why nothing can be sent now, if so. */
  blocked: string | undefined;
}

export default function Conversation({ chat, ready, blocked }: ConversationProps) {
  const words = usePlaygroundWords();
  const [draft, setDraft] = useState("");
  const [editing, setEditing] = useState<string>();
  const ask = (text: string) => {
    if (!text.trim() || blocked || !ready || chat.running) return;
    setDraft("");
    chat.ask(text.trim());
  };
  return (
    <div className={styles.conversation}>
      {chat.turns.length === 0 ? (
        <Start onPick={ask} />
      ) : (
        <Bubble.List
          autoScroll
          className={styles.list ?? ""}
          items={chat.turns.map((turn) => bubble(turn, chat, editing, setEditing))}
          role={{
            user: { placement: "end", variant: "filled" },
            ai: { placement: "start", variant: "borderless" },
            tool: { placement: "end", variant: "borderless" },
          }}
        />
      )}
      <div className={styles.foot}>
        {blocked ? <p className={styles.blocked}>{blocked}</p> : null}
        <Sender
          className={styles.sender ?? ""}
          value={draft}
          onChange={(value) => setDraft(value)}
          onSubmit={ask}
          onCancel={chat.stop}
          loading={chat.running}
          disabled={!ready}
          placeholder={words.placeholder}
          autoSize={{ minRows: 1, maxRows: 8 }}
        />
        <p className={styles.note}>{words.aiNote}</p>
      </div>
    </div>
  );
}

function bubble(turn: Turn, chat: Chat, editing: string | undefined, setEditing: (id: string | undefined) => void): BubbleItemType {
  if (turn.role === "tool") return { key: turn.id, role: "tool", content: <ToolOutput text={turn.content} /> };
  if (turn.role === "user") {
    const done = () => setEditing(undefined);
    return editing === turn.id
      ? { key: turn.id, role: "user", content: <Editor turn={turn} chat={chat} onDone={done} /> }
      : {
          key: turn.id,
          role: "user",
          content: <div className={styles.said}>{turn.content}</div>,
          footer: <TurnActions turn={turn} chat={chat} onEdit={() => setEditing(turn.id)} />,
        };
  }
  const last = chat.turns.at(-1)?.id === turn.id;
  const { answer } = turn;
  return {
    key: turn.id,
    role: "ai",
    header: answer ? <AnswerHead answer={answer} /> : null,
    content: <AnswerBody turn={turn} onTools={last ? (outputs) => chat.answerTools(turn, outputs) : undefined} />,
    footer:
      answer && answer.state !== "streaming" ? (
        <div className={styles.under}>
          <AnswerFacts answer={answer} />
          <TurnActions turn={turn} chat={chat} />
        </div>
      ) : null,
  };
}

function ToolOutput({ text }: { text: string }) {
  const words = usePlaygroundWords();
  return <CodeBlock title={words.toolOutput} text={text} language="json" />;
}

function Editor({ turn, chat, onDone }: { turn: Turn; chat: Chat; onDone: () => void }) {
  const words = usePlaygroundWords();
  const common = useCommonWords();
  const [text, setText] = useState(turn.content);
  const send = () => {
    if (!text.trim()) return;
    chat.edit(turn, text.trim());
    onDone();
  };
  return (
    <div className={styles.editor}>
      <Input.TextArea
        autoFocus
        aria-label={words.edit}
        autoSize={{ minRows: 2, maxRows: 12 }}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") onDone();
        }}
        onPressEnter={(event) => {
          if (event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      <div className={styles.editorActions}>
        <Button size="small" onClick={onDone}>
          {common.cancel}
        </Button>
        <Button size="small" type="primary" onClick={send}>
          {words.editSend}
        </Button>
      </div>
    </div>
  );
}

function Start({ onPick }: { onPick: (text: string) => void }) {
  const words = usePlaygroundWords();
  return (
    <div className={styles.start}>
      <h2>{words.emptyTitle}</h2>
      <p className="muted">{words.emptyText}</p>
      <ul>
        {words.examples.map((example) => (
          <li key={example}>
            <button type="button" className={styles.example} onClick={() => onPick(example)}>
              {example}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
