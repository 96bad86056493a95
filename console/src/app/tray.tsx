import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Popover } from "antd";
import { LoaderCircle, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { isOver, type Job } from "@/api/jobs";
import { jobsQuery } from "@/api/queries";
import styles from "@/app/tray.module.css";
import { JobCard } from "@/shared/job-card";
import { useJobWords } from "@/shared/job-words";
import { useMay } from "@/shared/permissions";
import { useNow } from "@/shared/values";

const FAILED_SHOWN_MS = 15 * 60_000;

/** Failures stay a while, unless the same thing was begun again. */
function shownOf(jobs: readonly Job[], now: number): { running: Job[]; failed: Job[] } {
  const newest = jobs.filter((job, i) => jobs.findIndex(({ kind, subject }) => kind === job.kind && subject === job.subject) === i);
  return {
    running: jobs.filter((job) => !isOver(job)),
    failed: newest.filter(({ state, finished_at }) => state === "failed" && finished_at !== null && now - Date.parse(finished_at) < FAILED_SHOWN_MS),
  };
}

/** What goes on behind the requests, from every page; away while nothing does. */
export default function Tray() {
  const words = useJobWords();
  const manages = useMay("models.manage");
  const [open, setOpen] = useState(false);
  const { running, failed } = shownOf(useQuery(jobsQuery).data ?? [], useNow());
  if (running.length + failed.length === 0) return null;
  const Icon = running.length ? LoaderCircle : TriangleAlert;
  return (
    <Popover
      open={open}
      onOpenChange={setOpen}
      trigger="click"
      placement="bottomRight"
      title={words.tray}
      content={
        <ul className={styles.jobs}>
          {[...running, ...failed].map((job) => (
            <li key={job.id}>
              <JobCard job={job} title={<Title job={job} onGo={() => setOpen(false)} />} mayChange={manages && job.kind !== "batch"} />
            </li>
          ))}
        </ul>
      }
    >
      <Button
        type="text"
        aria-label={running.length ? words.running(running.length) : words.failedLately(failed.length)}
        icon={<Icon size={16} className={(running.length ? styles.turning : styles.failed) ?? ""} aria-hidden="true" />}
      >
        {running.length || failed.length}
      </Button>
    </Popover>
  );
}

function Title({ job, onGo }: { job: Job; onGo: () => void }) {
  const words = useJobWords();
  const name = words.kinds[job.kind] ?? job.kind;
  const subject = <code>{job.subject}</code>;
  if (job.kind === "batch") {
    return (
      <Link to="/batches" search={{ id: job.subject }} onClick={onGo} className={styles.name}>
        {name} {subject}
      </Link>
    );
  }
  if (job.kind === "installation") {
    return (
      <Link to="/deployments" search={{ tab: "engines", id: job.subject }} onClick={onGo} className={styles.name}>
        {name} {subject}
      </Link>
    );
  }
  return (
    <Link to="/store" search={{ id: job.subject.split(":")[0] }} onClick={onGo} className={styles.name}>
      {name} {subject}
    </Link>
  );
}
