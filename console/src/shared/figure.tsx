import type { CSSProperties, ReactNode } from "react";
import styles from "@/shared/figure.module.css";
import { percent } from "@/shared/format";
import { useLanguage } from "@/shared/values";

/** The figures that decide, side by side. */
export function Figures({ children }: { children: ReactNode }) {
  return <div className={styles.grid}>{children}</div>;
}

interface FigureProps {
  name: string;
  value: ReactNode;
  unit?: string;
  note?: ReactNode;
}

export function Figure({ name, value, unit, note }: FigureProps) {
  return (
    <div className={styles.figure}>
      <span className={styles.name}>{name}</span>
      <span className={styles.value}>
        {value}
        {unit ? <span className={styles.unit}>{unit}</span> : null}
      </span>
      {note ? <span className={styles.note}>{note}</span> : null}
    </div>
  );
}

interface MeterProps {
  value: number;
  limit: number;
  label: string;
  /** For a progress, which may be full. */
  calm?: boolean;
}

/** How much of a limit is gone: calm, then a warning from 80 %, then bad. */
export function Meter({ value, limit, label, calm = false }: MeterProps) {
  const language = useLanguage();
  const share = limit > 0 ? value / limit : value > 0 ? 1 : 0;
  const tone = calm ? "light" : share >= 1 ? "bad" : share >= 0.8 ? "warn" : "light";
  return (
    <div
      className={styles.meter}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.min(100, Math.round(share * 100))}
      aria-valuetext={percent(share, language)}
      style={{ "--tone": `var(--jx-${tone})` } as CSSProperties}
    >
      <div style={{ width: `${Math.min(100, share * 100)}%` }} />
    </div>
  );
}
