import { useQuery } from "@tanstack/react-query";
import { Cpu } from "lucide-react";
import type { ReactNode } from "react";
import { deploymentsQuery } from "@/api/queries";
import { useColumns } from "@/features/deployments/columns";
import type { Deployment } from "@/features/deployments/queries";
import { useDeploymentWords } from "@/features/deployments/words";
import { useStateWords } from "@/shared/deployment-state";
import { List, type ListSearch } from "@/shared/list";
import { Empty } from "@/shared/states";

const stateKeys = ["ready", "starting", "pulling", "pending", "degraded", "failed", "stopped"] as const;

interface DeploymentListProps {
  search: ListSearch & { state?: string | undefined; engine?: string | undefined };
  onSearch: (change: Record<string, string | undefined>) => void;
  action: ReactNode;
}

export function DeploymentList({ search, onSearch, action }: DeploymentListProps) {
  const words = useDeploymentWords();
  const states = useStateWords();
  const { data, error, refetch } = useQuery(deploymentsQuery);
  const engines = [...new Set(data?.map(({ engine }) => engine))].toSorted();
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
          keeps: (row: Deployment, value: string) => row.state === value,
        },
        {
          key: "engine",
          label: words.engine,
          options: engines.map((value) => ({ value, label: value })),
          value: search.engine,
          keeps: (row: Deployment, value: string) => row.engine === value,
        },
      ]}
      search={search}
      onSearch={onSearch}
      text={(row) => [row.name, row.id, row.engine, row.model_id, ...row.kinds].join(" ")}
      rowKey={(row) => row.name}
      rowName={(row) => row.name}
      openable
      empty={<Empty icon={Cpu} title={words.emptyTitle} text={words.emptyText} action={action} />}
    />
  );
}
