import { useQueryClient } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { Log } from "@/features/models/log";
import type { Deployment } from "@/features/models/running";
import { useModelWords } from "@/features/models/words";
import { CodeTabs } from "@/shared/code";
import { ConfirmDanger } from "@/shared/confirm";
import { DeploymentStatus } from "@/shared/deployment-state";
import { Figure, Figures } from "@/shared/figure";
import * as format from "@/shared/format";
import { LinkButton } from "@/shared/link-button";
import { DangerZone, Facts, Panel } from "@/shared/panel";
import { useMay } from "@/shared/permissions";
import { firstCall, snippets } from "@/shared/snippets";
import { Notice } from "@/shared/states";
import { Tabs } from "@/shared/tabs";
import { Ago, Count, useLanguage } from "@/shared/values";

interface DetailProps {
  deployment: Deployment;
  view: "log" | "code" | undefined;
  onView: (view: "log" | "code" | undefined) => void;
  onClose: () => void;
}

/** State and its reason at the top, the figures that decide, tabs for the rest, the dangerous zone last. */
export function DeploymentDetail({ deployment, view, onView, onClose }: DetailProps) {
  const words = useModelWords();
  const language = useLanguage();
  return (
    <Panel open width={640} title={deployment.name} subtitle={deployment.description} onClose={onClose}>
      <State deployment={deployment} />
      <Figures>
        <Figure name={words.speed} value={format.rate(deployment.tokens_per_second, language)} unit={words.speedUnit} />
        <Figure name={words.inFlight} value={<Count value={deployment.in_flight} />} unit={`/ ${deployment.parallel}`} />
        <Figure name={words.memory} value={deployment.memory_bytes === null ? "–" : format.bytes(deployment.memory_bytes, language)} />
      </Figures>
      <Tabs
        label={deployment.name}
        tabs={[
          { key: "details", label: words.details },
          { key: "log", label: words.log },
          { key: "code", label: words.code },
        ]}
        value={view ?? "details"}
        onChange={(key) => onView(key === "details" ? undefined : key)}
      >
        {view === "log" ? <Log name={deployment.name} /> : null}
        {view === "code" ? <CodeTabs snippets={snippets(location.origin, firstCall(deployment.name, deployment.kinds, words.hello))} /> : null}
        {view ? null : <Details deployment={deployment} />}
      </Tabs>
    </Panel>
  );
}

function State({ deployment: { state, since, reason, weak } }: { deployment: Deployment }) {
  const words = useModelWords();
  return (
    <>
      <div>
        <DeploymentStatus state={state} />{" "}
        <span className="muted small">
          · <Ago at={since} />
        </span>
      </div>
      {reason ? (
        <Notice level={state === "failed" ? "error" : state === "degraded" ? "warning" : "info"}>
          <p>{reason.message}</p>
          {reason.remedy ? <p>{reason.remedy}</p> : null}
        </Notice>
      ) : null}
      {weak ? (
        <Notice level="warning">
          <p>{words.weakTitle}</p>
          <p>{words.weakText}</p>
        </Notice>
      ) : null}
    </>
  );
}

function Details({ deployment }: { deployment: Deployment }) {
  const words = useModelWords();
  const mayChat = useMay("inference.use") && deployment.kinds.includes("chat");
  const mayRestart = useMay("deployments.restart");
  return (
    <>
      <Facts
        rows={[
          deployment.model_id !== null && [words.model, <code key="m">{deployment.model_id}</code>],
          [words.engine, deployment.engine],
          [words.kinds, deployment.kinds.map((kind) => words.kindNames[kind]).join(" · ")],
          [
            words.context,
            <span key="c">
              <Count value={deployment.context} /> {words.contextUnit}
            </span>,
          ],
          [words.parallel, <Count key="p" value={deployment.parallel} />],
          deployment.threads !== null && [words.threads, <Count key="t" value={deployment.threads} />],
          [words.restarts, <Count key="r" value={deployment.restarts} />],
        ]}
      />
      {mayChat ? (
        <div>
          <LinkButton to="/playground" search={{ model: deployment.name }}>{words.tryIt}</LinkButton>
        </div>
      ) : null}
      {mayRestart ? <Restart deployment={deployment} /> : null}
    </>
  );
}

function Restart({ deployment }: { deployment: Deployment }) {
  const words = useModelWords();
  const queryClient = useQueryClient();
  const { message } = App.useApp();
  const [open, setOpen] = useState(false);
  const restart = async () => {
    await ask(api.POST("/api/deployments/{name}/restart", { params: { path: { name: deployment.name } } }));
    void message.info(words.restarted);
    await queryClient.invalidateQueries({ queryKey: ["deployments"] });
  };
  return (
    <>
      <DangerZone
        title={words.restartTitle}
        text={words.restartText}
        action={
          <Button danger onClick={() => setOpen(true)}>
            {words.restart}
          </Button>
        }
      />
      <ConfirmDanger
        open={open}
        title={words.restartTitle}
        losses={[words.lossCalls(deployment.in_flight), words.lossWait]}
        verb={words.restart}
        act={restart}
        onClose={() => setOpen(false)}
      />
    </>
  );
}
