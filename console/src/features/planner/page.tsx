import { CompareTab } from "@/features/planner/compare-tab";
import { kinds } from "@/features/planner/fields";
import { ServeTab } from "@/features/planner/serve-tab";
import { usePlanState } from "@/features/planner/state";
import { TrainTab } from "@/features/planner/train-tab";
import { usePlannerWords } from "@/features/planner/words";
import { Page } from "@/shared/page";
import { Tabs } from "@/shared/tabs";

const tabs = { train: TrainTab, serve: ServeTab, compare: CompareTab };

export function PlannerPage() {
  const words = usePlannerWords();
  const state = usePlanState();
  const kind = state.asked.tab ?? "serve";
  const Tab = tabs[kind];
  return (
    <Page title={words.title} sentence={words.sentence}>
      <Tabs label={words.title} tabs={kinds.map((key) => ({ key, label: words.tabs[key] }))} value={kind} onChange={(key) => state.go({ tab: key === "serve" ? undefined : key })}>
        <Tab state={state} />
      </Tabs>
    </Page>
  );
}
