import { useQuery } from "@tanstack/react-query";
import { Cpu } from "lucide-react";
import type { Schemas } from "@/api/client";
import { deploymentsQuery } from "@/api/queries";
import styles from "@/features/models/models.module.css";
import { useModelWords } from "@/features/models/words";
import { CodeBlock } from "@/shared/code";
import { useCommonWords } from "@/shared/common-words";
import { DeploymentStatus, useStateWords } from "@/shared/deployment-state";
import * as format from "@/shared/format";
import { List, type ListSearch } from "@/shared/list";
import type { Column } from "@/shared/rows";
import { Empty } from "@/shared/states";
import { Tag, Tags } from "@/shared/status";
import { Count, useLanguage } from "@/shared/values";

export type Deployment = Schemas["Deployment"];
const stateKeys = ["ready", "starting", "pulling", "pending", "degraded", "failed", "stopped"] as const;

const example = `[[deployments]]
name = "my-model"
engine = "llamacpp"
path = "/models/my-model.gguf"`;

interface RunningProps {
  search: ListSearch & { state?: string | undefined };
  onSearch: (change: Record<string, string | undefined>) => void;
}

export function Running({ search, onSearch }: RunningProps) {
  const words = useModelWords();
  const states = useStateWords();
  const { data, error, refetch } = useQuery(deploymentsQuery);
  return (
    <List
      name="deployments"
      label={words.title}
      rows={data}
      error={error}
      retry={() => void refetch()}
      columns={useColumns()}
      filters={[
        {
          key: "state",
          label: words.state,
          options: stateKeys.map((value) => ({ value, label: states[value] })),
          value: search.state,
          keeps: (deployment, value) => deployment.state === value,
        },
      ]}
      search={search}
      onSearch={onSearch}
      text={(deployment) => [deployment.name, deployment.engine, deployment.model_id, ...deployment.kinds].join(" ")}
      rowKey={(deployment) => deployment.name}
      rowName={(deployment) => deployment.name}
      openable
      empty={<Empty icon={Cpu} title={words.emptyTitle} text={words.emptyText} example={<CodeBlock title="jixi.toml" text={example} language="python" />} />}
    />
  );
}

function useColumns(): Column<Deployment>[] {
  const words = useModelWords();
  const common = useCommonWords();
  const states = useStateWords();
  const language = useLanguage();
  return [
    {
      key: "name",
      title: words.name,
      lead: true,
      value: (row) => row.name,
      render: (row) => (
        <span className={styles.name}>
          {row.name}
          {row.weak ? <Tag tone="warn">{common.weakModel}</Tag> : null}
        </span>
      ),
    },
    {
      key: "state",
      title: words.state,
      value: (row) => states[row.state],
      render: (row) => <DeploymentStatus state={row.state} />,
    },
    {
      key: "kinds",
      title: words.kinds,
      value: (row) => row.kinds.join(" "),
      render: (row) => (
        <Tags>
          {row.kinds.map((kind) => (
            <Tag key={kind}>{words.kindNames[kind]}</Tag>
          ))}
        </Tags>
      ),
    },
    { key: "engine", title: words.engine, spare: true, value: (row) => row.engine, render: (row) => row.engine },
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
    { key: "restarts", title: words.restarts, align: "end", value: (row) => row.restarts, render: (row) => <Count value={row.restarts} /> },
    {
      key: "memory",
      title: words.memory,
      align: "end",
      value: (row) => row.memory_bytes,
      render: (row) => (row.memory_bytes === null ? <span className="muted">–</span> : format.bytes(row.memory_bytes, language)),
    },
    { key: "context", title: words.context, align: "end", value: (row) => row.context, render: (row) => <Count value={row.context} /> },
  ];
}
