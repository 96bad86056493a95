import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Button } from "antd";
import { KeyRound, Plus } from "lucide-react";
import { useState, type ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { keysQuery, membersQuery } from "@/api/queries";
import { statuses, useKeyColumns, useMemberNames } from "@/features/keys/columns";
import { KeyDetail } from "@/features/keys/detail";
import { KeyFields } from "@/features/keys/key-fields";
import { useKeyChanges } from "@/features/keys/mutations";
import { Revoke } from "@/features/keys/revoke";
import { Secret } from "@/features/keys/secret";
import { freshKey, valuesOf, type Key, type KeyValues } from "@/features/keys/values";
import { useKeyWords } from "@/features/keys/words";
import { CodeTabs } from "@/shared/code";
import { useCommonWords } from "@/shared/common-words";
import { FormPanel } from "@/shared/form";
import { List } from "@/shared/list";
import { Page } from "@/shared/page";
import { useMay, useSession } from "@/shared/permissions";
import { firstCall, snippets } from "@/shared/snippets";
import { sourceOf } from "@/shared/source";
import { Empty } from "@/shared/states";

const route = getRouteApi("/console/keys");

export function KeysPage() {
  const words = useKeyWords();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const currency = useSession()?.tenant.currency ?? "CNY";
  const manages = useMay("keys.manage");
  const keys = useQuery(keysQuery);
  const members = useQuery({ ...membersQuery, enabled: useMay("members.read") });
  const nameOf = useMemberNames(members.data);
  const columns = useKeyColumns(currency, manages ? nameOf : null);
  const [editing, setEditing] = useState(false);
  const open = keys.data?.find((key) => key.id === search.id);
  const change = (part: Partial<typeof search>) => void navigate({ search: (before) => ({ ...before, ...part }), replace: !("id" in part) });
  const createButton = (
    <Button type="primary" icon={<Plus size={15} aria-hidden="true" />} onClick={() => change({ create: true })}>
      {words.create}
    </Button>
  );
  return (
    <Page title={words.title} sentence={words.sentence} actions={createButton}>
      <List
        name="keys"
        label={words.list}
        rows={keys.data}
        error={keys.error}
        retry={() => void keys.refetch()}
        columns={columns}
        filters={[
          {
            key: "status",
            label: words.status,
            options: statuses.map((value) => ({ value, label: words.statuses[value] })),
            value: search.status,
            keeps: (key, value) => key.status === value,
          },
          ...(manages
            ? [
                {
                  key: "member",
                  label: words.member,
                  options: (members.data ?? []).map(({ id, name, email }) => ({ value: id, label: name || email })),
                  value: search.member,
                  source: sourceOf(members),
                  keeps: (key: Key, value: string) => key.member_id === value,
                },
              ]
            : []),
        ]}
        search={search}
        onSearch={change}
        text={(key) => [key.name, key.hint, key.id, nameOf(key.member_id), ...key.scopes, ...(key.models ?? [])].join(" ")}
        rowKey={(key) => key.id}
        rowName={(key) => key.name}
        openable
        bulk={(rows, done) => <BulkRevoke rows={rows} done={done} />}
        empty={<NoKeys action={createButton} />}
      />
      <Create open={search.create === true} onClose={() => change({ create: undefined })} />
      {open ? (
        <KeyDetail
          keyRow={open}
          currency={currency}
          maker={manages ? nameOf(open.member_id) : null}
          onEdit={() => setEditing(true)}
          onClose={() => change({ id: undefined })}
        />
      ) : null}
      {open && editing ? <Edit keyRow={open} onClose={() => setEditing(false)} /> : null}
    </Page>
  );
}

function NoKeys({ action }: { action: ReactNode }) {
  const words = useKeyWords();
  const example = snippets(location.origin, firstCall("qwen2.5-coder-0.5b-instruct", ["chat"], words.hello));
  return <Empty icon={KeyRound} title={words.emptyTitle} text={words.emptyText} example={<CodeTabs snippets={example} />} action={action} />;
}

function Create({ open, onClose }: { open: boolean; onClose: () => void }) {
  const words = useKeyWords();
  const { create } = useKeyChanges();
  const [made, setMade] = useState<Schemas["NewKey"] | null>(null);
  return (
    <>
      <FormPanel<KeyValues>
        open={open}
        id="key-create"
        title={words.createTitle}
        verb={words.create}
        initial={freshKey}
        submit={async (values) => setMade(await create({ ...freshKey, ...values }))}
        onClose={onClose}
      >
        <KeyFields />
      </FormPanel>
      <Secret made={made} onDone={() => setMade(null)} />
    </>
  );
}

function Edit({ keyRow, onClose }: { keyRow: Key; onClose: () => void }) {
  const common = useCommonWords();
  const words = useKeyWords();
  const { change } = useKeyChanges();
  return (
    <FormPanel<KeyValues>
      open
      id="key-edit"
      title={words.editTitle}
      subtitle={keyRow.name}
      verb={common.save}
      initial={valuesOf(keyRow)}
      submit={(values) => change(keyRow, { ...valuesOf(keyRow), ...values })}
      onClose={onClose}
    >
      <KeyFields />
    </FormPanel>
  );
}

function BulkRevoke({ rows, done }: { rows: Key[]; done: () => void }) {
  const words = useKeyWords();
  const [open, setOpen] = useState(false);
  const live = rows.filter((key) => key.status !== "revoked");
  if (live.length === 0) return null;
  return (
    <>
      <Button size="small" danger onClick={() => setOpen(true)}>
        {words.revoke}
      </Button>
      <Revoke
        keys={live}
        open={open}
        onClose={() => {
          setOpen(false);
          done();
        }}
      />
    </>
  );
}
