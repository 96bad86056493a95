import { useQuery } from "@tanstack/react-query";
import { getRouteApi, lazyRouteComponent } from "@tanstack/react-router";
import { Button } from "antd";
import { Layers, Plus } from "lucide-react";
import { Suspense } from "react";
import { moment, nameOf, type Batch } from "@/features/batches/batch";
import styles from "@/features/batches/batches.module.css";
import { BatchDetail } from "@/features/batches/detail";
import { batchesQuery } from "@/features/batches/queries";
import { exampleLine } from "@/features/batches/snippets";
import { BatchState, batchStatuses } from "@/features/batches/state";
import { useBatchWords } from "@/features/batches/words";
import { CodeBlock } from "@/shared/code";
import { Meter } from "@/shared/figure";
import * as format from "@/shared/format";
import { List } from "@/shared/list";
import { Page } from "@/shared/page";
import type { Column } from "@/shared/rows";
import { Empty } from "@/shared/states";
import { Ago, Count, useLanguage } from "@/shared/values";

const route = getRouteApi("/console/batches");
const CreateBatch = lazyRouteComponent(() => import("@/features/batches/create"), "CreateBatch");

export function BatchesPage() {
  const words = useBatchWords();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const batches = useQuery(batchesQuery);
  const change = (part: Partial<typeof search>) => void navigate({ search: (before) => ({ ...before, ...part }), replace: !("id" in part) });
  const open = batches.data?.find(({ id }) => id === search.id);
  const create = (
    <Button type="primary" icon={<Plus size={15} aria-hidden="true" />} onClick={() => change({ create: true })}>
      {words.create}
    </Button>
  );
  return (
    <Page title={words.title} sentence={words.sentence} actions={create}>
      <List
        name="batches"
        label={words.list}
        rows={batches.data}
        error={batches.error}
        retry={() => void batches.refetch()}
        columns={useColumns()}
        filters={[
          {
            key: "status",
            label: words.status,
            options: batchStatuses.map((value) => ({ value, label: words.statuses[value] })),
            value: search.status,
            keeps: (batch, value) => batch.status === value,
          },
        ]}
        search={search}
        onSearch={change}
        text={(batch) => [nameOf(batch), batch.id, batch.endpoint, batch.input_file_id].join(" ")}
        rowKey={(batch) => batch.id}
        rowName={nameOf}
        openable
        empty={
          <Empty
            icon={Layers}
            title={words.emptyTitle}
            text={words.emptyText}
            example={<CodeBlock title="requests.jsonl" text={exampleLine} language="json" wrap />}
            action={create}
          />
        }
      />
      {search.create ? (
        <Suspense>
          <CreateBatch open onClose={() => change({ create: undefined })} onStarted={({ id }) => change({ create: undefined, id })} />
        </Suspense>
      ) : null}
      {open ? (
        <BatchDetail batch={open} view={search.view} onView={(view) => change({ view })} onClose={() => change({ id: undefined, view: undefined })} />
      ) : null}
    </Page>
  );
}

function useColumns(): Column<Batch>[] {
  const words = useBatchWords();
  return [
    {
      key: "name",
      title: words.name,
      lead: true,
      value: nameOf,
      render: (batch) => (
        <span className={styles.name}>
          {nameOf(batch)}
          {nameOf(batch) === batch.id ? null : <code>{batch.id}</code>}
        </span>
      ),
    },
    { key: "status", title: words.status, value: (batch) => words.statuses[batch.status], render: (batch) => <BatchState status={batch.status} /> },
    {
      key: "progress",
      title: words.progress,
      value: (batch) => batch.request_counts?.completed ?? 0,
      render: (batch) => <Progress batch={batch} />,
    },
    { key: "endpoint", title: words.endpoint, value: (batch) => batch.endpoint, render: (batch) => <code className="muted">{batch.endpoint}</code> },
    { key: "created", title: words.created, align: "end", value: (batch) => batch.created_at, render: (batch) => <Ago at={moment(batch.created_at)} /> },
  ];
}

function Progress({ batch }: { batch: Batch }) {
  const words = useBatchWords();
  const language = useLanguage();
  const { total = 0, completed = 0, failed = 0 } = batch.request_counts ?? {};
  if (total === 0) return <span className="muted">–</span>;
  return (
    <span className={styles.progress}>
      <Count value={completed} /> <span className="muted">/</span> <Count value={total} />
      {failed ? (
        <span className={styles.bad}>
          {" · "}
          {words.failed(format.integer(failed, language))}
        </span>
      ) : null}
      <Meter calm value={completed + failed} limit={total} label={nameOf(batch)} />
    </span>
  );
}
