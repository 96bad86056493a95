import type { Schemas } from "@/api/client";
import { useUsageWords } from "@/features/usage/words";
import { Status, type Tone } from "@/shared/status";

export const outcomes = ["ok", "failed", "cancelled", "interrupted", "refused"] as const;
const tones: Record<Schemas["Charge"]["outcome"], Tone> = { ok: "good", failed: "bad", cancelled: "muted", interrupted: "warn" };

interface CallOutcomeProps {
  call: Pick<Schemas["Charge"], "outcome" | "error_code">;
  /** Turned away before any model was asked: nothing is wrong with a model. */
  refused?: boolean;
}

export function CallOutcome({ call, refused = false }: CallOutcomeProps) {
  const words = useUsageWords();
  return (
    <Status tone={refused ? "warn" : tones[call.outcome]} hollow={refused || call.outcome === "cancelled"}>
      {refused ? words.outcomes.refused : words.outcomes[call.outcome]}
      {call.error_code ? <code className="muted">{call.error_code}</code> : null}
    </Status>
  );
}
