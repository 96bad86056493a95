import type { CSSProperties } from "react";
import type { Share } from "@/features/providers/alias-values";
import styles from "@/features/providers/providers.module.css";
import { useRouteWords } from "@/features/providers/route-words";
import * as format from "@/shared/format";
import { tones } from "@/shared/tones";
import { useLanguage } from "@/shared/values";

const toned = (at: number) => ({ "--tone": `var(--jx-${tones[at % tones.length]})` }) as CSSProperties;

/** How an alias shares its calls out: one bar, and its parts in words. */
export function Split({ shares }: { shares: readonly Share[] }) {
  const words = useRouteWords();
  const language = useLanguage();
  return (
    <div>
      <div className={styles.split} aria-hidden="true">
        {shares.map(({ model, role, share }, at) => (
          <i key={`${role} ${model}`} style={{ ...toned(at), width: `${share * 100}%` }} />
        ))}
      </div>
      <ul className={styles.splitWords}>
        {shares.map(({ model, role, share }, at) => (
          <li key={`${role} ${model}`}>
            <i style={toned(at)} aria-hidden="true" />
            {model} <strong>{format.percent(share, language)}</strong>
            {role === "canary" ? <span className="muted"> · {words.roles.canary}</span> : null}
          </li>
        ))}
      </ul>
    </div>
  );
}
