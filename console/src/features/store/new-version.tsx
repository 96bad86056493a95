import { useQuery } from "@tanstack/react-query";
import { Button, Form, Input, InputNumber, Select, type FormListFieldData } from "antd";
import { Plus, X } from "lucide-react";
import { modelsQuery } from "@/api/queries";
import { engines, formats, makings, precisions } from "@/features/store/facets";
import { useModelChanges, type Detail, type Version, type VersionDraft } from "@/features/store/queries";
import styles from "@/features/store/store.module.css";
import { useOwnWords } from "@/features/store/own-words";
import { useStoreWords } from "@/features/store/words";
import { FieldGroup, FormPanel, Pair } from "@/shared/form";
import { Picker } from "@/shared/picker";
import { Segments } from "@/shared/segments";
import { sourceOf } from "@/shared/source";

interface NewVersionProps {
  model: Detail;
  versions: readonly Version[];
  onClose: () => void;
}

const itself = (values: readonly string[]) => values.map((value) => ({ value, label: value }));
const noFile = { role: "model" };
const initial = { making: "tuned", format: "gguf", precision: "Q4_K_M", engines: ["llamacpp"], files: [noFile], notes: "" } as unknown as Partial<VersionDraft>;

/** What was made, of what, and its files by their digests: a candidate. */
export function NewVersion({ model, versions, onClose }: NewVersionProps) {
  const own = useOwnWords();
  const { addVersion } = useModelChanges();
  const submit = (values: VersionDraft) => addVersion(model.id, { ...values, base_id: values.base_id ?? null });
  return (
    <FormPanel<VersionDraft> open id="version" width={600} title={own.addVersion} subtitle={model.name} verb={own.addVersion} initial={initial} submit={submit} onClose={onClose}>
      <VersionFields versions={versions} />
    </FormPanel>
  );
}

function VersionFields({ versions }: { versions: readonly Version[] }) {
  const words = useStoreWords();
  const own = useOwnWords();
  const chosen = [{ required: true, message: own.chooseOne }];
  const making = Form.useWatch<VersionDraft["making"] | undefined>("making");
  return (
    <>
      <Form.Item name="making" label={own.making} rules={[{ required: true }]}>
        <Segments aria-label={own.making} options={makings.map((value) => ({ value, label: words.makings[value] }))} />
      </Form.Item>
      <Base versions={versions} label={own.base} required={making !== "imported"} />
      <Pair>
        <Form.Item name="format" label={words.formats} rules={chosen}>
          <Select options={itself(formats)} />
        </Form.Item>
        <Form.Item name="precision" label={words.precision} rules={chosen}>
          <Select showSearch options={itself(precisions)} />
        </Form.Item>
      </Pair>
      <Form.Item name="engines" label={words.engine} extra={own.enginesHelp} rules={[{ required: true, type: "array", min: 1, message: own.chooseSome }]}>
        <Select mode="multiple" options={itself(engines)} />
      </Form.Item>
      <Files />
      <Form.Item name="notes" label={own.notes}>
        <Input.TextArea autoSize={{ minRows: 2, maxRows: 12 }} maxLength={4000} />
      </Form.Item>
    </>
  );
}

/** A model of the catalogue or an earlier version; what was imported may have none. */
export function Base({ versions, label, required = false, extra }: { versions: readonly Version[]; label: string; required?: boolean; extra?: string }) {
  const words = useStoreWords();
  const own = useOwnWords();
  const known = useQuery(modelsQuery(""));
  const options = [
    ...versions.map(({ id, number }) => ({ value: id, label: words.number(number) })),
    ...(known.data ?? []).filter(({ origin, access }) => origin === "catalogue" && access === "open").map(({ id, name }) => ({ value: id, label: name })),
  ];
  return (
    <Form.Item name="base_id" label={label} extra={extra} dependencies={["making"]} rules={[{ required, message: own.baseMissing }]}>
      <Picker source={sourceOf(known)} allowClear showSearch={{ optionFilterProp: "label" }} placeholder={own.baseMissing} options={options} />
    </Form.Item>
  );
}

function Files() {
  const own = useOwnWords();
  return (
    <Form.List name="files">
      {(fields, { add, remove }) => (
        <FieldGroup title={own.files} help={own.filesHelp}>
          {fields.map((field, at) => (
            <FileCard key={field.key} field={field} at={at} onRemove={fields.length > 1 ? () => remove(field.name) : undefined} />
          ))}
          <div>
            <Button icon={<Plus size={14} aria-hidden="true" />} onClick={() => add(noFile)}>
              {own.addFile}
            </Button>
          </div>
        </FieldGroup>
      )}
    </Form.List>
  );
}

function FileCard({ field, at, onRemove }: { field: FormListFieldData; at: number; onRemove: (() => void) | undefined }) {
  const words = useStoreWords();
  const own = useOwnWords();
  const name = (part: keyof VersionDraft["files"][number]) => [field.name, part];
  return (
    <div className={styles.fileCard} role="group" aria-label={own.fileNumber(at + 1)}>
      <div className={styles.fileHead}>
        <h3>{own.fileNumber(at + 1)}</h3>
        {onRemove ? <Button type="text" size="small" aria-label={own.removeFile(at + 1)} icon={<X size={14} aria-hidden="true" />} onClick={onRemove} /> : null}
      </div>
      <Pair>
        <Form.Item name={name("name")} label={own.fileName} rules={[{ required: true, message: own.missing }, { pattern: /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)*$/, message: own.fileNameWrong }]}>
          <Input autoComplete="off" spellCheck={false} maxLength={300} placeholder="claims-q4_k_m.gguf" />
        </Form.Item>
        <Form.Item name={name("bytes")} label={words.size} rules={[{ required: true, type: "integer", min: 1, message: own.bytesMissing }]}>
          <InputNumber className={styles.full ?? ""} min={1} precision={0} suffix={own.bytes} />
        </Form.Item>
      </Pair>
      <Form.Item name={name("sha256")} label={words.digest} extra={own.digestHelp} normalize={(text: string) => text.trim().toLowerCase()} rules={[{ required: true, pattern: /^[0-9a-f]{64}$/, message: own.digestWrong }]}>
        <Input autoComplete="off" spellCheck={false} maxLength={64} />
      </Form.Item>
      <Form.Item name={name("role")} label={own.role} extra={own.roleHelp} rules={[{ required: true, pattern: /^[A-Za-z0-9][\w./-]*$/, message: own.roleWrong }]}>
        <Input autoComplete="off" spellCheck={false} maxLength={300} />
      </Form.Item>
    </div>
  );
}
