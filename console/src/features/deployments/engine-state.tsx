import type { Schemas } from "@/api/client";
import { useEngineWords } from "@/features/deployments/engine-words";
import { Status, type Tone } from "@/shared/status";

export type Engine = Schemas["EngineDetails"];

const tones: Record<Engine["state"], Tone> = { ready: "good", beside: "good", absent: "muted", installing: "info" };

export function EngineStatus({ engine: { state, job } }: { engine: Engine }) {
  const words = useEngineWords();
  if (state === "absent" && job?.state === "failed") return <Status tone="bad">{words.failed}</Status>;
  return (
    <Status tone={tones[state]} live={state === "installing"} hollow={state === "absent"}>
      {words.states[state]}
    </Status>
  );
}

/** An engine that is not here runs, once it is, in an environment; unless nothing can be installed for it. */
export const runsBeside = ({ state, requirements }: Engine): boolean => state === "beside" || requirements.length === 0;
