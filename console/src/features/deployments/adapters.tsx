import { useQueries, useQuery } from "@tanstack/react-query";
import { Button, Form, Input } from "antd";
import { Plus, X } from "lucide-react";
import { modelsQuery } from "@/api/queries";
import { useAdvancedWords } from "@/features/deployments/advanced-words";
import styles from "@/features/deployments/deployments.module.css";
import type { DeployValues } from "@/features/deployments/values";
import { useDeploymentWords } from "@/features/deployments/words";
import { modelQuery, versionsQuery } from "@/features/store/queries";
import { NotLoaded, Picker } from "@/shared/picker";
import { sourceOf, type Source } from "@/shared/source";

/** LoRA adapters beside the model: each is a version of a model of one's own, under a name that callers send. */
export function AdapterFields() {
  const words = useDeploymentWords();
  const more = useAdvancedWords();
  const { options, source } = useVersionOptions();
  const base = Form.useWatch<string | undefined>("name");
  return (
    <Form.List name="adapters">
      {(fields, { add, remove }) => (
        <fieldset className={styles.adapters}>
          <legend>{more.adapters}</legend>
          <p className="muted small">{more.adaptersHelp}</p>
          {fields.map((field, at) => (
            <div key={field.key} className={styles.adapter} role="group" aria-label={more.adapter(at + 1)}>
              <Form.Item
                name={[field.name, "name"]}
                rules={[
                  { required: true, whitespace: true, message: words.nameMissing },
                  { pattern: /^[A-Za-z0-9][A-Za-z0-9._:-]*$/, message: more.adapterNameWrong },
                ]}
              >
                <Input aria-label={`${more.adapter(at + 1)}: ${words.name}`} autoComplete="off" spellCheck={false} maxLength={120} placeholder={`${base ?? "chat"}:legal`} />
              </Form.Item>
              <Form.Item name={[field.name, "version"]} rules={[{ required: true, message: more.versionMissing }]}>
                <Picker source={source} aria-label={`${more.adapter(at + 1)}: ${more.version}`} showSearch={{ optionFilterProp: "label" }} options={options} placeholder={more.versionMissing} />
              </Form.Item>
              <Button type="text" aria-label={more.removeAdapter(at + 1)} icon={<X size={14} aria-hidden="true" />} onClick={() => remove(field.name)} />
            </div>
          ))}
          <div>
            <Button icon={<Plus size={14} aria-hidden="true" />} disabled={options.length === 0} onClick={() => add({})}>
              {more.addAdapter}
            </Button>
            {source.error && fields.length === 0 ? <NotLoaded {...source} /> : null}
          </div>
        </fieldset>
      )}
    </Form.List>
  );
}

/** The versions that were tuned from the model and are in use; the server judges which are adapters. */
function useVersionOptions(): { options: { value: string; label: string }[]; source: Source } {
  const more = useAdvancedWords();
  // The form that edits has no field for the model, but its value.
  const id = Form.useWatch("model_id", { form: Form.useFormInstance<DeployValues>(), preserve: true }) as string | undefined;
  const base = useQuery({ ...modelQuery(id ?? ""), enabled: Boolean(id) });
  const models = useQuery(modelsQuery(""));
  const made = new Set(base.data?.descendants);
  const own = (models.data ?? []).filter((model) => made.size > 0 && model.id.startsWith("mdl_"));
  const versions = useQueries({ queries: own.map((model) => versionsQuery(model.id)) });
  const options = own.flatMap(({ name }, at) =>
    (versions[at]?.data ?? [])
      .filter((version) => made.has(version.id) && version.making === "tuned" && version.stage !== "retired")
      .map((version) => ({ value: version.id, label: more.versionOf(name, version.number) })),
  );
  return { options, source: sourceOf(base, models, ...versions) };
}
