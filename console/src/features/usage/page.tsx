import { getRouteApi } from "@tanstack/react-router";
import { BudgetsTab } from "@/features/usage/budgets-tab";
import { CallsTab } from "@/features/usage/calls-tab";
import { PricesTab } from "@/features/usage/prices-tab";
import { UsageTab } from "@/features/usage/usage-tab";
import { useUsageWords } from "@/features/usage/words";
import { Page } from "@/shared/page";
import { may, useSession } from "@/shared/permissions";
import { Tabs } from "@/shared/tabs";

const route = getRouteApi("/console/usage");

export function UsagePage() {
  const words = useUsageWords();
  const { tab = "usage" } = route.useSearch();
  const navigate = route.useNavigate();
  const session = useSession();
  const tabs = [
    { key: "usage" as const, label: words.tabs.usage },
    { key: "calls" as const, label: words.tabs.calls },
    ...(may(session, "prices.read") ? [{ key: "prices" as const, label: words.tabs.prices }] : []),
    ...(may(session, "budgets.read") ? [{ key: "budgets" as const, label: words.tabs.budgets }] : []),
  ];
  return (
    <Page title={words.title} sentence={may(session, "usage.read") ? words.sentence : words.ownSentence}>
      <Tabs
        label={words.title}
        tabs={tabs}
        value={tab}
        onChange={(key) => void navigate({ search: { tab: key === "usage" ? undefined : key } })}
      >
        {tab === "usage" ? <UsageTab /> : null}
        {tab === "calls" ? <CallsTab /> : null}
        {tab === "prices" ? <PricesTab /> : null}
        {tab === "budgets" ? <BudgetsTab /> : null}
      </Tabs>
    </Page>
  );
}
