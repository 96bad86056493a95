import { Link } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import styles from "@/features/overview/overview.module.css";
import { useOverviewWords } from "@/features/overview/words";
import { Card, Section } from "@/shared/page";
import { Ago } from "@/shared/values";

export function RecentErrors({ errors }: { errors: Schemas["RecentError"][] }) {
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
          {errors.map((error) => (
            <li key={error.request_id}>
              <Link to="/usage" search={{ tab: "calls", id: error.request_id }}>
                <code>{error.code}</code>
              </Link>
              <small>
                <Ago at={error.at} />
              </small>
              <p>
                {error.model} · {error.message} {error.remedy}
              </p>
            </li>
          ))}
        </ul>
      </Card>
    </Section>
  );
}
