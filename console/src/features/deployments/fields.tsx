import { useQuery } from "@tanstack/react-query";
import { AdapterFields } from "@/features/deployments/adapters";
import { Checkbox, Form, Input, InputNumber, Select, type FormInstance } from "antd";
import { modelsQuery, routesQuery } from "@/api/queries";
import { useAdvancedWords } from "@/features/deployments/advanced-words";
import styles from "@/features/deployments/deployments.module.css";
import { Preview, usePreview } from "@/features/deployments/preview";
import type { Detail } from "@/features/deployments/queries";
import { freeName, type DeployValues } from "@/features/deployments/values";
import { useDeploymentWords } from "@/features/deployments/words";
import { modelQuery } from "@/features/store/queries";
import { Advanced } from "@/shared/form";
import { Picker } from "@/shared/picker";
import { sourceOf } from "@/shared/source";

interface FieldsProps {
  form: FormInstance<DeployValues>;
  /** What is changed; nothing: a deployment is made. */
  before?: Detail;
}

/** What is to run: a model and a name are enough, the rest is chosen. */
export function DeployFields({ form, before }: FieldsProps) {
  const words = useDeploymentWords();
  return (
    <>
      {before ? <p className={styles.note}>{words.editNote}</p> : <ModelField form={form} />}
      {before ? null : (
        <Form.Item
          name="name"
          label={words.name}
          extra={words.nameHelp}
          rules={[
            { required: true, whitespace: true, message: words.nameMissing },
            { pattern: /^[\w.:/-]+$/, message: words.nameWrong },
          ]}
        >
          <Input autoComplete="off" spellCheck={false} maxLength={120} />
        </Form.Item>
      )}
      <VariantFields />
      <div className={styles.pair}>
        <Form.Item name="context" label={words.context} extra={words.contextHelp} rules={[{ type: "integer", min: 256, max: 1_048_576, message: words.numberWrong }]}>
          <InputNumber className={styles.full ?? ""} min={256} step={1024} precision={0} placeholder={words.auto} suffix={words.contextUnit} />
        </Form.Item>
        <Form.Item name="parallel" label={words.parallel} extra={words.parallelHelp} rules={[{ required: true, type: "integer", min: 1, message: words.numberWrong }]}>
          <InputNumber className={styles.full ?? ""} min={1} precision={0} />
        </Form.Item>
      </div>
      <PreviewFields before={before} />
      <Advanced title={words.advanced}>
        <ScaleFields />
        <AdapterFields />
        <ResourceFields />
        <Form.Item name="threads" label={words.threads} extra={words.threadsHelp} rules={[{ type: "integer", min: 1, max: 1024, message: words.numberWrong }]}>
          <InputNumber min={1} precision={0} placeholder={words.auto} />
        </Form.Item>
        <Form.Item name="description" label={words.description}>
          <Input autoComplete="off" maxLength={500} />
        </Form.Item>
      </Advanced>
    </>
  );
}

function ModelField({ form }: { form: FormInstance<DeployValues> }) {
  const words = useDeploymentWords();
  const models = useQuery(modelsQuery(""));
  const taken = new Set(useQuery(routesQuery).data?.map(({ name }) => name));
  const choose = (id: string) => form.setFieldsValue({ variant: null, engine: null, context: null, memory_bytes: null, adapters: [], accept: false, name: freeName(id, taken) });
  return (
    <Form.Item name="model_id" label={words.model} rules={[{ required: true, message: words.modelMissing }]}>
      <Picker
        source={sourceOf(models)}
        showSearch={{ optionFilterProp: "label" }}
        placeholder={words.chooseModel}
        options={(models.data ?? []).filter(({ access }) => access === "open").map(({ id, name }) => ({ value: id, label: name }))}
        onChange={choose}
      />
    </Form.Item>
  );
}

function VariantFields() {
  const words = useDeploymentWords();
  const id = Form.useWatch<string | undefined>("model_id");
  const chosen = Form.useWatch<string | null | undefined>("variant");
  const model = useQuery({ ...modelQuery(id ?? ""), enabled: Boolean(id) });
  const variants = model.data?.variants ?? [];
  const engines = [...new Set(variants.filter((variant) => !chosen || variant.id === chosen).flatMap((variant) => variant.engines))];
  return (
    <div className={styles.pair}>
      <Form.Item name="variant" label={words.variant}>
        <Picker source={sourceOf(model)} allowClear placeholder={words.auto} options={variants.map(({ id: value, precision, format }) => ({ value, label: `${precision} · ${format}` }))} />
      </Form.Item>
      <Form.Item name="engine" label={words.engine}>
        <Select allowClear placeholder={words.auto} options={engines.map((value) => ({ value, label: value }))} />
      </Form.Item>
    </div>
  );
}

function PreviewFields({ before }: { before: Detail | undefined }) {
  const words = useDeploymentWords();
  const preview = usePreview(before);
  const licence = preview.data?.license;
  return (
    <>
      <Preview {...preview} />
      {licence?.to_accept ? (
        <Form.Item
          name="accept"
          valuePropName="checked"
          rules={[{ validator: (_rule, value) => (value ? Promise.resolve() : Promise.reject(new Error(words.acceptMissing))) }]}
        >
          <Checkbox>{words.accept(licence.name)}</Checkbox>
        </Form.Item>
      ) : null}
    </>
  );
}

/** What a replica takes of its machine, where somebody knows that better. */
function ResourceFields() {
  const words = useDeploymentWords();
  const more = useAdvancedWords();
  return (
    <>
      <Form.Item name="memory_bytes" label={more.memoryBytes} extra={more.memoryBytesHelp} rules={[{ type: "integer", min: 1, message: words.numberWrong }]}>
        <InputNumber className={styles.full ?? ""} min={1} precision={0} placeholder={words.auto} suffix={more.bytes} />
      </Form.Item>
      <div className={styles.pair}>
        <Form.Item name="cpus" label={more.cpus} extra={more.clusterHelp} rules={[{ type: "number", min: 0.01, max: 4096, message: more.cpusWrong }]}>
          <InputNumber className={styles.full ?? ""} min={0.01} max={4096} placeholder={words.auto} />
        </Form.Item>
        <Form.Item
          name="gpus"
          label={more.gpus}
          extra={more.gpusHelp}
          rules={[{ validator: (_rule, gpus: number | null) => (gpus === null || gpus <= 1 || Number.isInteger(gpus) ? Promise.resolve() : Promise.reject(new Error(more.gpusWrong))) }]}
        >
          <InputNumber className={styles.full ?? ""} min={0} max={64} placeholder={words.auto} />
        </Form.Item>
      </div>
    </>
  );
}

function ScaleFields() {
  const words = useDeploymentWords();
  return (
    <>
      <div className={styles.pair}>
        <Form.Item name="least" label={words.least} extra={words.leastHelp} rules={[{ required: true, type: "integer", min: 0, max: 1000, message: words.numberWrong }]}>
          <InputNumber className={styles.full ?? ""} min={0} max={1000} precision={0} />
        </Form.Item>
        <Form.Item
          name="most"
          label={words.most}
          dependencies={["least"]}
          rules={[
            { required: true, type: "integer", min: 1, max: 1000, message: words.numberWrong },
            ({ getFieldValue }) => ({
              validator: (_rule, most: number | null) => (most === null || most >= (getFieldValue("least") as number) ? Promise.resolve() : Promise.reject(new Error(words.mostWrong))),
            }),
          ]}
        >
          <InputNumber className={styles.full ?? ""} min={1} max={1000} precision={0} />
        </Form.Item>
      </div>
      <Form.Item name="idle_s" label={words.idleSeconds} extra={words.idleHelp} rules={[{ type: "number", min: 1, max: 86_400, message: words.idleWrong }]}>
        <InputNumber min={1} max={86_400} step={60} placeholder={words.never} suffix={words.seconds} />
      </Form.Item>
    </>
  );
}
