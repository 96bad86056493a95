import type { Accelerator, Node } from "@/features/nodes/queries";
import styles from "@/features/nodes/nodes.module.css";
import { useNodeWords } from "@/features/nodes/words";
import { Meter } from "@/shared/figure";
import * as format from "@/shared/format";
import type { Column } from "@/shared/rows";
import { Tag, Tags } from "@/shared/status";
import { useLanguage } from "@/shared/values";

/** What its CPUs and accelerators draw, as far as they tell; null where none does. */
export function powerOf({ power_w, accelerators }: Node): number | null {
  const known = [power_w, ...accelerators.map((each) => each.power_w)].filter((watts) => watts !== null);
  return known.length ? known.reduce((sum, watts) => sum + watts, 0) : null;
}

/** Those that are read, or else as many as the cluster counts. */
const acceleratorsOf = ({ accelerators, counted }: Node): number => accelerators.length || Object.values(counted).reduce((sum, each) => sum + each, 0);

export const watts = (value: number | null, language: ReturnType<typeof useLanguage>): string => (value === null ? "–" : `${format.integer(Math.round(value), language)} W`);

function Share({ value, label }: { value: number | null; label: string }) {
  const language = useLanguage();
  if (value === null) return <span className="muted">–</span>;
  return (
    <span className={styles.share}>
      {format.percent(value, language)}
      <Meter calm value={value} limit={1} label={label} />
    </span>
  );
}

function Memory({ of: { used_bytes, memory_bytes }, label }: { of: Node | Accelerator; label: string }) {
  const words = useNodeWords();
  const language = useLanguage();
  return (
    <span className={styles.share}>
      {words.ofMemory(format.bytes(used_bytes, language), format.bytes(memory_bytes, language))}
      <Meter value={used_bytes} limit={memory_bytes} label={label} />
    </span>
  );
}

/** Nothing of a node that is alive; what is said of another is of when it was last seen. */
export function NodeState({ node: { state, seen_at } }: { node: Node }) {
  const words = useNodeWords();
  const language = useLanguage();
  if (state === "alive") return null;
  return (
    <Tag tone={state === "lost" ? "bad" : "warn"} title={words.since(format.time(seen_at, "full", language))}>
      {words.states[state]}
    </Tag>
  );
}

const names = (list: readonly string[]) =>
  list.length ? (
    <Tags>
      {list.map((name) => (
        <Tag key={name}>{name}</Tag>
      ))}
    </Tags>
  ) : (
    <span className="muted">–</span>
  );

export function useNodeColumns(): Column<Node>[] {
  const words = useNodeWords();
  const language = useLanguage();
  return [
    {
      key: "name",
      title: words.node,
      lead: true,
      value: ({ name }) => name,
      render: (node) => (
        <span className={styles.name}>
          {node.name} <span className="muted small">{words.cpus(format.calculated(node.cpus, language))}</span> <NodeState node={node} />
        </span>
      ),
    },
    { key: "load", title: words.load, value: ({ utilisation }) => utilisation, render: ({ utilisation }) => <Share value={utilisation} label={words.load} /> },
    { key: "memory", title: words.memory, value: ({ used_bytes }) => used_bytes, render: (node) => <Memory of={node} label={words.memory} /> },
    { key: "free", title: words.free, align: "end", value: ({ free_bytes }) => free_bytes, render: ({ free_bytes }) => format.bytes(free_bytes, language) },
    { key: "accelerators", title: words.accelerators, align: "end", value: acceleratorsOf, render: (node) => format.integer(acceleratorsOf(node), language) },
    { key: "power", title: words.power, align: "end", value: powerOf, render: (node) => watts(powerOf(node), language) },
    { key: "deployments", title: words.deployments, value: ({ deployments }) => deployments.join(" "), render: ({ deployments, accelerators }) => names([...new Set([...deployments, ...accelerators.flatMap((each) => each.deployments)])]) },
  ];
}

export function useAcceleratorColumns(): Column<Accelerator>[] {
  const words = useNodeWords();
  const language = useLanguage();
  return [
    {
      key: "id",
      title: words.accelerator,
      lead: true,
      render: ({ id, model }) => (
        <span className={styles.name}>
          {id} <span className="muted small">{model}</span>
        </span>
      ),
    },
    { key: "load", title: words.acceleratorLoad, render: ({ utilisation }) => <Share value={utilisation} label={words.acceleratorLoad} /> },
    { key: "memory", title: words.memory, render: (each) => <Memory of={each} label={words.memory} /> },
    { key: "free", title: words.free, align: "end", render: ({ free_bytes }) => format.bytes(free_bytes, language) },
    { key: "power", title: words.power, align: "end", render: ({ power_w }) => watts(power_w, language) },
    { key: "deployments", title: words.deployments, render: ({ deployments }) => names(deployments) },
  ];
}
