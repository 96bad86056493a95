import { useQuery } from "@tanstack/react-query";
import { getRouteApi, lazyRouteComponent } from "@tanstack/react-router";
import { Button } from "antd";
import { Cpu, Plug, Rocket } from "lucide-react";
import { Suspense } from "react";
import { deploymentsQuery } from "@/api/queries";
import { useColumns } from "@/features/deployments/columns";
import type { Deployment } from "@/features/deployments/queries";
import { useDeploymentWords } from "@/features/deployments/words";
import { useStateWords } from "@/shared/deployment-state";
import { LinkButton } from "@/shared/link-button";
import { List } from "@/shared/list";
import { Page } from "@/shared/page";
import { useMay } from "@/shared/permissions";
import { Empty } from "@/shared/states";

const route = getRouteApi("/console/deployments");
const stateKeys = ["ready", "starting", "pulling", "pending", "degraded", "failed", "stopped"] as const;
// What a row opens, and the form, are loaded once somebody opens one.
const DeploymentPanel = lazyRouteComponent(() => import("@/features/deployments/panel"), "DeploymentPanel");
const Deploy = lazyRouteComponent(() => import("@/features/deployments/forms"), "Deploy");

export function DeploymentsPage() {
  const words = useDeploymentWords();
  const states = useStateWords();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const manages = useMay("deployments.manage");
  const outside = useMay("providers.read");
  const { data, error, refetch } = useQuery(deploymentsQuery);
  const change = (part: Partial<typeof search>) => void navigate({ search: (before) => ({ ...before, ...part }), replace: !("id" in part) });
  const deploy = manages ? (
    <Button type="primary" icon={<Rocket size={15} aria-hidden="true" />} onClick={() => change({ create: true })}>
      {words.deploy}
    </Button>
  ) : null;
  const actions = (
    <>
      {outside ? (
        <LinkButton to="/providers" icon={<Plug size={15} aria-hidden="true" />}>
          {words.providers}
        </LinkButton>
      ) : null}
      {deploy}
    </>
  );
  const engines = [...new Set(data?.map(({ engine }) => engine))].toSorted();
  return (
    <Page title={words.title} sentence={words.sentence} actions={actions}>
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
        onSearch={change}
        text={(row) => [row.name, row.id, row.engine, row.model_id, ...row.kinds].join(" ")}
        rowKey={(row) => row.name}
        rowName={(row) => row.name}
        openable
        empty={<Empty icon={Cpu} title={words.emptyTitle} text={words.emptyText} action={deploy} />}
      />
      <Suspense>
        {search.id ? (
          <DeploymentPanel
            key={search.id}
            id={search.id}
            view={search.view}
            onView={(view) => change({ view })}
            edit={search.edit ?? false}
            onEdit={(edit) => change({ edit: edit || undefined })}
            onClose={() => change({ id: undefined, view: undefined, edit: undefined })}
          />
        ) : null}
        {search.create && manages ? (
          <Deploy
            model={search.model}
            variant={search.variant}
            onMade={({ name }) => void navigate({ search: { id: name } })}
            onClose={() => change({ create: undefined, model: undefined, variant: undefined })}
          />
        ) : null}
      </Suspense>
    </Page>
  );
}
