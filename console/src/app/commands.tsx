import { Search } from "lucide-react";
import { useId, useState, type KeyboardEvent } from "react";
import { useCommands } from "@/app/command-items";
import { useCommandWords, type Command } from "@/app/command-words";
import styles from "@/app/commands.module.css";
import { Dialog } from "@/shared/dialog";

const order = ["pages", "actions", "things"] as const;

/** The command palette: Ctrl/Cmd-K, type, Enter. */
export default function Commands({ onClose }: { onClose: () => void }) {
  const words = useCommandWords();
  const base = useId();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const commands = useCommands(text).toSorted((a, b) => order.indexOf(a.group) - order.indexOf(b.group));
  const current = commands[Math.min(at, commands.length - 1)];
  const run = (command: Command | undefined) => {
    if (!command) return;
    onClose();
    command.act();
  };
  const keys = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step && commands.length) {
      event.preventDefault();
      const next = (Math.min(at, commands.length - 1) + step + commands.length) % commands.length;
      setAt(next);
      document.getElementById(`${base}-${commands[next]?.id}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && !event.nativeEvent.isComposing) {
      event.preventDefault();
      run(current);
    }
  };
  return (
    <Dialog open onCancel={onClose} footer={null} closable={false} width={580} style={{ top: "12vh" }} styles={{ container: { padding: 0 } }} aria-label={words.title}>
      <div className={styles.field}>
        <Search size={16} aria-hidden="true" />
        <input
          autoFocus
          role="combobox"
          aria-expanded="true"
          aria-controls={`${base}-list`}
          aria-activedescendant={current ? `${base}-${current.id}` : undefined}
          aria-label={words.placeholder}
          placeholder={words.placeholder}
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
          onKeyDown={keys}
        />
        <kbd>Esc</kbd>
      </div>
      <div className={styles.items} role="listbox" id={`${base}-list`} aria-label={words.title}>
        {commands.length === 0 ? <div className={styles.none}>{words.none}</div> : null}
        {order.map((group) => {
          const own = commands.filter((command) => command.group === group);
          if (own.length === 0) return null;
          return (
            <div key={group} role="group" aria-label={words[group]}>
              <div className={styles.group} aria-hidden="true">
                {words[group]}
              </div>
              {own.map((command) => (
                <Item key={command.id} id={`${base}-${command.id}`} command={command} selected={command === current} onRun={run} />
              ))}
            </div>
          );
        })}
      </div>
    </Dialog>
  );
}

interface ItemProps {
  id: string;
  command: Command;
  selected: boolean;
  onRun: (command: Command) => void;
}

function Item({ id, command, selected, onRun }: ItemProps) {
  const { icon: Icon, label, detail } = command;
  return (
    <div id={id} role="option" tabIndex={-1} aria-selected={selected} className={styles.item} onClick={() => onRun(command)} onKeyDown={() => undefined}>
      <Icon size={16} aria-hidden="true" />
      <span>{label}</span>
      {detail ? <small>{detail}</small> : null}
    </div>
  );
}
