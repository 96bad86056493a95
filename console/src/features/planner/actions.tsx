import { Button } from "antd";
import { Code2, History } from "lucide-react";
import type { Asking } from "@/features/planner/bodies";
import { ExportButton } from "@/features/planner/export";
import styles from "@/features/planner/planner.module.css";
import type { PlanState } from "@/features/planner/state";
import { usePlannerWords } from "@/features/planner/words";
import { useCommonWords } from "@/shared/common-words";
import { useMay } from "@/shared/permissions";

/** Where inputs may come from, and where the plan may go. */
export function Actions({ state, asking, made }: { state: PlanState; asking: Asking; made: boolean }) {
  const words = usePlannerWords();
  const common = useCommonWords();
  const used = useMay("usage.own", "usage.read");
  return (
    <div className={styles.actions}>
      {used && asking.kind !== "train" ? (
        <Button icon={<History size={15} aria-hidden="true" />} onClick={() => state.go({ view: "use" })}>
          {words.fillFromUse}
        </Button>
      ) : null}
      <span className={styles.spring} />
      <ExportButton asking={asking} disabled={!made} />
      <Button icon={<Code2 size={15} aria-hidden="true" />} disabled={!made} onClick={() => state.go({ view: "code" })}>
        {common.viewCode}
      </Button>
    </div>
  );
}
