import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { deploymentsQuery } from "@/api/queries";
import { DeploymentDetail } from "@/features/models/detail";
import { Running } from "@/features/models/running";
import { Store } from "@/features/models/store";
import { useModelWords } from "@/features/models/words";
import { Page } from "@/shared/page";
import { Tabs } from "@/shared/tabs";

const route = getRouteApi("/console/deployments");

export function DeploymentsPage() {
  const words = useModelWords();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data } = useQuery(deploymentsQuery);
  const open = data?.find((deployment) => deployment.name === search.id);
  const change = (part: Partial<typeof search>) => void navigate({ search: (before) => ({ ...before, ...part }), replace: !("id" in part) });
  return (
    <Page title={words.title} sentence={words.sentence}>
      <Tabs
        label={words.title}
        tabs={[
          { key: "running", label: words.tabs.running },
          { key: "store", label: words.tabs.store },
        ]}
        value={search.tab ?? "running"}
        onChange={(tab) => void navigate({ search: { tab: tab === "store" ? "store" : undefined } })}
      >
        {search.tab === "store" ? <Store /> : <Running search={search} onSearch={change} />}
      </Tabs>
      {open ? <DeploymentDetail deployment={open} view={search.view} onView={(view) => change({ view })} onClose={() => change({ id: undefined, view: undefined })} /> : null}
    </Page>
  );
}
