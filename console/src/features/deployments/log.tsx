import { Button, Checkbox, Input } from "antd";
import { Pause, Play, Search } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import styles from "@/features/deployments/deployments.module.css";
import { holding, withLines } from "@/features/deployments/lines";
import type { Detail } from "@/features/deployments/queries";
import { useDeploymentWords } from "@/features/deployments/words";
import { CopyButton } from "@/shared/copy";
import { Segments } from "@/shared/segments";
import { Notice } from "@/shared/states";

interface Told {
  lines: readonly string[];
  ended: boolean;
}

/** The engine's own words, as they come. */
function useLog(id: string, replica: number | undefined): Told {
  const [told, setTold] = useState<Told>({ lines: [], ended: false });
  useEffect(() => {
    const query = new URLSearchParams({ lines: "500", ...(replica === undefined ? {} : { replica: String(replica) }) });
    const source = new EventSource(`/api/deployments/${encodeURIComponent(id)}/logs/events?${query}`);
    const end = () => {
      source.close();
      setTold(({ lines }) => ({ lines, ended: true }));
    };
    source.addEventListener("log", ({ data }: MessageEvent<string>) => {
      const { lines } = JSON.parse(data) as { lines: string[] };
      setTold((before) => ({ lines: withLines(before.lines, lines), ended: false }));
    });
    source.addEventListener("end", end);
    // After a break the browser would be told the last lines once more: whoever reads asks for it.
    source.addEventListener("error", end);
    return () => source.close();
  }, [id, replica]);
  return told;
}

/** The log of one replica, by default of the first. */
export function Log({ deployment }: { deployment: Detail }) {
  const numbers = deployment.replicas.map(({ number }) => number);
  const [chosen, setChosen] = useState<number>();
  const [turn, setTurn] = useState(0);
  const replica = chosen !== undefined && numbers.includes(chosen) ? chosen : numbers[0];
  return <Followed key={`${replica} ${turn}`} id={deployment.id} replica={replica} numbers={numbers} onReplica={setChosen} onAgain={() => setTurn(turn + 1)} />;
}

interface FollowedProps {
  id: string;
  replica: number | undefined;
  numbers: readonly number[];
  onReplica: (number: number) => void;
  onAgain: () => void;
}

/** Followed unless the reader has scrolled up; paused, filtered, copied. */
function Followed({ id, replica, numbers, onReplica, onAgain }: FollowedProps) {
  const words = useDeploymentWords();
  const [search, setSearch] = useState("");
  const [wrap, setWrap] = useState(true);
  const [held, setHeld] = useState<readonly string[] | null>(null);
  const { lines, ended } = useLog(id, replica);
  const shown = holding(held ?? lines, search);
  return (
    <div className={styles.logBox}>
      <div className={styles.logBar}>
        <Input
          className={styles.logSearch ?? ""}
          size="small"
          allowClear
          aria-label={words.logSearch}
          placeholder={words.logSearch}
          prefix={<Search size={13} aria-hidden="true" className="muted" />}
          value={search}
          onChange={({ target }) => setSearch(target.value)}
        />
        {numbers.length > 1 ? (
          <Segments size="small" aria-label={words.replicas} value={replica ?? 1} options={numbers.map((value) => ({ value, label: words.replica(value) }))} onChange={onReplica} />
        ) : null}
        <Button
          size="small"
          icon={held ? <Play size={13} aria-hidden="true" /> : <Pause size={13} aria-hidden="true" />}
          onClick={() => setHeld(held ? null : lines)}
        >
          {held ? words.goOn : words.pause}
        </Button>
        <Checkbox checked={wrap} onChange={({ target }) => setWrap(target.checked)}>
          {words.wrap}
        </Checkbox>
        <CopyButton text={shown.join("\n")} />
      </div>
      <Lines lines={shown} wrap={wrap} empty={search ? words.logNone : words.logEmpty} follow={held === null} />
      {held ? <p className="muted small">{words.paused(Math.max(0, lines.length - held.length))}</p> : null}
      {ended ? (
        <Notice
          level="info"
          action={
            <Button size="small" onClick={onAgain}>
              {words.reconnect}
            </Button>
          }
        >
          <p>{words.logEnded}</p>
        </Notice>
      ) : null}
    </div>
  );
}

function Lines({ lines, wrap, empty, follow }: { lines: readonly string[]; wrap: boolean; empty: string; follow: boolean }) {
  const words = useDeploymentWords();
  const box = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    const element = box.current;
    if (element && follow && atEnd.current) element.scrollTop = element.scrollHeight;
  });
  return (
    <pre
      ref={box}
      className={wrap ? styles.log : `${styles.log} ${styles.long}`}
      tabIndex={0}
      aria-label={words.log}
      onScroll={({ currentTarget: element }) => {
        atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 24;
      }}
    >
      {lines.join("\n") || empty}
    </pre>
  );
}
