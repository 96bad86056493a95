import { Link } from "@tanstack/react-router";
import { Actions, Delete } from "@/features/deployments/actions";
import { useAdvancedWords } from "@/features/deployments/advanced-words";
import styles from "@/features/deployments/deployments.module.css";
import { Head } from "@/features/deployments/head";
import { History } from "@/features/deployments/history";
import { Live } from "@/features/deployments/live";
import { Log } from "@/features/deployments/log";
import { adaptersText } from "@/features/deployments/plans";
import type { Detail, Replica } from "@/features/deployments/queries";
import type { Sample } from "@/features/deployments/samples";
import { useDeploymentWords } from "@/features/deployments/words";
import { LimitsSection } from "@/features/limits/section";
import { CodeTabs } from "@/shared/code";
import { DeploymentStatus } from "@/shared/deployment-state";
import * as format from "@/shared/format";
import { useKindWords } from "@/shared/kind-words";
import { Card, Section } from "@/shared/page";
import { Facts } from "@/shared/panel";
import { useMay } from "@/shared/permissions";
import type { Column } from "@/shared/rows";
import { firstCall, snippets } from "@/shared/snippets";
import { Tag } from "@/shared/status";
import { Table } from "@/shared/table";
import { Tabs } from "@/shared/tabs";
import { Ago, Count, useLanguage } from "@/shared/values";

export const views = ["log", "history", "code"] as const;
export type DeploymentView = (typeof views)[number];

interface BodyProps {
  deployment: Detail;
  samples: readonly Sample[];
  view: DeploymentView | undefined;
  onView: (view: DeploymentView | undefined) => void;
  onEdit: () => void;
  onGone: () => void;
}

/** State and its reason at the top, the figures that decide, tabs for the rest, the dangerous zone last. */
export function DeploymentBody({ deployment, samples, view, onView, onEdit, onGone }: BodyProps) {
  const words = useDeploymentWords();
  const operates = useMay("deployments.restart");
  const tabs = [
    { key: "details" as const, label: words.details },
    ...(operates ? [{ key: "log" as const, label: words.log }] : []),
    { key: "history" as const, label: words.history },
    { key: "code" as const, label: words.code },
  ];
  return (
    <>
      <Head deployment={deployment} />
      <Actions deployment={deployment} onEdit={onEdit} />
      <Tabs label={deployment.name} tabs={tabs} value={view ?? "details"} onChange={(key) => onView(key === "details" ? undefined : key)}>
        {view === "log" ? <Log deployment={deployment} /> : null}
        {view === "history" ? <History deployment={deployment} /> : null}
        {view === "code" ? <CodeTabs snippets={snippets(location.origin, firstCall(deployment.name, deployment.kinds, words.hello))} /> : null}
        {view ? null : <Overview deployment={deployment} samples={samples} onGone={onGone} />}
      </Tabs>
    </>
  );
}

function Overview({ deployment, samples, onGone }: { deployment: Detail; samples: readonly Sample[]; onGone: () => void }) {
  const words = useDeploymentWords();
  const limits = useMay("limits.read");
  return (
    <>
      <Live samples={samples} />
      <Section title={words.replicas}>
        <Replicas deployment={deployment} />
      </Section>
      <Setup deployment={deployment} />
      {limits ? <LimitsSection scope={`model:${deployment.name}`} /> : null}
      <Delete deployment={deployment} onGone={onGone} />
    </>
  );
}

function Replicas({ deployment }: { deployment: Detail }) {
  const words = useDeploymentWords();
  const columns = useReplicaColumns();
  if (deployment.replicas.length === 0) return <p className="muted">{words.noReplicas}</p>;
  return (
    <Card padded={false}>
      <Table label={words.replicas} rows={deployment.replicas} columns={columns} rowKey={({ number }) => String(number)} />
    </Card>
  );
}

function useReplicaColumns(): Column<Replica>[] {
  const words = useDeploymentWords();
  const language = useLanguage();
  return [
    { key: "number", title: words.replicas, lead: true, render: ({ number, revision }) => <>{words.replica(number)} <span className="muted small">{words.byRevision(revision)}</span></> },
    {
      key: "state",
      title: words.state,
      render: ({ state, leaving, reason }) => (
        <span title={reason?.message}>
          <DeploymentStatus state={state} /> {leaving ? <Tag>{words.leaving}</Tag> : null}
        </span>
      ),
    },
    { key: "since", title: words.since, render: ({ since }) => <Ago at={since} /> },
    { key: "flight", title: words.inFlight, align: "end", render: ({ in_flight }) => <Count value={in_flight} /> },
    { key: "speed", title: words.speedUnit, align: "end", render: ({ tokens_per_second }) => format.rate(tokens_per_second, language) },
    { key: "memory", title: words.memory, align: "end", render: ({ memory_bytes }) => (memory_bytes === null ? "–" : format.bytes(memory_bytes, language)) },
    { key: "restarts", title: words.restarts, align: "end", render: ({ restarts }) => <Count value={restarts} /> },
  ];
}

function Setup({ deployment }: { deployment: Detail }) {
  const words = useDeploymentWords();
  const more = useAdvancedWords();
  const kinds = useKindWords();
  const language = useLanguage();
  const { plan } = deployment;
  return (
    <Facts
      rows={[
        plan.model_id !== null && [
          words.model,
          <span key="m">
            <Link to="/store/$model" params={{ model: plan.model_id }} className={styles.link}>
              {plan.model_id}
            </Link>{" "}
            <span className="muted">{plan.variant}</span>
          </span>,
        ],
        [words.engine, plan.engine],
        [words.kinds, deployment.kinds.map((kind) => kinds[kind]).join(" · ")],
        [words.context, `${format.integer(plan.context, language)} ${words.contextUnit}`],
        [words.parallel, format.integer(plan.parallel, language)],
        plan.threads !== null && [words.threads, format.integer(plan.threads, language)],
        plan.memory_bytes !== null && [more.memoryBytes, format.bytes(plan.memory_bytes, language)],
        plan.cpus !== null && [more.cpus, format.rate(plan.cpus, language)],
        plan.gpus !== null && [more.gpus, format.rate(plan.gpus, language)],
        adaptersText(plan) !== null && [more.adapters, adaptersText(plan)],
        [words.scale, words.scaleOf(plan.scale.least, plan.scale.most)],
        [words.idle, plan.scale.idle_s === null ? words.never : words.idleAfter(format.duration(plan.scale.idle_s * 1000, language))],
        [words.revision, format.integer(deployment.revision, language)],
      ]}
    />
  );
}
