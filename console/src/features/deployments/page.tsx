import { getRouteApi, lazyRouteComponent } from "@tanstack/react-router";
import { Button } from "antd";
import { Plug, Rocket } from "lucide-react";
import { Suspense } from "react";
import { useEngineWords } from "@/features/deployments/engine-words";
import { Engines } from "@/features/deployments/engines";
import { DeploymentList } from "@/features/deployments/list";
import { useDeploymentWords } from "@/features/deployments/words";
import { LinkButton } from "@/shared/link-button";
import { Page } from "@/shared/page";
import { useMay } from "@/shared/permissions";
import { Tabs } from "@/shared/tabs";

const route = getRouteApi("/console/deployments");
// What a row opens, and the form, are loaded once somebody opens one.
const DeploymentPanel = lazyRouteComponent(() => import("@/features/deployments/panel"), "DeploymentPanel");
const Deploy = lazyRouteComponent(() => import("@/features/deployments/forms"), "Deploy");

export function DeploymentsPage() {
  const words = useDeploymentWords();
  const engineWords = useEngineWords();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const manages = useMay("deployments.manage");
  const outside = useMay("providers.read");
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
  return (
    <Page title={words.title} sentence={words.sentence} actions={actions}>
      <Tabs
        label={words.title}
        tabs={[
          { key: "deployments", label: engineWords.tabs.deployments },
          { key: "engines", label: engineWords.tabs.engines },
        ]}
        value={search.tab ?? "deployments"}
        onChange={(tab) => void navigate({ search: { tab: tab === "engines" ? "engines" : undefined } })}
      >
        {search.tab ? <Engines search={search} onSearch={change} /> : <DeploymentList search={search} onSearch={change} action={deploy} />}
      </Tabs>
      <Suspense>
        {search.id && !search.tab ? (
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
