import { Button } from "antd";
import type { ReactNode } from "react";
import { canRetry, isOver, useJobChanges, useLiveJob, type Job } from "@/api/jobs";
import { useAct } from "@/shared/act";
import styles from "@/shared/job.module.css";
import { JobProgress } from "@/shared/job";
import { useJobWords } from "@/shared/job-words";
import { Notice } from "@/shared/states";
import { Status, type Tone } from "@/shared/status";

const looks: Record<Job["state"], { tone: Tone; live?: boolean; hollow?: boolean }> = {
  queued: { tone: "muted", hollow: true },
  running: { tone: "info", live: true },
  succeeded: { tone: "good" },
  failed: { tone: "bad" },
  cancelled: { tone: "muted", hollow: true },
};

const numberIn = (job: Job, name: string): number | undefined => {
  const value = job.facts[name];
  return typeof value === "number" ? value : undefined;
};

/** A job wherever it is met: what it is, how far, how fast, how long yet, why it failed; cancel it, or try again. */
export function JobCard({ job, title, mayChange }: { job: Job; title?: ReactNode; mayChange: boolean }) {
  const words = useJobWords();
  const name = words.kinds[job.kind] ?? job.kind;
  const { source, phase } = job.facts;
  const running = job.state === "running";
  const note = typeof source === "string" && source ? words.from(source) : running && typeof phase === "string" ? words.phases[phase] : undefined;
  return (
    <section className={styles.card} aria-label={`${name} ${job.subject}`}>
      <div className={styles.cardHead}>
        <span className={styles.cardTitle}>
          {title ?? (
            <>
              {name} <code>{job.subject}</code>
            </>
          )}
        </span>
        <Status {...looks[job.state]}>{words.jobStates[job.state]}</Status>
      </div>
      {(job.total || job.done) && job.state !== "succeeded" ? (
        <JobProgress
          label={name}
          done={job.done}
          failed={job.failed}
          total={job.total}
          speed={running ? numberIn(job, "speed") : undefined}
          bytes={job.kind !== "batch"}
          {...(note ? { note } : {})}
        />
      ) : null}
      {job.reason ? (
        <Notice level="error">
          <p>{job.reason.message}</p>
          {job.reason.remedy ? <p>{job.reason.remedy}</p> : null}
        </Notice>
      ) : null}
      {mayChange ? <Actions job={job} /> : null}
    </section>
  );
}

/** The same, followed by its stream. */
export function LiveJobCard({ job, ...rest }: Parameters<typeof JobCard>[0]) {
  return <JobCard {...rest} job={useLiveJob(job)} />;
}

function Actions({ job }: { job: Job }) {
  const words = useJobWords();
  const changes = useJobChanges();
  const { act, working, failure } = useAct();
  const cancelling = job.cancel_requested_at !== null;
  return (
    <>
      {failure}
      {isOver(job) ? null : (
        <div>
          <Button size="small" disabled={cancelling} loading={working} onClick={() => void act(() => changes.cancel(job))}>
            {cancelling ? words.cancelling : words.cancel}
          </Button>
        </div>
      )}
      {canRetry(job) ? (
        <div>
          <Button size="small" loading={working} onClick={() => void act(() => changes.retry(job))}>
            {words.retry}
          </Button>
        </div>
      ) : null}
    </>
  );
}
