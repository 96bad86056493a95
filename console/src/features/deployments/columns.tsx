import styles from "@/features/deployments/deployments.module.css";
import { readyOf } from "@/features/deployments/head";
import type { Deployment } from "@/features/deployments/queries";
import { useDeploymentWords } from "@/features/deployments/words";
import { useCommonWords } from "@/shared/common-words";
import { DeploymentStatus, useStateWords } from "@/shared/deployment-state";
import * as format from "@/shared/format";
import { useKindWords } from "@/shared/kind-words";
import type { Column } from "@/shared/rows";
import { Tag, Tags } from "@/shared/status";
import { Count, useLanguage } from "@/shared/values";

export function useColumns(): Column<Deployment>[] {
  const words = useDeploymentWords();
  const kinds = useKindWords();
  const states = useStateWords();
  const language = useLanguage();
  return [
    { key: "name", title: words.name, lead: true, value: (row) => row.name, render: (row) => <Name deployment={row} /> },
    { key: "state", title: words.state, value: (row) => states[row.state], render: (row) => <State deployment={row} /> },
    {
      key: "replicas",
      title: words.replicas,
      align: "end",
      value: readyOf,
      render: (row) => words.replicasOf(readyOf(row), row.replicas_wanted),
    },
    { key: "engine", title: words.engine, value: (row) => row.engine, render: (row) => row.engine },
    {
      key: "kinds",
      title: words.kinds,
      spare: true,
      roomy: true,
      value: (row) => row.kinds.join(" "),
      render: (row) => (
        <Tags>
          {row.kinds.map((kind) => (
            <Tag key={kind}>{kinds[kind]}</Tag>
          ))}
        </Tags>
      ),
    },
    {
      key: "speed",
      title: words.speed,
      align: "end",
      value: (row) => row.tokens_per_second,
      render: (row) => (
        <>
          {format.rate(row.tokens_per_second, language)} <span className="muted small">{words.speedUnit}</span>
        </>
      ),
    },
    { key: "flight", title: words.inFlight, align: "end", value: (row) => row.in_flight, render: (row) => <Count value={row.in_flight} /> },
    { key: "queued", title: words.queued, align: "end", value: (row) => row.queued, render: (row) => <Count value={row.queued} /> },
    {
      key: "memory",
      title: words.memory,
      align: "end",
      value: (row) => row.memory_bytes,
      render: (row) => (row.memory_bytes === null ? <span className="muted">–</span> : format.bytes(row.memory_bytes, language)),
    },
    { key: "restarts", title: words.restarts, align: "end", spare: true, roomy: true, value: (row) => row.restarts, render: (row) => <Count value={row.restarts} /> },
    { key: "context", title: words.context, align: "end", spare: true, roomy: true, value: (row) => row.context, render: (row) => format.tokens(row.context) },
  ];
}

function Name({ deployment }: { deployment: Deployment }) {
  const words = useDeploymentWords();
  const common = useCommonWords();
  const { name, model_id: model, weak, origin } = deployment;
  return (
    <span className={styles.lead}>
      <span className={styles.name}>
        {name}
        {origin === "settings" ? <Tag title={words.fromSettingsText}>{words.fromSettings}</Tag> : null}
        {weak ? <Tag tone="warn">{common.weakModel}</Tag> : null}
      </span>
      {model && model !== name ? <small className="muted">{model}</small> : null}
    </span>
  );
}

/** Why it is not simply ready stands under its state. */
function State({ deployment: { state, reason, update } }: { deployment: Deployment }) {
  const words = useDeploymentWords();
  const rolling = update && (update.state === "running" || update.state === "pulling") ? words.update[update.state](update.revision) : undefined;
  const why = rolling ?? (state === "ready" ? undefined : reason?.message);
  return (
    <span className={styles.why}>
      <DeploymentStatus state={state} />
      {why ? <small className="muted">{why}</small> : null}
    </span>
  );
}
