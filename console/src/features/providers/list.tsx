import { useQuery } from "@tanstack/react-query";
import { Plug } from "lucide-react";
import type { ReactNode } from "react";
import { providersQuery, vendorsQuery } from "@/api/queries";
import styles from "@/features/providers/providers.module.css";
import { hostOf, type Provider } from "@/features/providers/values";
import { useProviderWords } from "@/features/providers/words";
import { CodeTabs } from "@/shared/code";
import { useCommonWords } from "@/shared/common-words";
import { List, type ListSearch } from "@/shared/list";
import { ProviderStatus, providerStates, useProviderStateWords } from "@/shared/route-state";
import type { Column } from "@/shared/rows";
import { firstCall, snippets } from "@/shared/snippets";
import { Empty } from "@/shared/states";
import { Tag, Tags } from "@/shared/status";
import { Ago, Count, DateOnly } from "@/shared/values";

interface ProviderListProps {
  search: ListSearch & { state?: string | undefined; vendor?: string | undefined };
  onSearch: (change: Record<string, string | undefined>) => void;
  action: ReactNode;
}

export function ProviderList({ search, onSearch, action }: ProviderListProps) {
  const words = useProviderWords();
  const states = useProviderStateWords();
  const { data, error, refetch } = useQuery(providersQuery);
  const names = useVendorNames();
  return (
    <List
      name="providers"
      label={words.list}
      rows={data}
      error={error}
      retry={() => void refetch()}
      columns={useColumns(names)}
      filters={[
        {
          key: "state",
          label: words.state,
          options: providerStates.map((value) => ({ value, label: states[value] })),
          value: search.state,
          keeps: (provider, value) => provider.state === value,
        },
        {
          key: "vendor",
          label: words.vendor,
          options: [...new Set(data?.map(({ vendor }) => vendor))].map((value) => ({ value, label: names(value) })),
          value: search.vendor,
          keeps: (provider, value) => provider.vendor === value,
        },
      ]}
      search={search}
      onSearch={onSearch}
      text={(provider) => [provider.name, provider.vendor, provider.base_url, provider.id, ...provider.models.flatMap(({ name, upstream }) => [name, upstream])].join(" ")}
      rowKey={(provider) => provider.id}
      rowName={(provider) => provider.name}
      openable
      empty={<NoProviders action={action} />}
    />
  );
}

function NoProviders({ action }: { action: ReactNode }) {
  const words = useProviderWords();
  const example = snippets(location.origin, firstCall("qwen-max", ["chat"], words.hello));
  return <Empty icon={Plug} title={words.emptyTitle} text={words.emptyText} example={<CodeTabs snippets={example} />} action={action} />;
}

export function useVendorNames(): (id: string) => string {
  const names = new Map<string, string>(useQuery(vendorsQuery).data?.map(({ id, name }) => [id, name]));
  return (id) => names.get(id) ?? id;
}

function useColumns(vendorName: (id: string) => string): Column<Provider>[] {
  const words = useProviderWords();
  const common = useCommonWords();
  const states = useProviderStateWords();
  return [
    {
      key: "name",
      title: words.name,
      lead: true,
      value: (row) => row.name,
      render: (row) => (
        <span className={styles.name}>
          {row.name}
          <code>{hostOf(row.base_url)}</code>
        </span>
      ),
    },
    { key: "vendor", title: words.vendor, value: (row) => vendorName(row.vendor), render: (row) => vendorName(row.vendor) },
    {
      key: "state",
      title: words.state,
      value: (row) => states[row.state],
      render: (row) => (
        <span className={styles.state}>
          <ProviderStatus state={row.state} />
          {row.reason ? <small>{row.reason.message}</small> : null}
        </span>
      ),
    },
    {
      key: "models",
      title: words.models,
      value: (row) => row.models.map(({ name }) => name).join(" "),
      render: (row) => (
        <Tags>
          {row.models.slice(0, 2).map(({ name }) => (
            <Tag key={name}>{name}</Tag>
          ))}
          {row.models.length > 2 ? (
            <Tag title={row.models.slice(2).map(({ name }) => name).join(", ")}>{words.modelsMore(row.models.length - 2)}</Tag>
          ) : null}
        </Tags>
      ),
    },
    { key: "parallel", title: words.parallel, align: "end", value: (row) => row.max_parallel, render: (row) => <Count value={row.max_parallel} /> },
    {
      key: "checked",
      title: words.checked,
      align: "end",
      value: (row) => row.checked_at,
      render: (row) => (row.checked_at ? <Ago at={row.checked_at} /> : <span className="muted">{common.never}</span>),
    },
    { key: "created", title: words.created, align: "end", spare: true, value: (row) => row.created_at, render: (row) => <DateOnly at={row.created_at} /> },
  ];
}
