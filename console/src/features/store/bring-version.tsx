import { Form, Input, Select } from "antd";
import { precisions } from "@/features/store/facets";
import { Base } from "@/features/store/new-version";
import { useModelChanges, type Detail, type ImportDraft, type Version } from "@/features/store/queries";
import { useOwnWords } from "@/features/store/own-words";
import { useStoreWords } from "@/features/store/words";
import { Advanced, FormPanel, Pair } from "@/shared/form";
import { useMay } from "@/shared/permissions";
import { Segments } from "@/shared/segments";

type Kind = ImportDraft["source"]["kind"];
const hubs: readonly Kind[] = ["huggingface", "modelscope"];
const everywhere: readonly Kind[] = [...hubs, "url", "s3"];
const initial = { source: { kind: "huggingface" } } as unknown as Partial<ImportDraft>;

/** Where a version's files are, and nothing that they say themselves: a job brings them. */
export function BringVersion({ model, versions, onClose }: { model: Detail; versions: readonly Version[]; onClose: () => void }) {
  const own = useOwnWords();
  const { bringVersion } = useModelChanges();
  const submit = (values: ImportDraft) => bringVersion(model.id, withoutEmpty(values));
  return (
    <FormPanel<ImportDraft> open id="import" width={600} title={own.bringVersion} subtitle={model.name} verb={own.bringVersion} initial={initial} submit={submit} onClose={onClose}>
      <BringFields versions={versions} />
    </FormPanel>
  );
}

/** What was left empty is not sent: the server and the files know better. */
const withoutEmpty = <T extends object>(values: T): T =>
  Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined && value !== null && value !== "")
      .map(([name, value]: [string, unknown]) => [name, typeof value === "object" && !Array.isArray(value) ? withoutEmpty(value as object) : value]),
  ) as T;

function BringFields({ versions }: { versions: readonly Version[] }) {
  const words = useStoreWords();
  const own = useOwnWords();
  const manages = useMay("models.manage");
  const kind = Form.useWatch<Kind | undefined>(["source", "kind"]);
  return (
    <>
      <p className="muted">{own.bringHelp}</p>
      <Form.Item name={["source", "kind"]} label={own.place} rules={[{ required: true }]}>
        <Segments aria-label={own.place} options={(manages ? everywhere : hubs).map((value) => ({ value, label: own.places[value] }))} />
      </Form.Item>
      {kind === "url" ? <Address /> : kind === "s3" ? <Bucket /> : <Hub />}
      <Advanced title={own.bringMore}>
        <Form.Item name="precision" label={words.precision}>
          <Select allowClear showSearch placeholder={own.asFilesSay} options={precisions.map((value) => ({ value, label: value }))} />
        </Form.Item>
        <Base versions={versions} label={own.tunedFrom} extra={own.tunedFromHelp} />
        <Form.Item name="notes" label={own.notes}>
          <Input.TextArea autoSize={{ minRows: 2, maxRows: 12 }} maxLength={4000} />
        </Form.Item>
      </Advanced>
    </>
  );
}

const source = (field: string) => ["source", field];

function Hub() {
  const own = useOwnWords();
  return (
    <>
      <Pair>
        <Form.Item name={source("repo")} label={own.repository} rules={[{ required: true, pattern: /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/, message: own.repositoryWrong }]}>
          <Input autoFocus autoComplete="off" spellCheck={false} maxLength={200} placeholder="Qwen/Qwen3-8B-GGUF" />
        </Form.Item>
        <Form.Item name={source("revision")} label={own.revision} extra={own.revisionHelp}>
          <Input autoComplete="off" spellCheck={false} maxLength={120} />
        </Form.Item>
      </Pair>
      <Form.Item name={source("include")} label={own.include} extra={own.includeHelp}>
        <Select mode="tags" open={false} suffixIcon={null} tokenSeparators={[" ", ","]} />
      </Form.Item>
    </>
  );
}

function Address() {
  const own = useOwnWords();
  return (
    <Form.Item name={source("url")} label={own.url} rules={[{ required: true, pattern: /^https?:\/\/[!-~]+$/, message: own.urlWrong }]}>
      <Input autoComplete="off" spellCheck={false} maxLength={4000} placeholder="https://" />
    </Form.Item>
  );
}

function Bucket() {
  const own = useOwnWords();
  const required = [{ required: true, message: own.missing }];
  return (
    <>
      <Pair>
        <Form.Item name={source("bucket")} label={own.bucket} rules={required}>
          <Input autoComplete="off" spellCheck={false} maxLength={63} />
        </Form.Item>
        <Form.Item name={source("key")} label={own.key} extra={own.keyHelp} rules={required}>
          <Input autoComplete="off" spellCheck={false} maxLength={1000} />
        </Form.Item>
      </Pair>
      <Form.Item name={source("endpoint")} label={own.endpoint} extra={own.endpointHelp}>
        <Input autoComplete="off" spellCheck={false} maxLength={4000} placeholder="https://" />
      </Form.Item>
    </>
  );
}
