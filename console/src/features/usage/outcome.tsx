import type { Schemas } from "@/api/client";
import { useUsageWords } from "@/features/usage/words";
import { Status, type Tone } from "@/shared/status";

export const outcomes = ["ok", "failed", "cancelled", "interrupted"] as const;
const tones: Record<(typeof outcomes)[number], Tone> = { ok: "good", failed: "bad", cancelled: "muted", interrupted: "warn" };

export function CallOutcome({ call }: { call: Pick<Schemas["Charge"], "outcome" | "error_code"> }) {
  const words = useUsageWords();
  return (
    <Status tone={tones[call.outcome]} hollow={call.outcome === "cancelled"}>
      {words.outcomes[call.outcome]}
      {call.error_code ? <code className="muted">{call.error_code}</code> : null}
    </Status>
  );
}
