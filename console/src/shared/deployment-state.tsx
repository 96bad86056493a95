import type { Schemas } from "@/api/client";
import { Status, type Tone } from "@/shared/status";
import { words } from "@/shared/words";

export type DeploymentState = Schemas["Deployment"]["state"];

export const useStateWords = words({
  en: {
    pending: "Waiting",
    pulling: "Downloading",
    starting: "Starting",
    ready: "Ready",
    degraded: "Degraded",
    stopped: "Stopped",
    failed: "Failed",
  },
  zh: {
    pending: "等待中",
    pulling: "下载中",
    starting: "启动中",
    ready: "就绪",
    degraded: "异常",
    stopped: "已停止",
    failed: "失败",
  },
});

const looks: Record<DeploymentState, { tone: Tone; live?: boolean; hollow?: boolean }> = {
  pending: { tone: "muted", hollow: true },
  pulling: { tone: "info", live: true },
  starting: { tone: "info", live: true },
  ready: { tone: "good" },
  degraded: { tone: "warn" },
  stopped: { tone: "muted", hollow: true },
  failed: { tone: "bad" },
};

export function DeploymentStatus({ state }: { state: DeploymentState }) {
  const texts = useStateWords();
  return <Status {...looks[state]}>{texts[state]}</Status>;
}
