import { Button, Form, Input, InputNumber, Select, Slider, Switch } from "antd";
import { Plus, X } from "lucide-react";
import { sharesOf, weightSum, type AliasValues } from "@/features/providers/alias-values";
import { useCacheTimes } from "@/features/providers/cache-times";
import { FallbackFields } from "@/features/providers/fallback-fields";
import { useModelOptions } from "@/features/providers/model-options";
import styles from "@/features/providers/providers.module.css";
import { useRouteWords } from "@/features/providers/route-words";
import { Split } from "@/features/providers/split";
import { Advanced, FieldGroup } from "@/shared/form";
import * as format from "@/shared/format";
import { Picker } from "@/shared/picker";
import { Segments } from "@/shared/segments";
import { useLanguage } from "@/shared/values";

/** The fields of an alias, new or changed, with the split they make. */
export function AliasFields() {
  const words = useRouteWords();
  return (
    <>
      <Form.Item
        name="name"
        label={words.aliasName}
        extra={words.aliasNameHelp}
        rules={[
          { required: true, whitespace: true, message: words.aliasNameMissing },
          { pattern: /^[\w.:/-]+$/, message: words.aliasNameWrong },
        ]}
      >
        <Input autoFocus autoComplete="off" spellCheck={false} maxLength={120} placeholder="chat" />
      </Form.Item>
      <Form.Item name="description" label={words.description}>
        <Input autoComplete="off" maxLength={500} />
      </Form.Item>
      <Targets />
      <Canary />
      <Preview />
      <FallbackFields />
      <Advanced title={words.more}>
        <Cache />
        <Form.Item name="retries" label={words.retries} extra={words.retriesHelp} rules={[{ required: true }]}>
          <Segments aria-label={words.retries} options={[0, 1, 2, 3]} />
        </Form.Item>
        <Form.Item name="hedge_after_ms" label={words.hedge} extra={words.hedgeHelp} rules={[{ type: "integer", min: 10, message: words.hedgeWrong }]}>
          <InputNumber className={styles.short ?? ""} min={10} precision={0} suffix={words.ms} placeholder={words.hedgeOff} />
        </Form.Item>
        <Form.Item name="first_token_s" label={words.patience} extra={words.patienceHelp} rules={[{ type: "integer", min: 1, message: words.patienceWrong }]}>
          <InputNumber className={styles.short ?? ""} min={1} precision={0} suffix={words.seconds} placeholder={words.patienceOff} />
        </Form.Item>
        <Form.Item name="enabled" label={words.enabled} valuePropName="checked" rules={[{ required: true }]}>
          <Switch />
        </Form.Item>
      </Advanced>
    </>
  );
}

function Targets() {
  const words = useRouteWords();
  const language = useLanguage();
  const { options, source } = useModelOptions();
  const targets = Form.useWatch<AliasValues["targets"] | undefined>("targets") ?? [];
  const sum = weightSum(targets);
  return (
    <Form.List name="targets" rules={[{ validator: someWeight(words.targetsMissing) }]}>
      {(fields, { add, remove }, { errors }) => (
        <FieldGroup title={words.targets} help={words.targetsHelp}>
          {fields.map((field, at) => (
            <div key={field.key} className={styles.entry} role="group" aria-label={words.target(at + 1)}>
              <Form.Item name={[field.name, "model"]} rules={[{ required: true, message: words.modelMissing }, onceRule(words.modelTwice)]}>
                <Picker source={source} aria-label={`${words.target(at + 1)}: ${words.model}`} showSearch options={options} placeholder={words.modelMissing} />
              </Form.Item>
              <Form.Item name={[field.name, "weight"]} rules={[{ required: true, type: "integer", min: 0, max: 1000, message: words.weightWrong }]}>
                <InputNumber aria-label={`${words.target(at + 1)}: ${words.weight}`} className={styles.full ?? ""} min={0} max={1000} precision={0} />
              </Form.Item>
              <output>{sum ? format.percent((targets[field.name]?.weight ?? 0) / sum, language) : "–"}</output>
              <Button
                type="text"
                aria-label={words.remove(words.target(at + 1))}
                disabled={fields.length === 1}
                icon={<X size={14} aria-hidden="true" />}
                onClick={() => remove(field.name)}
              />
            </div>
          ))}
          <Form.ErrorList errors={errors} />
          <div className={styles.sum}>
            <Button icon={<Plus size={14} aria-hidden="true" />} onClick={() => add({ weight: 100 })}>
              {words.addTarget}
            </Button>
            <span>{words.sum(sum)}</span>
          </div>
        </FieldGroup>
      )}
    </Form.List>
  );
}

function Canary() {
  const words = useRouteWords();
  const { options, source } = useModelOptions();
  const canary = Form.useWatch<string | null>("canary");
  const own = new Set((Form.useWatch<AliasValues["targets"] | undefined>("targets") ?? []).map((target) => target?.model));
  return (
    <>
      <Form.Item name="canary" label={words.canary} extra={words.canaryHelp}>
        <Picker source={source} allowClear showSearch options={options.filter(({ value }) => !own.has(value))} placeholder={words.canaryOff} />
      </Form.Item>
      {canary ? (
        <Form.Item name="percent" label={words.canaryShare} rules={[{ required: true }]}>
          <Percent label={words.canaryShare} />
        </Form.Item>
      ) : null}
    </>
  );
}

/** A slider for the hand and a field for the exact number. */
function Percent({ id, value = 5, onChange, label }: { id?: string; value?: number; onChange?: (value: number) => void; label: string }) {
  const change = (next: number | null) => onChange?.(next ?? 1);
  return (
    <div className={styles.canary}>
      <Slider min={1} max={99} value={value} onChange={change} ariaLabelForHandle={label} tooltip={{ formatter: (shown) => `${shown} %` }} />
      <InputNumber {...(id ? { id } : {})} min={1} max={99} precision={0} value={value} onChange={change} suffix="%" />
    </div>
  );
}

function Preview() {
  const words = useRouteWords();
  const targets = (Form.useWatch<AliasValues["targets"] | undefined>("targets") ?? []).filter((target) => target?.model);
  const canary = Form.useWatch<string | null>("canary");
  const percent = Form.useWatch<number | undefined>("percent");
  if (targets.length === 0) return null;
  return (
    <div className={styles.preview}>
      <h3>{words.ofHundred}</h3>
      <Split shares={sharesOf(targets, canary ? { model: canary, percent: percent ?? 5 } : null)} />
    </div>
  );
}

function Cache() {
  const words = useRouteWords();
  const { times, name } = useCacheTimes();
  const value = Form.useWatch<number | null>("cache_ttl_s");
  const other = typeof value === "number" && !times.some(([seconds]) => seconds === value) ? [value] : [];
  const options = [...times.map(([seconds]) => seconds), ...other].map((seconds) => ({ value: seconds, label: name(seconds) }));
  return (
    <Form.Item name="cache_ttl_s" label={words.cache} extra={words.cacheHelp}>
      <Select allowClear className={styles.short ?? ""} placeholder={words.cacheOff} options={options} />
    </Form.Item>
  );
}

const someWeight = (message: string) => (_rule: unknown, targets: AliasValues["targets"] | undefined) =>
  weightSum(targets ?? []) > 0 ? Promise.resolve() : Promise.reject(new Error(message));

const onceRule = (message: string) => (form: { getFieldValue: (name: string) => unknown }) => ({
  validator: (_rule: unknown, model: string | undefined) => {
    const targets = form.getFieldValue("targets") as Partial<AliasValues["targets"][number]>[];
    return model && targets.filter((target) => target?.model === model).length > 1 ? Promise.reject(new Error(message)) : Promise.resolve();
  },
});
