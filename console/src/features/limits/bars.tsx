import styles from "@/features/limits/limits.module.css";
import { isMoney, usesOf, type Limit, type Use } from "@/features/limits/values";
import { useLimitWords } from "@/features/limits/words";
import { Meter } from "@/shared/figure";
import * as format from "@/shared/format";
import { useLanguage } from "@/shared/values";

/** Each limit with what is used of it now. */
export function LimitBars({ limit }: { limit: Limit }) {
  const words = useLimitWords();
  const amount = useAmount(limit.currency);
  return (
    <ul className={styles.bars}>
      {usesOf(limit).map((use) => (
        <li key={use.measure}>
          <span className="muted">{words[use.measure]}</span>
          <span>
            <UseText use={use} currency={limit.currency} />
          </span>
          <UseMeter use={use} name={`${words[use.measure]}: ${limit.name}`} />
          {use.held ? <small className="muted">{words.held(amount(use.measure, use.held))}</small> : null}
        </li>
      ))}
    </ul>
  );
}

export function useAmount(currency: string): (measure: Use["measure"], value: number) => string {
  const language = useLanguage();
  return (measure, value) => (isMoney(measure) ? format.money(value, currency, language) : format.integer(value, language));
}

export function UseText({ use, currency }: { use: Use; currency: string }) {
  const words = useLimitWords();
  const amount = useAmount(currency);
  const { measure, used, held, limit } = use;
  const note = held ? words.held(amount(measure, held)) : undefined;
  // Rates are counted only where they are limited.
  if (limit === null && (measure === "requests" || measure === "tokens")) return <span className="muted">{words.noLimit}</span>;
  if (limit === null) {
    return (
      <span title={note}>
        {amount(measure, used)} <span className="muted">· {words.noLimit}</span>
      </span>
    );
  }
  return <span title={note}>{words.ofLimit(amount(measure, used), amount(measure, limit))}</span>;
}

/** What is held is gone until its calls end. */
export function UseMeter({ use: { used, held, limit }, name }: { use: Use; name: string }) {
  if (limit === null) return null;
  return <Meter value={used + held} limit={limit} label={name} />;
}
