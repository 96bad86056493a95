import type { CSSProperties, ReactNode } from "react";
import styles from "@/shared/status.module.css";

export type Tone = "good" | "warn" | "bad" | "info" | "muted" | "light";

const toned = (tone: Tone) => ({ "--tone": `var(--jx-${tone})` }) as CSSProperties;

interface StatusProps {
  tone: Tone;
  /** Something is going on. */
  live?: boolean;
  hollow?: boolean;
  children: ReactNode;
}

/** A state: a dot of its colour and its word in ink, so that it never speaks by colour alone. */
export function Status({ tone, live = false, hollow = false, children }: StatusProps) {
  return (
    <span className={[styles.status, live && styles.live, hollow && styles.hollow].filter(Boolean).join(" ")} style={toned(tone)}>
      <span className={styles.dot} aria-hidden="true" />
      {children}
    </span>
  );
}

export function Tag({ tone, children, title }: { tone?: Tone; children: ReactNode; title?: string }) {
  return (
    <span className={tone ? `${styles.tag} ${styles.toned}` : styles.tag} style={tone ? toned(tone) : undefined} title={title}>
      {children}
    </span>
  );
}

export function Tags({ children }: { children: ReactNode }) {
  return <span className={styles.tags}>{children}</span>;
}
