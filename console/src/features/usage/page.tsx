import { getRouteApi, lazyRouteComponent } from "@tanstack/react-router";
import { Suspense } from "react";
import { CallsTab } from "@/features/usage/calls-tab";
import { useUsageWords } from "@/features/usage/words";
import { Card, Page } from "@/shared/page";
import { may, useSession } from "@/shared/permissions";
import { Bones } from "@/shared/states";
import { Tabs } from "@/shared/tabs";

const route = getRouteApi("/console/usage");
const UsageTab = lazyRouteComponent(() => import("@/features/usage/usage-tab"), "UsageTab");
const LimitsTab = lazyRouteComponent(() => import("@/features/limits/tab"), "LimitsTab");
const PricesTab = lazyRouteComponent(() => import("@/features/usage/prices-tab"), "PricesTab");

export function UsagePage() {
  const words = useUsageWords();
  const { tab = "usage" } = route.useSearch();
  const navigate = route.useNavigate();
  const session = useSession();
  const tabs = [
    { key: "usage" as const, label: words.tabs.usage },
    { key: "calls" as const, label: words.tabs.calls },
    ...(may(session, "limits.read") ? [{ key: "limits" as const, label: words.tabs.limits }] : []),
    ...(may(session, "prices.read") ? [{ key: "prices" as const, label: words.tabs.prices }] : []),
  ];
  return (
    <Page title={words.title} sentence={may(session, "usage.read") ? words.sentence : words.ownSentence}>
      <Tabs
        label={words.title}
        tabs={tabs}
        value={tab}
        onChange={(key) => void navigate({ search: { tab: key === "usage" ? undefined : key } })}
      >
        <Suspense fallback={<Card padded={false}><Bones lines={6} /></Card>}>
          {tab === "usage" ? <UsageTab /> : null}
          {tab === "calls" ? <CallsTab /> : null}
          {tab === "prices" ? <PricesTab /> : null}
          {tab === "limits" ? <LimitsTab /> : null}
        </Suspense>
      </Tabs>
    </Page>
  );
}
