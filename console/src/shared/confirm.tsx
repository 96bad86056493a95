import { Input } from "antd";
import { useState, type ReactNode } from "react";
import { useCommonWords } from "@/shared/common-words";
import { Dialog } from "@/shared/dialog";
import styles from "@/shared/panel.module.css";
import { ProblemNotice } from "@/shared/states";

interface ConfirmDangerProps {
  open: boolean;
  title: string;
  /** What will be lost, in so many words. */
  losses: readonly ReactNode[];
  /** The verb on the button. */
  verb: string;
  /** Asked for where it cannot be undone. */
  name?: string;
  act: () => Promise<unknown>;
  onClose: () => void;
}

export function ConfirmDanger({ open, title, losses, verb, name, act, onClose }: ConfirmDangerProps) {
  const words = useCommonWords();
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const ready = !name || typed.trim() === name;
  const close = () => {
    setTyped("");
    setError(null);
    onClose();
  };
  const confirm = async () => {
    if (!ready || busy) return;
    setBusy(true);
    try {
      await act();
      close();
    } catch (reason) {
      setError(reason);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      open={open}
      title={title}
      onCancel={close}
      onOk={confirm}
      okText={verb}
      cancelText={words.cancel}
      okButtonProps={{ danger: true, disabled: !ready, loading: busy }}
      closable={{ "aria-label": words.close }}
      width={440}
    >
      <div className={styles.confirm}>
        <ul className={styles.list}>
          {losses.map((loss, i) => (
            <li key={i}>{loss}</li>
          ))}
        </ul>
        {name ? (
          <label>
            <span>{words.typeName(name)}</span>
            <Input value={typed} autoFocus autoComplete="off" onChange={(event) => setTyped(event.target.value)} onPressEnter={confirm} />
          </label>
        ) : null}
        {error ? <ProblemNotice error={error} /> : null}
      </div>
    </Dialog>
  );
}
