import type { Schemas } from "@/api/client";
import styles from "@/features/keys/keys.module.css";
import type { Key } from "@/features/keys/values";
import { useKeyWords } from "@/features/keys/words";
import { useCommonWords } from "@/shared/common-words";
import { useKindWords } from "@/shared/kind-words";
import type { Column } from "@/shared/rows";
import { Status, Tag, Tags, type Tone } from "@/shared/status";
import { Ago, DateOnly, Money } from "@/shared/values";

export const statuses = ["active", "expired", "revoked"] as const;
const tones: Record<Key["status"], Tone> = { active: "good", expired: "warn", revoked: "muted" };

export function KeyStatus({ status }: { status: Key["status"] }) {
  const words = useKeyWords();
  return (
    <Status tone={tones[status]} hollow={status === "revoked"}>
      {words.statuses[status]}
    </Status>
  );
}

export function ModelTags({ models, most = 99 }: { models: readonly string[] | null; most?: number }) {
  const words = useKeyWords();
  if (!models) return <span className="muted">{words.allModels}</span>;
  return (
    <Tags>
      {models.slice(0, most).map((model) => (
        <Tag key={model}>{model}</Tag>
      ))}
      {models.length > most ? <Tag title={models.slice(most).join(", ")}>{words.modelsMore(models.length - most)}</Tag> : null}
    </Tags>
  );
}

export function ScopeTags({ scopes }: { scopes: Key["scopes"] }) {
  const kinds = useKindWords();
  return (
    <Tags>
      {scopes.map((scope) => (
        <Tag key={scope} {...(scope === "admin" ? { tone: "warn" as const } : {})}>
          {kinds[scope]}
        </Tag>
      ))}
    </Tags>
  );
}

/** `nameOf` is absent for those who see their own keys alone. */
export function useKeyColumns(currency: string, nameOf: ((id: string) => string) | null): Column<Key>[] {
  const words = useKeyWords();
  const common = useCommonWords();
  const columns: (Column<Key> | null)[] = [
    {
      key: "name",
      title: words.name,
      lead: true,
      value: (key) => key.name,
      render: (key) => (
        <span className={key.status === "active" ? styles.name : `${styles.name} ${styles.gone}`}>
          {key.name}
          <code>{key.hint}</code>
        </span>
      ),
    },
    { key: "hint", title: words.hint, spare: true, value: (key) => key.hint, render: (key) => <code className="muted">{key.hint}</code> },
    { key: "status", title: words.status, value: (key) => key.status, render: (key) => <KeyStatus status={key.status} /> },
    { key: "scopes", title: words.scopes, value: (key) => key.scopes.join(" "), render: (key) => <ScopeTags scopes={key.scopes} /> },
    { key: "models", title: words.models, value: (key) => key.models?.join(" ") ?? "*", render: (key) => <ModelTags models={key.models} most={1} /> },
    nameOf && { key: "member", title: words.member, value: (key: Key) => nameOf(key.member_id), render: (key: Key) => nameOf(key.member_id) },
    {
      key: "budget",
      title: words.budget,
      align: "end",
      value: (key) => key.monthly_limit_micros,
      render: (key) =>
        key.monthly_limit_micros === null ? <span className="muted">–</span> : <Money micros={key.monthly_limit_micros} currency={currency} />,
    },
    {
      key: "used",
      title: words.lastUsed,
      align: "end",
      value: (key) => key.last_used_at,
      render: (key) => (key.last_used_at ? <Ago at={key.last_used_at} /> : <span className="muted">{common.never}</span>),
    },
    {
      key: "expires",
      title: words.expires,
      align: "end",
      spare: true,
      value: (key) => key.expires_at,
      render: (key) => (key.expires_at ? <DateOnly at={key.expires_at} /> : <span className="muted">{common.never}</span>),
    },
    { key: "created", title: words.created, align: "end", spare: true, value: (key) => key.created_at, render: (key) => <DateOnly at={key.created_at} /> },
  ];
  return columns.filter((column): column is Column<Key> => column !== null);
}

export function useMemberNames(members: Schemas["Member"][] | undefined): (id: string) => string {
  const names = new Map(members?.map(({ id, name, email }) => [id, name || email]));
  return (id) => names.get(id) ?? id;
}
