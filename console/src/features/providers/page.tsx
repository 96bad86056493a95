import { useQuery } from "@tanstack/react-query";
import { getRouteApi, lazyRouteComponent } from "@tanstack/react-router";
import { Button } from "antd";
import { Plus } from "lucide-react";
import { Suspense } from "react";
import { providersQuery } from "@/api/queries";
import { ProviderList } from "@/features/providers/list";
import { useRouteWords } from "@/features/providers/route-words";
import { Routes } from "@/features/providers/routes";
import { useProviderWords } from "@/features/providers/words";
import { Page } from "@/shared/page";
import { useMay } from "@/shared/permissions";
import { Tabs } from "@/shared/tabs";

const route = getRouteApi("/console/providers");
// Forms are loaded once somebody opens one.
const AliasPanels = lazyRouteComponent(() => import("@/features/providers/panels"), "AliasPanels");
const ProviderPanels = lazyRouteComponent(() => import("@/features/providers/panels"), "ProviderPanels");

export function ProvidersPage() {
  const words = useProviderWords();
  const routeWords = useRouteWords();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const providers = useQuery(providersQuery).data;
  const routes = search.tab === "routes";
  const manages = useMay(routes ? "routes.manage" : "providers.manage");
  const change = (part: Partial<typeof search>) => void navigate({ search: (before) => ({ ...before, ...part }), replace: !("id" in part) });
  const action = manages ? (
    <Button type="primary" icon={<Plus size={15} aria-hidden="true" />} onClick={() => change({ create: true })}>
      {routes ? routeWords.create : words.add}
    </Button>
  ) : null;
  return (
    <Page title={words.title} sentence={words.sentence} actions={action}>
      <Tabs
        label={words.title}
        tabs={[
          { key: "providers", label: words.tabs.providers },
          { key: "routes", label: words.tabs.routes },
        ]}
        value={search.tab ?? "providers"}
        onChange={(tab) => void navigate({ search: { tab: tab === "routes" ? "routes" : undefined } })}
      >
        {routes ? (
          <Routes
            search={search}
            onSearch={change}
            action={action}
            onOpen={({ name, kind, source }) => {
              if (kind === "alias") change({ id: name });
              else if (kind === "deployment") void navigate({ to: "/deployments", search: { id: name } });
              else void navigate({ search: { id: providers?.find(({ models }) => models.some((model) => model.name === name))?.id, q: source } });
            }}
          />
        ) : (
          <ProviderList search={search} onSearch={change} action={action} />
        )}
      </Tabs>
      {search.id || search.create ? (
        <Suspense>
          {routes ? <AliasPanels search={search} onSearch={change} manages={manages} /> : <ProviderPanels search={search} onSearch={change} manages={manages} />}
        </Suspense>
      ) : null}
    </Page>
  );
}
