import { Link } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import { gathered } from "@/features/overview/gathered";
import styles from "@/features/overview/overview.module.css";
import { useOverviewWords } from "@/features/overview/words";
import { Card, Section } from "@/shared/page";
import { Ago } from "@/shared/values";

/** What went wrong lately; the same error of the same model stands there once. */
export function RecentErrors({ errors }: { errors: readonly Schemas["RecentError"][] }) {
  const words = useOverviewWords();
  return (
    <Section
      title={words.errors}
      aside={
        <Link to="/usage" search={{ tab: "calls", outcome: "failed" }} className={styles.more}>
          {words.allCalls}
        </Link>
      }
    >
      <Card padded={false}>
        {errors.length === 0 ? <p className={styles.none}>{words.noErrors}</p> : null}
        <ul className={styles.rows}>
          {gathered(errors).map(({ newest, count }) => (
            <li key={newest.request_id}>
              <Link to="/usage" search={{ tab: "calls", id: newest.request_id }} className={styles.what}>
                {newest.message}
              </Link>
              <small>
                <Ago at={newest.at} />
              </small>
              <p>
                {newest.model} · <code>{newest.code}</code>
                {count > 1 ? <> · {words.times(count)}</> : null}
              </p>
              {newest.remedy ? <p>{newest.remedy}</p> : null}
            </li>
          ))}
        </ul>
      </Card>
    </Section>
  );
}
