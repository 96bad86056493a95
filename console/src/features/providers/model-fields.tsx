import { AutoComplete, Button, Checkbox, Form, Input, InputNumber, Select, type FormListFieldData } from "antd";
import { Plus, X } from "lucide-react";
import styles from "@/features/providers/providers.module.css";
import { freshModel, hasTokens, unitOf, type ModelValues } from "@/features/providers/values";
import { useProviderWords } from "@/features/providers/words";
import { FieldGroup, MoneyField, moneyRule } from "@/shared/form";
import { kinds as allKinds, useKindWords, type Kind } from "@/shared/kind-words";
import { useMay, useSession } from "@/shared/permissions";

interface ModelsProps {
  /** What the provider itself lists. */
  listed: readonly string[] | undefined;
  /** What the vendor's API can serve. */
  kinds: readonly string[] | undefined;
}

/** The models of a provider, each with its public name, limits and price. */
export function ModelFields({ listed, kinds }: ModelsProps) {
  const words = useProviderWords();
  return (
    <Form.List name="models" rules={[{ validator: atLeastOne(words.modelsMissing) }]}>
      {(fields, { add, remove }, { errors }) => (
        <FieldGroup title={words.models} help={words.modelsHelp}>
          {fields.map((field, at) => (
            <ModelCard key={field.key} field={field} at={at} listed={listed} kinds={allKinds.filter((kind) => kinds?.includes(kind) ?? true)} onRemove={() => remove(field.name)} />
          ))}
          <Form.ErrorList errors={errors} />
          <div>
            <Button icon={<Plus size={14} aria-hidden="true" />} onClick={() => add(freshModel)}>
              {words.addModel}
            </Button>
          </div>
        </FieldGroup>
      )}
    </Form.List>
  );
}

const atLeastOne = (message: string) => (_rule: unknown, models: readonly unknown[] | undefined) =>
  models?.length ? Promise.resolve() : Promise.reject(new Error(message));

interface CardProps {
  field: FormListFieldData;
  at: number;
  listed: readonly string[] | undefined;
  kinds: readonly Kind[];
  onRemove: () => void;
}

function ModelCard({ field, at, listed, kinds, onRemove }: CardProps) {
  const words = useProviderWords();
  const kindWords = useKindWords();
  const prices = useMay("prices.manage");
  const name = (part: keyof ModelValues) => [field.name, part];
  return (
    <div className={styles.model} role="group" aria-label={words.model(at + 1)}>
      <div className={styles.modelHead}>
        <h3>{words.model(at + 1)}</h3>
        <Button type="text" size="small" aria-label={words.removeModel(at + 1)} icon={<X size={14} aria-hidden="true" />} onClick={onRemove} />
      </div>
      <div className={styles.pair}>
        <Form.Item name={name("name")} label={words.publicName} rules={[{ required: true, whitespace: true, message: words.publicNameMissing }, onceRule(words.publicNameTwice)]}>
          <Input autoComplete="off" spellCheck={false} placeholder="qwen-max" />
        </Form.Item>
        <Form.Item name={name("upstream")} label={words.upstream} rules={[{ required: true, whitespace: true, message: words.upstreamMissing }]}>
          <AutoComplete
            options={(listed ?? []).map((value) => ({ value }))}
            showSearch={{ filterOption: (typed, option) => option?.value.toLowerCase().includes(typed.toLowerCase()) ?? false }}
            placeholder="qwen-max-latest"
          />
        </Form.Item>
      </div>
      <div className={styles.pair}>
        <Form.Item name={name("kinds")} label={words.kinds} rules={[{ required: true, type: "array", min: 1, message: words.kindsMissing }]}>
          <Select mode="multiple" showSearch={false} options={kinds.map((value) => ({ value, label: kindWords[value] }))} />
        </Form.Item>
        <div className={styles.takes}>
          <Form.Item name={name("tools")} valuePropName="checked" noStyle>
            <Checkbox>{words.tools}</Checkbox>
          </Form.Item>
          <Form.Item name={name("vision")} valuePropName="checked" noStyle>
            <Checkbox>{words.vision}</Checkbox>
          </Form.Item>
        </div>
      </div>
      <div className={styles.pair}>
        <Form.Item name={name("context")} label={words.context} rules={[{ required: true, type: "integer", min: 1, message: words.contextMissing }]}>
          <InputNumber min={1} precision={0} className={styles.full ?? ""} suffix={words.tokens} />
        </Form.Item>
        <Form.Item name={name("max_output")} label={words.maxOutput} rules={[{ type: "integer", min: 1, message: words.contextMissing }]}>
          <InputNumber min={1} precision={0} className={styles.full ?? ""} suffix={words.tokens} />
        </Form.Item>
      </div>
      {prices ? <PriceFields at={field.name} /> : null}
    </div>
  );
}

function PriceFields({ at }: { at: number }) {
  const words = useProviderWords();
  const currency = useSession()?.tenant.currency ?? "CNY";
  const own = Form.useWatch<Partial<ModelValues> | undefined>(["models", at]);
  const kinds = own?.kinds ?? [];
  const unit = unitOf(kinds);
  const tokens = hasTokens(kinds) || !unit;
  const some = [...(tokens ? [own?.input, own?.cached, own?.output] : []), unit && own?.unit].some((text) => text?.trim());
  const fields = [
    ...(tokens ? ([["input", words.priceInput, some], ["cached", words.priceCached, false], ["output", words.priceOutput, some]] as const) : []),
    ...(unit ? ([["unit", words.priceUnit[unit], some]] as const) : []),
  ];
  return (
    <div>
      <p className="muted small">{tokens ? words.pricesHelp : words.unitPriceHelp}</p>
      <div className={styles.prices}>
        {fields.map(([part, label, required]) => (
          <Form.Item key={part} name={[at, part]} label={label} rules={[{ required, message: words.priceMissing }, moneyRule(words.priceWrong)]}>
            <MoneyField wide currency={currency} placeholder={words.noPrice} />
          </Form.Item>
        ))}
      </div>
    </div>
  );
}

const onceRule = (message: string) => (form: { getFieldValue: (name: string) => unknown }) => ({
  validator: (_rule: unknown, value: string | undefined) => {
    const names = (form.getFieldValue("models") as Partial<ModelValues>[]).map((model) => model?.name?.trim());
    return value?.trim() && names.filter((name) => name === value.trim()).length > 1 ? Promise.reject(new Error(message)) : Promise.resolve();
  },
});
