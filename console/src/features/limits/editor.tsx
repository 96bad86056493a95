import { Form, InputNumber } from "antd";
import { useAmount } from "@/features/limits/bars";
import styles from "@/features/limits/limits.module.css";
import { useLimitChange } from "@/features/limits/mutations";
import { usesOf, valuesOf, type Limit, type LimitValues } from "@/features/limits/values";
import { useLimitWords } from "@/features/limits/words";
import { FormPanel, MoneyField, moneyRule } from "@/shared/form";

/** The limits of one scope as a form, each with what is used now. */
export function LimitEditor({ limit, onClose }: { limit: Limit; onClose: () => void }) {
  const words = useLimitWords();
  const change = useLimitChange();
  const amount = useAmount(limit.currency);
  const initial = valuesOf(limit);
  return (
    <FormPanel<LimitValues>
      open
      id="limit"
      title={words.editTitle}
      subtitle={`${words.scopes[limit.scope]} · ${limit.name}`}
      verb={words.verb}
      initial={initial}
      submit={(given) => change(limit, { ...initial, ...given })}
      onClose={onClose}
    >
      <p className={styles.empty}>{words.empty}</p>
      {usesOf(limit).map(({ measure, used }) =>
        measure === "daily" || measure === "monthly" ? (
          <Form.Item key={measure} name={measure} label={words[measure]} extra={words.usedNow(amount(measure, used))} rules={[moneyRule(words.moneyWrong)]}>
            <MoneyField wide currency={limit.currency} placeholder={words.noLimit} suffix={measure === "daily" ? words.perDay : words.perMonth} />
          </Form.Item>
        ) : (
          <Form.Item
            key={measure}
            name={measure}
            label={words[measure]}
            extra={words.usedNow(amount(measure, used))}
            rules={[{ type: "integer", min: 1, message: words.numberWrong }]}
          >
            <InputNumber className={styles.number ?? ""} min={1} precision={0} placeholder={words.noLimit} />
          </Form.Item>
        ),
      )}
    </FormPanel>
  );
}
