import { useStateWords } from "@/shared/deployment-state";
import { Status, type Tone } from "@/shared/status";
import { words } from "@/shared/words";

export const useProviderStateWords = words({
  en: { ready: "Ready", failing: "Failing", unchecked: "Not checked", disabled: "Switched off" },
  zh: { ready: "就绪", failing: "异常", unchecked: "未检查", disabled: "已停用" },
});

export const providerStates = ["ready", "failing", "unchecked", "disabled"] as const;
type ProviderState = (typeof providerStates)[number];

const providerTones: Record<ProviderState, Tone> = { ready: "good", failing: "bad", unchecked: "info", disabled: "muted" };

export function ProviderStatus({ state }: { state: ProviderState }) {
  const states = useProviderStateWords();
  return (
    <Status tone={providerTones[state]} hollow={state === "unchecked" || state === "disabled"}>
      {states[state]}
    </Status>
  );
}

const tones: Record<string, Tone> = {
  ready: "good",
  degraded: "warn",
  failing: "bad",
  failed: "bad",
  unchecked: "info",
  starting: "info",
  pulling: "info",
};

/** The state of a public name in the words of what it is: a deployment's, a provider's, or an alias's. */
export function useRouteStateWord(): (state: string) => string {
  const all: Record<string, string> = { ...useStateWords(), ...useProviderStateWords() };
  return (state) => all[state] ?? state;
}

export function RouteStatus({ state }: { state: string }) {
  const word = useRouteStateWord();
  return (
    <Status tone={tones[state] ?? "muted"} hollow={!(state in tones) || state === "unchecked"}>
      {word(state)}
    </Status>
  );
}
