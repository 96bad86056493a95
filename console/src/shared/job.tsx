import { Check, CircleDashed, LoaderCircle, X } from "lucide-react";
import { useJobWords } from "@/shared/job-words";
import styles from "@/shared/job.module.css";
import { Meter } from "@/shared/figure";
import * as format from "@/shared/format";
import { Count, useLanguage } from "@/shared/values";

export type StepState = "done" | "active" | "waiting" | "failed";

export interface JobStep {
  key: string;
  label: string;
  state: StepState;
}

interface JobProgressProps {
  /** What the job is, for those who hear it. */
  label: string;
  steps?: readonly JobStep[];
  done: number;
  failed: number;
  /** 0 while it is not known. */
  total: number;
  /** Pieces a second while it runs; nothing where it rests. */
  speed?: number | undefined;
  /** The pieces are bytes. */
  bytes?: boolean;
  /** What else there is to say, such as where they come from. */
  note?: string;
}

const icons = { done: Check, active: LoaderCircle, waiting: CircleDashed, failed: X };

/** A job: its steps, how much is done, how fast it goes and how long it will take. */
export function JobProgress({ label, steps, done, failed, total, speed, bytes = false, note }: JobProgressProps) {
  const words = useJobWords();
  const language = useLanguage();
  const left = total - done - failed;
  const amount = bytes ? format.bytes : format.integer;
  const rate = (each: number) =>
    bytes ? words.perSecond(format.bytes(each, language)) : words.speed(format.rate(each * 60, language));
  return (
    <div className={styles.job}>
      {steps ? <Steps steps={steps} /> : null}
      {total || done ? (
        <>
          {total ? <Meter calm value={done + failed} limit={total} label={label} /> : null}
          <p className={styles.counts}>
            <span>
              {total ? words.done(amount(done, language), amount(total, language)) : words.soFar(amount(done, language))}
              {failed ? (
                <span className={styles.bad}>
                  {" · "}
                  <Count value={failed} /> {words.failed}
                </span>
              ) : null}
              {note ? <span className="muted"> · {note}</span> : null}
            </span>
            {speed && left > 0 ? (
              <span className="muted">
                {rate(speed)} · {words.left(format.duration((left / speed) * 1000, language))}
              </span>
            ) : null}
          </p>
        </>
      ) : null}
    </div>
  );
}

function Steps({ steps }: { steps: readonly JobStep[] }) {
  const words = useJobWords();
  return (
    <ol className={styles.steps} aria-label={words.steps}>
      {steps.map((step) => {
        const Icon = icons[step.state];
        return (
          <li key={step.key} className={styles[step.state]} aria-current={step.state === "active" ? "step" : undefined}>
            <Icon size={14} aria-hidden="true" />
            {step.label}
            <span className="sr-only">{words.states[step.state]}</span>
          </li>
        );
      })}
    </ol>
  );
}
