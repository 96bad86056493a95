import { Button, Input } from "antd";
import { ChevronRight, Wrench } from "lucide-react";
import { useState } from "react";
import styles from "@/features/playground/chat.module.css";
import type { ToolCall } from "@/features/playground/thread";
import { usePlaygroundWords } from "@/features/playground/words";
import { CodeBlock } from "@/shared/code";

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

interface ToolCallsProps {
  calls: readonly ToolCall[];
  /** Absent where the calls have been answered already, or are still being written. */
  onSend: ((outputs: readonly string[]) => void) | undefined;
}

/** What the model asks for, folded; the reader plays the functions. */
export function ToolCalls({ calls, onSend }: ToolCallsProps) {
  const words = usePlaygroundWords();
  const [outputs, setOutputs] = useState<Record<number, string>>({});
  const all = calls.map((_, i) => outputs[i] ?? "");
  return (
    <div className={styles.tools}>
      {calls.map((call, i) => (
        <details key={call.id || i} open={onSend !== undefined} className={styles.tool}>
          <summary>
            <ChevronRight size={14} aria-hidden="true" />
            <Wrench size={14} aria-hidden="true" />
            {words.toolCall(call.name)}
          </summary>
          <CodeBlock title={words.toolInput} text={pretty(call.arguments)} language="json" />
          {onSend ? (
            <label>
              {words.toolOutput}
              <Input.TextArea
                autoSize={{ minRows: 2, maxRows: 8 }}
                placeholder={words.toolOutputHelp}
                value={outputs[i] ?? ""}
                onChange={(event) => setOutputs({ ...outputs, [i]: event.target.value })}
              />
            </label>
          ) : null}
        </details>
      ))}
      {onSend ? (
        <div>
          <Button type="primary" disabled={all.some((output) => output.trim() === "")} onClick={() => onSend(all)}>
            {words.toolSend}
          </Button>
        </div>
      ) : null}
    </div>
  );
}
