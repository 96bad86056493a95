import { useQuery } from "@tanstack/react-query";
import { Form, Input, InputNumber, Select, Switch, type FormInstance } from "antd";
import { vendorsQuery } from "@/api/queries";
import { ModelFields } from "@/features/providers/model-fields";
import styles from "@/features/providers/providers.module.css";
import { addressFor, isAddress, onDisconnect, type ProviderValues, type Vendor } from "@/features/providers/values";
import { useProviderWords } from "@/features/providers/words";
import { Advanced } from "@/shared/form";
import { Picker } from "@/shared/picker";
import { sourceOf } from "@/shared/source";

interface FieldsProps {
  form: FormInstance<ProviderValues>;
  /** The end of the credential that is stored already; a new provider has none. */
  hint?: string | null | undefined;
  known: boolean;
  /** What the provider itself listed at its last check. */
  listed?: readonly string[] | undefined;
}

/** The fields of a provider, new or changed. The vendor decides what is needed. */
export function ProviderFields({ form, hint, known, listed }: FieldsProps) {
  const words = useProviderWords();
  const list = useQuery(vendorsQuery);
  const vendors = list.data ?? [];
  const chosen = Form.useWatch("vendor", { form, preserve: true });
  const vendor = vendors.find(({ id }) => id === chosen);
  const needs = (what: Vendor["needs"][number]) => vendor?.needs.includes(what) ?? false;
  const choose = (id: Vendor["id"]) => {
    const next = vendors.find((each) => each.id === id);
    if (!next) return;
    const { name, base_url } = form.getFieldsValue(true) as ProviderValues;
    const named = name.trim() && !vendors.some((each) => each.name === name.trim());
    form.setFieldsValue({ base_url: addressFor(next, base_url, vendors), ...(named ? {} : { name: next.name }) });
  };
  return (
    <>
      {known ? (
        <Form.Item label={words.vendor} extra={vendor?.docs_hint} rules={[{ required: true }]} required>
          {vendor?.name}
        </Form.Item>
      ) : (
        <Form.Item name="vendor" label={words.vendor} extra={vendor?.docs_hint} rules={[{ required: true, message: words.vendorMissing }]}>
          <Picker source={sourceOf(list)} placeholder={words.vendorMissing} options={vendors.map(({ id, name }) => ({ value: id, label: name }))} onChange={choose} />
        </Form.Item>
      )}
      <Form.Item name="name" label={words.name} extra={words.nameHelp} rules={[{ required: true, whitespace: true, message: words.nameMissing }]}>
        <Input autoComplete="off" maxLength={120} />
      </Form.Item>
      <Form.Item name="base_url" label={words.baseUrl} extra={words.baseUrlHelp} rules={[addressRule(words.baseUrlMissing)]}>
        <Input autoComplete="off" spellCheck={false} inputMode="url" placeholder="https://…/v1" />
      </Form.Item>
      <Form.Item
        name="credential"
        label={words.credential}
        extra={words.credentialHelp}
        rules={[{ required: needs("credential") && !hint, whitespace: true, message: words.credentialMissing }]}
      >
        <Input.Password autoComplete="new-password" spellCheck={false} placeholder={hint ? words.credentialKept(hint) : ""} />
      </Form.Item>
      {needs("api_version") ? (
        <Form.Item name="api_version" label={words.apiVersion} rules={[{ required: true, whitespace: true, message: words.apiVersionMissing }]}>
          <Input autoComplete="off" spellCheck={false} className={styles.short ?? ""} />
        </Form.Item>
      ) : null}
      <ModelFields listed={listed} kinds={vendor?.kinds} />
      <Advanced title={words.more}>
        <Form.Item name="max_parallel" label={words.parallel} extra={words.parallelHelp} rules={[{ required: true, type: "integer", min: 1, message: words.parallelMissing }]}>
          <InputNumber className={styles.short ?? ""} min={1} precision={0} />
        </Form.Item>
        <Form.Item name="on_disconnect" label={words.onDisconnect} extra={words.onDisconnectHelp} rules={[{ required: true }]}>
          <Select options={onDisconnect.map((value) => ({ value, label: words.disconnects[value] }))} />
        </Form.Item>
        <Form.Item name="enabled" label={words.enabled} extra={words.enabledHelp} valuePropName="checked" rules={[{ required: true }]}>
          <Switch />
        </Form.Item>
      </Advanced>
    </>
  );
}

const addressRule = (message: string) => ({
  required: true,
  validator: (_rule: unknown, value: string | undefined) => (isAddress(value) ? Promise.resolve() : Promise.reject(new Error(message))),
});
