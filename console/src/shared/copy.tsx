import { App, Button, Tooltip } from "antd";
import { Check, Copy } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { useCommonWords } from "@/shared/common-words";
import styles from "@/shared/copy.module.css";

/** The clipboard API needs a secure context; a console on http://10.0.0.5 copies through a selected field instead. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const field = Object.assign(document.createElement("textarea"), { value: text, readOnly: true });
  field.style.position = "fixed";
  field.style.opacity = "0";
  const host = document.activeElement?.closest("[role=dialog]") ?? document.body;
  host.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (!done) throw new Error("copy refused");
}

export function useCopy(text: string): { copied: boolean; copy: () => void } {
  const words = useCommonWords();
  const { message } = App.useApp();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1600);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = useCallback(() => {
    copyText(text).then(
      () => setCopied(true),
      () => message.warning(words.copyFailed),
    );
  }, [text, message, words]);
  return { copied, copy };
}

interface CopyButtonProps {
  text: string;
  label?: string;
  primary?: boolean;
}

/** Without a label it is an icon alone. */
export function CopyButton({ text, label, primary = false }: CopyButtonProps) {
  const words = useCommonWords();
  const { copied, copy } = useCopy(text);
  const icon = copied ? <Check size={14} aria-hidden="true" /> : <Copy size={14} aria-hidden="true" />;
  const name = copied ? words.copied : (label ?? words.copy);
  if (label) {
    return (
      <Button type={primary ? "primary" : "default"} icon={icon} onClick={copy}>
        {name}
      </Button>
    );
  }
  return (
    <Tooltip title={name}>
      <Button type="text" size="small" icon={icon} aria-label={name} onClick={copy} />
    </Tooltip>
  );
}

/** An id: monospace, copied by a click. `short` keeps its prefix and its last characters. */
export function Id({ value, short = false }: { value: string; short?: boolean }) {
  const words = useCommonWords();
  const { copied, copy } = useCopy(value);
  const shown = short && value.length > 16 ? `${value.slice(0, value.indexOf("_") + 1)}…${value.slice(-6)}` : value;
  return (
    <button
      type="button"
      className={styles.id}
      title={value}
      aria-label={`${copied ? words.copied : words.copy} ${shown}`}
      onClick={(event) => {
        event.stopPropagation();
        copy();
      }}
    >
      <span>{shown}</span>
      {copied ? <Check size={12} aria-hidden="true" /> : <Copy size={12} aria-hidden="true" />}
    </button>
  );
}
