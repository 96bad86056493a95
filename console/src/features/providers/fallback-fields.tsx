import { Button, Checkbox, Form } from "antd";
import { ArrowDown, ArrowUp, Plus, X } from "lucide-react";
import { conditions, type Condition } from "@/features/providers/alias-values";
import { useModelOptions } from "@/features/providers/model-options";
import styles from "@/features/providers/providers.module.css";
import { useRouteWords } from "@/features/providers/route-words";
import { FieldGroup } from "@/shared/form";
import { Picker } from "@/shared/picker";

/** The chain of fallbacks, in order, each with the failures it steps in for. */
export function FallbackFields() {
  const words = useRouteWords();
  const { options, source } = useModelOptions();
  return (
    <Form.List name="fallbacks">
      {(fields, { add, remove, move }) => (
        <FieldGroup title={words.fallbacks} help={words.fallbacksHelp}>
          {fields.map((field, at) => {
            const label = words.fallback(at + 1);
            return (
              <div key={field.key} className={styles.step} role="group" aria-label={label}>
                <Form.Item name={[field.name, "model"]} rules={[{ required: true, message: words.modelMissing }]}>
                  <Picker source={source} aria-label={`${label}: ${words.model}`} showSearch options={options} placeholder={words.modelMissing} />
                </Form.Item>
                <span>
                  <Button type="text" aria-label={words.earlier(label)} disabled={at === 0} icon={<ArrowUp size={14} aria-hidden="true" />} onClick={() => move(at, at - 1)} />
                  <Button
                    type="text"
                    aria-label={words.later(label)}
                    disabled={at === fields.length - 1}
                    icon={<ArrowDown size={14} aria-hidden="true" />}
                    onClick={() => move(at, at + 1)}
                  />
                  <Button type="text" aria-label={words.remove(label)} icon={<X size={14} aria-hidden="true" />} onClick={() => remove(field.name)} />
                </span>
                <Form.Item name={[field.name, "on"]} rules={[{ required: true, type: "array", min: 1, message: words.onMissing }]}>
                  <Conditions label={`${label}: ${words.on}`} />
                </Form.Item>
              </div>
            );
          })}
          <div>
            <Button icon={<Plus size={14} aria-hidden="true" />} onClick={() => add({ on: ["error", "timeout", "overloaded"] })}>
              {words.addFallback}
            </Button>
          </div>
        </FieldGroup>
      )}
    </Form.List>
  );
}

/** The form hands its field `aria-required`, which a group of checkboxes may not carry. */
function Conditions({ id, value, onChange, label }: { id?: string; value?: Condition[]; onChange?: (on: Condition[]) => void; label: string }) {
  const words = useRouteWords();
  return (
    <div role="group" aria-label={label} {...(id ? { id } : {})}>
      <Checkbox.Group
        {...(value ? { value } : {})}
        options={conditions.map((each) => ({ value: each, label: words.conditions[each] }))}
        onChange={(chosen) => onChange?.(chosen as Condition[])}
      />
    </div>
  );
}
