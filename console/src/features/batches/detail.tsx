import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { Download } from "lucide-react";
import { useState } from "react";
import { contentAddress, isRunning, moment, nameOf, speedOf, stepsOf, type Batch } from "@/features/batches/batch";
import styles from "@/features/batches/batches.module.css";
import { costQuery, useBatchChanges } from "@/features/batches/queries";
import { batchSnippets } from "@/features/batches/snippets";
import { BatchState } from "@/features/batches/state";
import { useBatchWords } from "@/features/batches/words";
import { CodeTabs } from "@/shared/code";
import { ConfirmDanger } from "@/shared/confirm";
import { Id } from "@/shared/copy";
import { Figure, Figures } from "@/shared/figure";
import * as format from "@/shared/format";
import { JobProgress } from "@/shared/job";
import { DangerZone, Facts, Panel } from "@/shared/panel";
import { Notice } from "@/shared/states";
import { Tabs } from "@/shared/tabs";
import { Ago, Count, Money, useLanguage, useNow } from "@/shared/values";

interface DetailProps {
  batch: Batch;
  view: "code" | undefined;
  onView: (view: "code" | undefined) => void;
  onClose: () => void;
}

export function BatchDetail({ batch, view, onView, onClose }: DetailProps) {
  const words = useBatchWords();
  const now = useNow();
  const { total = 0, completed = 0, failed = 0 } = batch.request_counts ?? {};
  return (
    <Panel open width={640} title={nameOf(batch)} subtitle={<Id value={batch.id} />} onClose={onClose}>
      <div>
        <BatchState status={batch.status} />
      </div>
      <JobProgress label={nameOf(batch)} steps={stepsOf(batch, words.steps)} done={completed} failed={failed} total={total} speed={speedOf(batch, now)} />
      <Cost batch={batch} />
      <Files batch={batch} />
      <Faults batch={batch} />
      <Tabs
        label={nameOf(batch)}
        tabs={[
          { key: "details", label: words.details },
          { key: "code", label: words.code },
        ]}
        value={view ?? "details"}
        onChange={(key) => onView(key === "code" ? "code" : undefined)}
      >
        {view ? <CodeTabs snippets={batchSnippets(location.origin, batch.endpoint)} /> : <Details batch={batch} />}
      </Tabs>
      {isRunning(batch) && batch.status !== "cancelling" ? <Cancel batch={batch} rest={total - completed - failed} /> : null}
    </Panel>
  );
}

function Cost({ batch }: { batch: Batch }) {
  const words = useBatchWords();
  const { data } = useQuery(costQuery(batch));
  return (
    <Figures>
      <Figure name={isRunning(batch) ? words.costSoFar : words.cost} value={data ? <Money micros={data.totals.cost_micros} currency={data.currency} /> : "–"} />
      <Figure name={words.tokensIn} value={data ? <Count short value={data.totals.input_tokens} /> : "–"} />
      <Figure name={words.tokensOut} value={data ? <Count short value={data.totals.output_tokens} /> : "–"} />
    </Figures>
  );
}

function Files({ batch }: { batch: Batch }) {
  const words = useBatchWords();
  const files = [
    [words.output, batch.output_file_id, true],
    [words.errorsFile, batch.error_file_id, false],
    [words.inputFile, batch.input_file_id, false],
  ] as const;
  return (
    <div className={styles.files}>
      {files.map(([label, id, primary]) =>
        id ? (
          <Button key={label} type={primary ? "primary" : "default"} href={contentAddress(id)} download={`${id}.jsonl`} icon={<Download size={14} aria-hidden="true" />}>
            {label}
          </Button>
        ) : null,
      )}
    </div>
  );
}

/** Why a file was not taken, line by line. */
function Faults({ batch }: { batch: Batch }) {
  const words = useBatchWords();
  const faults = batch.errors?.data ?? [];
  if (faults.length === 0) return null;
  return (
    <Notice level="error">
      <ul>
        {faults.slice(0, 20).map((fault, i) => (
          <li key={i}>{fault.line ? words.line(fault.line, fault.message) : fault.message}</li>
        ))}
      </ul>
      {faults.length > 20 ? <p>{words.andMore(faults.length - 20)}</p> : null}
    </Notice>
  );
}

function Details({ batch }: { batch: Batch }) {
  const words = useBatchWords();
  const ended = batch.completed_at ?? batch.failed_at ?? batch.cancelled_at ?? batch.expired_at;
  return (
    <Facts
      rows={[
        [words.endpoint, <code key="e">{batch.endpoint}</code>],
        [words.created, <Ago key="c" at={moment(batch.created_at)} />],
        ended ? [words.ended, <Ago key="d" at={moment(ended)} />] : null,
        !ended && batch.expires_at ? [words.expires, <Ago key="x" at={moment(batch.expires_at)} />] : null,
        [words.input, <Id key="i" value={batch.input_file_id} />],
      ]}
    />
  );
}

function Cancel({ batch, rest }: { batch: Batch; rest: number }) {
  const words = useBatchWords();
  const language = useLanguage();
  const { cancel } = useBatchChanges();
  const [open, setOpen] = useState(false);
  return (
    <>
      <DangerZone
        title={words.cancelTitle}
        text={words.cancelText}
        action={
          <Button danger onClick={() => setOpen(true)}>
            {words.cancel}
          </Button>
        }
      />
      <ConfirmDanger
        open={open}
        title={words.cancelTitle}
        losses={[words.lossRest(format.integer(Math.max(0, rest), language)), words.lossDone]}
        verb={words.cancel}
        act={() => cancel(batch)}
        onClose={() => setOpen(false)}
      />
    </>
  );
}
