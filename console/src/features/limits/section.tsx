import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { limitQuery } from "@/api/queries";
import { LimitBars } from "@/features/limits/bars";
import { LimitEditor } from "@/features/limits/editor";
import styles from "@/features/limits/limits.module.css";
import { useLimitWords } from "@/features/limits/words";
import { Heading } from "@/shared/heading";
import { useMay } from "@/shared/permissions";
import { Bones, ErrorState } from "@/shared/states";

/** The limits of a key, a member or a model on its own panel. */
export function LimitsSection({ scope }: { scope: string }) {
  const words = useLimitWords();
  const manages = useMay("limits.manage");
  const { data, error, refetch } = useQuery(limitQuery(scope));
  const [editing, setEditing] = useState(false);
  return (
    <section className={styles.section} aria-label={words.title}>
      <div className={styles.head}>
        <Heading>{words.title}</Heading>
        {manages && data ? (
          <Button size="small" onClick={() => setEditing(true)}>
            {words.edit}
          </Button>
        ) : null}
      </div>
      {data ? <LimitBars limit={data} /> : error ? <ErrorState error={error} retry={() => void refetch()} /> : <Bones lines={5} />}
      {editing && data ? <LimitEditor limit={data} onClose={() => setEditing(false)} /> : null}
    </section>
  );
}
