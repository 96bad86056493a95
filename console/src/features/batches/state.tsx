import type { BatchStatus } from "@/features/batches/batch";
import { useBatchWords } from "@/features/batches/words";
import { Status, type Tone } from "@/shared/status";

export const batchStatuses = ["validating", "in_progress", "finalizing", "completed", "failed", "cancelling", "cancelled", "expired"] as const;

const looks: Record<BatchStatus, { tone: Tone; live?: boolean; hollow?: boolean }> = {
  validating: { tone: "info", live: true },
  in_progress: { tone: "info", live: true },
  finalizing: { tone: "info", live: true },
  completed: { tone: "good" },
  failed: { tone: "bad" },
  expired: { tone: "warn" },
  cancelling: { tone: "muted", live: true },
  cancelled: { tone: "muted", hollow: true },
};

export function BatchState({ status }: { status: BatchStatus }) {
  const words = useBatchWords();
  return <Status {...looks[status]}>{words.statuses[status]}</Status>;
}
