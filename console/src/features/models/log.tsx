import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { logQuery } from "@/api/queries";
import styles from "@/features/models/models.module.css";
import { useModelWords } from "@/features/models/words";
import { CopyButton } from "@/shared/copy";
import { Bones, ErrorState } from "@/shared/states";

/** The engine's own words, followed as they come unless the reader has scrolled up. */
export function Log({ name }: { name: string }) {
  const words = useModelWords();
  const { data, error, refetch } = useQuery(logQuery(name));
  const box = useRef<HTMLPreElement>(null);
  const follow = useRef(true);
  useEffect(() => {
    const element = box.current;
    if (element && follow.current) element.scrollTop = element.scrollHeight;
  });
  if (error && !data) return <ErrorState error={error} retry={() => void refetch()} />;
  if (!data) return <Bones />;
  const text = data.lines.join("\n");
  return (
    <div>
      <div className={styles.logHead}>
        <p className="muted small">{words.logText}</p>
        <CopyButton text={text} />
      </div>
      <pre
        ref={box}
        className={styles.log}
        tabIndex={0}
        aria-label={words.log}
        onScroll={({ currentTarget: element }) => {
          follow.current = element.scrollHeight - element.scrollTop - element.clientHeight < 24;
        }}
      >
        {text || words.logEmpty}
      </pre>
    </div>
  );
}
