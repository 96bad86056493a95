import { getRouteApi } from "@tanstack/react-router";
import { AboutTab } from "@/features/settings/about-tab";
import { ProfileTab } from "@/features/settings/profile-tab";
import { useSettingsWords } from "@/features/settings/words";
import { Page } from "@/shared/page";
import { useMay } from "@/shared/permissions";
import { Tabs } from "@/shared/tabs";

const route = getRouteApi("/console/settings");

export function SettingsPage() {
  const words = useSettingsWords();
  const { tab = "profile" } = route.useSearch();
  const navigate = route.useNavigate();
  const mayAbout = useMay("about.read");
  const tabs = [
    { key: "profile" as const, label: words.tabs.profile },
    ...(mayAbout ? [{ key: "about" as const, label: words.tabs.about }] : []),
  ];
  return (
    <Page title={words.title} sentence={words.sentence}>
      <Tabs label={words.title} tabs={tabs} value={tab} onChange={(key) => void navigate({ search: { tab: key === "about" ? key : undefined } })}>
        {tab === "about" ? <AboutTab /> : <ProfileTab />}
      </Tabs>
    </Page>
  );
}
