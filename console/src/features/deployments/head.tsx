import { useQuery } from "@tanstack/react-query";
import type { Job } from "@/api/jobs";
import { jobsQuery } from "@/api/queries";
import styles from "@/features/deployments/deployments.module.css";
import { useEngineWords } from "@/features/deployments/engine-words";
import type { Detail } from "@/features/deployments/queries";
import { useDeploymentWords } from "@/features/deployments/words";
import { DeploymentStatus } from "@/shared/deployment-state";
import { Figure, Figures, Meter } from "@/shared/figure";
import * as format from "@/shared/format";
import { JobProgress } from "@/shared/job";
import { JobCard } from "@/shared/job-card";
import { LinkButton } from "@/shared/link-button";
import { useMay } from "@/shared/permissions";
import { Notice } from "@/shared/states";
import { Tag } from "@/shared/status";
import { Ago, Count, useLanguage } from "@/shared/values";

/** The state and why it is so, what is on the way, and the figures that decide. */
export function Head({ deployment }: { deployment: Detail }) {
  const words = useDeploymentWords();
  const engineWords = useEngineWords();
  const { state, since, reason, weak, origin } = deployment;
  return (
    <>
      <div className={styles.state}>
        <DeploymentStatus state={state} />
        <span className="muted small">
          <Ago at={since} />
        </span>
        {origin === "settings" ? <Tag title={words.fromSettingsText}>{words.fromSettings}</Tag> : null}
      </div>
      {reason && !deployment.job ? (
        <Notice
          level={state === "failed" ? "error" : state === "degraded" ? "warning" : "info"}
          action={
            reason.code === "engine_not_installed" ? (
              <LinkButton size="small" to="/deployments" search={{ tab: "engines", id: deployment.engine }}>
                {engineWords.see}
              </LinkButton>
            ) : null
          }
        >
          <p>{reason.message}</p>
          {reason.remedy ? <p>{reason.remedy}</p> : null}
        </Notice>
      ) : null}
      <Download deployment={deployment} />
      <Update deployment={deployment} />
      {weak ? (
        <Notice level="warning">
          <p>{words.weakTitle}</p>
          <p>{words.weakText}</p>
        </Notice>
      ) : null}
      <Numbers deployment={deployment} />
    </>
  );
}

function Download({ deployment: { job: told, model_id } }: { deployment: Detail }) {
  const manages = useMay("models.manage");
  const job: Job | undefined = useQuery(jobsQuery).data?.find(({ id }) => id === told?.id);
  if (!told) return null;
  if (job) return <JobCard job={{ ...job, done: told.done, total: told.total }} mayChange={manages} />;
  return <JobProgress label={model_id ?? told.id} done={told.done} failed={0} total={told.total} speed={told.speed ?? undefined} bytes />;
}

/** How far a rolling update is; one that failed says why, one that is done says nothing. */
function Update({ deployment: { update } }: { deployment: Detail }) {
  const words = useDeploymentWords();
  const language = useLanguage();
  if (!update || update.state === "done") return null;
  const failed = update.state === "failed";
  return (
    <Notice level={failed ? "error" : "info"}>
      <p>{words.update[update.state](update.revision)}</p>
      {update.reason ? <p>{update.reason.message}</p> : null}
      {update.reason?.remedy ? <p>{update.reason.remedy}</p> : null}
      {failed ? (
        <p>{words.updateFailed}</p>
      ) : (
        <>
          <Meter calm value={update.replaced} limit={update.replicas} label={words.update[update.state](update.revision)} />
          <p className="small">{words.replaced(format.integer(update.replaced, language), format.integer(update.replicas, language))}</p>
        </>
      )}
    </Notice>
  );
}

export const readyOf = ({ replicas }: Pick<Detail, "replicas">): number => replicas.filter(({ state, leaving }) => state === "ready" && !leaving).length;

function Numbers({ deployment }: { deployment: Detail }) {
  const words = useDeploymentWords();
  const language = useLanguage();
  const { memory_bytes: memory } = deployment;
  const [amount = "–", unit = ""] = memory === null ? [] : format.bytes(memory, language).split(" ");
  return (
    <Figures>
      <Figure name={words.speed} value={format.rate(deployment.tokens_per_second, language)} unit={words.speedUnit} />
      <Figure name={words.inFlight} value={<Count value={deployment.in_flight} />} note={`${words.queued}: ${format.integer(deployment.queued, language)}`} />
      <Figure name={words.replicas} value={words.replicasOf(readyOf(deployment), deployment.replicas_wanted)} />
      <Figure name={words.memory} value={amount} unit={unit} />
    </Figures>
  );
}
