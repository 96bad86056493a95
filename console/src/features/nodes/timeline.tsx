import { barsOf, MEMORY, type Bar, type History } from "@/features/nodes/past";
import styles from "@/features/nodes/nodes.module.css";
import { useNodeWords } from "@/features/nodes/words";
import * as format from "@/shared/format";
import { Card } from "@/shared/page";
import { useLanguage } from "@/shared/values";

/** A line for each deployment on each place, with bars from when to when it was there. */
export function Timeline({ history }: { history: History }) {
  const words = useNodeWords();
  const language = useLanguage();
  const lines = barsOf(history);
  if (lines.length === 0) return <p className="muted">{words.nothingRan}</p>;
  const said = ({ stay }: Bar) =>
    `${format.time(stay.began_at, "full", language)} – ${stay.ongoing ? words.now : format.time(stay.ended_at, "full", language)} · ${format.bytes(stay.held_bytes, language)}`;
  return (
    <Card>
      <ul className={styles.timeline}>
        {lines.map(({ deployment, place, bars }) => (
          <li key={`${deployment} ${place}`}>
            <div className={styles.line}>
              <strong>{deployment}</strong>
              <span className="muted small">{place === MEMORY ? words.place : place}</span>
              <span className={`muted small ${styles.last ?? ""}`}>{bars.length ? said(bars[bars.length - 1] as Bar) : null}</span>
            </div>
            <div className={styles.track} role="img" aria-label={`${deployment}: ${bars.map(said).join("; ")}`}>
              {bars.map((bar) => (
                <i key={bar.from} title={said(bar)} style={{ left: `${bar.from * 100}%`, width: `${Math.max(0.4, (bar.to - bar.from) * 100)}%` }} />
              ))}
            </div>
          </li>
        ))}
      </ul>
      <div className={`${styles.ends} muted small`} aria-hidden="true">
        <span>{format.time(history.since, "full", language)}</span>
        <span>{format.time(history.until, "full", language)}</span>
      </div>
    </Card>
  );
}
