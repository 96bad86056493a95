import { Button, Tooltip } from "antd";
import { ChevronLeft, ChevronRight, Pencil, RotateCcw } from "lucide-react";
import type { ReactNode } from "react";
import styles from "@/features/playground/chat.module.css";
import { versions, type Turn } from "@/features/playground/thread";
import type { Chat } from "@/features/playground/use-chat";
import { usePlaygroundWords } from "@/features/playground/words";
import { CopyButton } from "@/shared/copy";

function Action({ label, icon, onClick, disabled = false }: { label: string; icon: ReactNode; onClick: () => void; disabled?: boolean }) {
  return (
    <Tooltip title={label}>
      <Button type="text" size="small" aria-label={label} icon={icon} disabled={disabled} onClick={onClick} />
    </Tooltip>
  );
}

/** Copy, retry or edit, and the other versions of this turn. */
export function TurnActions({ turn, chat, onEdit }: { turn: Turn; chat: Chat; onEdit?: () => void }) {
  const words = usePlaygroundWords();
  return (
    <div className={styles.actions}>
      <Versions turn={turn} chat={chat} />
      <CopyButton text={turn.content} />
      {onEdit ? <Action label={words.edit} icon={<Pencil size={14} aria-hidden="true" />} disabled={chat.running} onClick={onEdit} /> : null}
      {turn.role === "assistant" ? (
        <Action label={words.retry} icon={<RotateCcw size={14} aria-hidden="true" />} disabled={chat.running} onClick={() => chat.retry(turn)} />
      ) : null}
    </div>
  );
}

function Versions({ turn, chat }: { turn: Turn; chat: Chat }) {
  const words = usePlaygroundWords();
  const all = versions(chat.thread, turn);
  const at = all.findIndex(({ id }) => id === turn.id);
  const [before, after] = [all[at - 1], all[at + 1]];
  if (all.length < 2) return null;
  return (
    <>
      <Action
        label={words.previous}
        icon={<ChevronLeft size={14} aria-hidden="true" />}
        disabled={!before || chat.running}
        onClick={() => before && chat.show(before)}
      />
      <span className="muted small">{words.version(at + 1, all.length)}</span>
      <Action
        label={words.next}
        icon={<ChevronRight size={14} aria-hidden="true" />}
        disabled={!after || chat.running}
        onClick={() => after && chat.show(after)}
      />
    </>
  );
}
