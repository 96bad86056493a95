import type { Model } from "@/features/store/queries";
import styles from "@/features/store/store.module.css";
import { useStoreWords } from "@/features/store/words";
import * as format from "@/shared/format";
import type { Column } from "@/shared/rows";
import { Status, Tag, Tags, type Tone } from "@/shared/status";
import { DateOnly, useLanguage } from "@/shared/values";

const looks: Record<Model["state"], { tone: Tone; live?: boolean; hollow?: boolean }> = {
  available: { tone: "muted", hollow: true },
  downloading: { tone: "info", live: true },
  downloaded: { tone: "good" },
  failed: { tone: "bad" },
  outside: { tone: "muted", hollow: true },
};

export function HereStatus({ state }: { state: Model["state"] }) {
  return <Status {...looks[state]}>{useStoreWords().states[state]}</Status>;
}

/** ≈ marks a size that is worked out from weights and precision. */
export function useSize(): (bytes: number | null, estimated: boolean) => string {
  const language = useLanguage();
  return (bytes, estimated) => (bytes === null ? "–" : `${estimated ? "≈ " : ""}${format.bytes(bytes, language)}`);
}

export function LicenceClass({ of: kind }: { of: Model["license_class"] }) {
  return <Tag tone={kind === "commercial" ? "good" : "warn"}>{useStoreWords().licenceClasses[kind]}</Tag>;
}

export function useColumns(): Column<Model>[] {
  const words = useStoreWords();
  const language = useLanguage();
  const size = useSize();
  return [
    { key: "name", title: words.name, lead: true, value: (row) => row.name, render: (row) => <Name model={row} /> },
    { key: "publisher", title: words.publisher, spare: true, roomy: true, value: (row) => row.publisher, render: (row) => row.publisher },
    { key: "family", title: words.family, spare: true, roomy: true, value: (row) => row.family, render: (row) => row.family },
    {
      key: "tasks",
      title: words.tasks,
      value: (row) => row.tasks.join(" "),
      render: (row) => (
        <Tags>
          {row.tasks.slice(0, 3).map((task) => (
            <Tag key={task}>{words.taskNames[task as keyof typeof words.taskNames] ?? task}</Tag>
          ))}
        </Tags>
      ),
    },
    {
      key: "parameters",
      title: words.parameters,
      align: "end",
      value: (row) => row.total_parameters,
      render: (row) => row.parameters || <span className="muted">{words.unknown}</span>,
    },
    {
      key: "size",
      title: words.size,
      align: "end",
      value: (row) => row.size_bytes,
      render: (row) => <span className={row.size_bytes === null ? "muted" : ""}>{size(row.size_bytes, row.size_estimated)}</span>,
    },
    {
      key: "context",
      title: words.context,
      align: "end",
      roomy: true,
      value: (row) => row.context,
      render: (row) => (row.context === null ? <span className="muted">{words.unknown}</span> : <span title={format.integer(row.context, language)}>{format.tokens(row.context)}</span>),
    },
    { key: "licence", title: words.licence, value: (row) => `${row.license_class} ${row.license}`, render: (row) => <LicenceClass of={row.license_class} /> },
    { key: "level", title: words.level, spare: true, roomy: true, value: (row) => row.level, render: (row) => words.levels[row.level] },
    { key: "engines", title: words.engine, spare: true, roomy: true, value: (row) => row.engines.join(" "), render: (row) => row.engines.join(", ") || "–" },
    {
      key: "released",
      title: words.released,
      spare: true,
      roomy: true,
      value: (row) => row.released,
      render: (row) => (row.released ? <DateOnly at={row.released} /> : <span className="muted">{words.unknown}</span>),
    },
    {
      key: "here",
      title: words.here,
      value: (row) => (row.deployed_as.length ? words.deployed : words.states[row.state]),
      render: (row) => (row.deployed_as.length ? <Status tone="good">{words.deployed}</Status> : <HereStatus state={row.state} />),
    },
  ];
}

function Name({ model }: { model: Model }) {
  const words = useStoreWords();
  return (
    <span className={styles.lead}>
      <span className={styles.name}>
        {model.name}
        {model.origin === "catalogue" ? null : <Tag tone="light">{model.origin === "house" ? words.house : words.own}</Tag>}
        {model.weak ? <Tag tone="warn">{words.weak}</Tag> : null}
      </span>
      <small className={styles.line}>{model.description}</small>
    </span>
  );
}
