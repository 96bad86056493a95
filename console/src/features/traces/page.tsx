import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { ArrowLeft, Route } from "lucide-react";
import { asProblem } from "@/api/problem";
import { traceQuery } from "@/api/queries";
import type { Trace } from "@/features/traces/phases";
import styles from "@/features/traces/traces.module.css";
import { TraceError, TraceFacts, TraceFigures, TraceOutcome } from "@/features/traces/view";
import { Timeline } from "@/features/traces/waterfall";
import { useTraceWords } from "@/features/traces/words";
import { CodeBlock } from "@/shared/code";
import { LinkButton } from "@/shared/link-button";
import { Card, Page, Section } from "@/shared/page";
import { Bones, Empty, ErrorState } from "@/shared/states";

const route = getRouteApi("/console/usage/$request");

export function TracePage() {
  const words = useTraceWords();
  const { request } = route.useParams();
  const { data, error, refetch } = useQuery(traceQuery(request));
  const back = (
    <LinkButton to="/usage" search={{ tab: "calls" }} icon={<ArrowLeft size={14} aria-hidden="true" />}>
      {words.back}
    </LinkButton>
  );
  return (
    <Page title={words.title} sentence={words.sentence} actions={back}>
      {data ? (
        <Whole trace={data} />
      ) : (
        <Card padded={false}>
          {error ? (
            asProblem(error).status === 404 ? (
              <Empty icon={Route} title={words.goneTitle} text={<>{words.goneText} <code>{request}</code></>} action={back} />
            ) : (
              <ErrorState error={error} retry={() => void refetch()} />
            )
          ) : (
            <Bones lines={8} />
          )}
        </Card>
      )}
    </Page>
  );
}

function Whole({ trace }: { trace: Trace }) {
  const words = useTraceWords();
  return (
    <>
      <TraceOutcome trace={trace} />
      <TraceError error={trace.error} />
      <TraceFigures trace={trace} />
      <Timeline trace={trace} />
      <div className={styles.columns}>
        <Section title={words.facts}>
          <Card>
            <div className={styles.stack}>
              <TraceFacts trace={trace} />
            </div>
          </Card>
        </Section>
        <Section title={words.content}>
          <div className={styles.stack}>
            <Kept title={words.request} content={trace.request} />
            <Kept title={words.answer} content={trace.answer} />
            {trace.request === null && trace.answer === null ? (
              <Card>
                <strong>{words.notKept}</strong>
                <p className="muted">{words.notKeptText}</p>
              </Card>
            ) : null}
          </div>
        </Section>
      </div>
    </>
  );
}

function Kept({ title, content }: { title: string; content: unknown }) {
  if (content === null || content === undefined) return null;
  return <CodeBlock title={title} text={typeof content === "string" ? content : JSON.stringify(content, null, 2)} language="json" wrap />;
}
