import { useQuery } from "@tanstack/react-query";
import { Route } from "lucide-react";
import type { Schemas } from "@/api/client";
import { asProblem } from "@/api/problem";
import { traceQuery } from "@/api/queries";
import styles from "@/features/traces/traces.module.css";
import { TraceError, TraceFacts, TraceFigures, TraceOutcome } from "@/features/traces/view";
import { Timeline } from "@/features/traces/waterfall";
import { useTraceWords } from "@/features/traces/words";
import { ChargeFacts } from "@/features/usage/charge-facts";
import { useUsageWords } from "@/features/usage/words";
import { Id } from "@/shared/copy";
import { LinkButton } from "@/shared/link-button";
import { Panel } from "@/shared/panel";
import { Bones, Empty, ErrorState } from "@/shared/states";

/** What became of one call, beside the list; the whole of it is a page. */
export function CallDetail({ id, charge, onClose }: { id: string; charge?: Schemas["Charge"] | undefined; onClose: () => void }) {
  const words = useUsageWords();
  const trace = useTraceWords();
  const { data, error, refetch } = useQuery(traceQuery(id));
  return (
    <Panel open width={720} title={words.call} subtitle={<Id value={id} />} onClose={onClose}>
      {data ? (
        <>
          <div className={styles.head}>
            <TraceOutcome trace={data} />
            <LinkButton to="/usage/$request" params={{ request: id }}>
              {trace.open}
            </LinkButton>
          </div>
          <TraceError error={data.error} />
          <TraceFigures few trace={data} />
          <div className={styles.panel}>
            <Timeline trace={data} />
          </div>
          <TraceFacts trace={data} />
        </>
      ) : error ? (
        asProblem(error).status === 404 ? (
          <>
            {charge ? <ChargeFacts charge={charge} /> : null}
            <Empty icon={Route} title={trace.goneTitle} text={trace.goneText} />
          </>
        ) : (
          <ErrorState error={error} retry={() => void refetch()} />
        )
      ) : (
        <Bones lines={8} />
      )}
    </Panel>
  );
}
