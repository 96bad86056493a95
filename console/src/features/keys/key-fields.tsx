import { Checkbox, Form, Input, Select } from "antd";
import styles from "@/features/keys/keys.module.css";
import { expiries, scopes, type KeyValues, type Scope } from "@/features/keys/values";
import { useKeyWords } from "@/features/keys/words";
import { Advanced, MoneyField, moneyRule } from "@/shared/form";
import { useKindWords } from "@/shared/kind-words";
import { useSession } from "@/shared/permissions";
import { Picker } from "@/shared/picker";
import { usePublicModels } from "@/shared/public-models";
import { useNow } from "@/shared/values";

/** The fields of a key, new or changed. */
export function KeyFields() {
  const words = useKeyWords();
  return (
    <>
      <Form.Item name="name" label={words.name} extra={words.nameHelp} rules={[{ required: true, whitespace: true, message: words.nameMissing }]}>
        <Input autoFocus autoComplete="off" maxLength={120} placeholder={words.nameExample} />
      </Form.Item>
      <Form.Item name="scopes" label={words.scopes} rules={[{ required: true, type: "array", min: 1, message: words.scopesMissing }]}>
        <ScopeChoice />
      </Form.Item>
      <Advanced title={words.more}>
        <ModelsField />
        <ExpiryField />
        <BudgetField />
      </Advanced>
    </>
  );
}

/** The form hands its field `aria-required`, which a group of checkboxes may not carry. */
function ScopeChoice({ id, value, onChange }: { id?: string; value?: Scope[]; onChange?: (scopes: Scope[]) => void }) {
  const words = useKeyWords();
  const kinds = useKindWords();
  return (
    <Checkbox.Group
      {...(id ? { id } : {})}
      className={styles.scopes ?? ""}
      {...(value ? { value } : {})}
      onChange={(chosen) => onChange?.(chosen as Scope[])}
    >
      {scopes.map((scope) => (
        <Checkbox key={scope} value={scope}>
          {kinds[scope]} <span className="muted small">{words.scopeHelp[scope]}</span>
        </Checkbox>
      ))}
    </Checkbox.Group>
  );
}

function ModelsField() {
  const words = useKeyWords();
  const { models, ...source } = usePublicModels();
  return (
    <Form.Item name="models" label={words.models} extra={words.modelsHelp} rules={[{ required: false }]}>
      <Picker
        source={source}
        mode="multiple"
        placeholder={words.allModels}
        options={(models ?? []).map(({ name }) => ({ value: name, label: name }))}
      />
    </Form.Item>
  );
}

function ExpiryField() {
  const words = useKeyWords();
  const expiry = Form.useWatch<KeyValues["expiry"]>("expiry");
  const today = new Date(useNow()).toISOString().slice(0, 10);
  return (
    <>
      <Form.Item name="expiry" label={words.expires} rules={[{ required: true }]}>
        <Select options={expiries.map((value) => ({ value, label: words.expiry[value] }))} />
      </Form.Item>
      {expiry === "date" ? (
        <Form.Item name="lastDay" label={words.expiresOn} rules={[{ required: true, message: words.expiresMissing }]}>
          <Input type="date" min={today} className={styles.date ?? ""} />
        </Form.Item>
      ) : null}
    </>
  );
}

function BudgetField() {
  const words = useKeyWords();
  const currency = useSession()?.tenant.currency ?? "CNY";
  return (
    <Form.Item name="budget" label={words.budget} extra={words.budgetHelp} rules={[moneyRule(words.budgetWrong)]}>
      <MoneyField currency={currency} placeholder={words.noBudget} suffix={words.perMonth} />
    </Form.Item>
  );
}
