import { useQuery } from "@tanstack/react-query";
import { Checkbox, Form, Input, InputNumber, Select } from "antd";
import { useRef } from "react";
import { modelsQuery } from "@/api/queries";
import { languageNames } from "@/features/store/about-tab";
import { languagesOf, levels, licencesOf, tasks } from "@/features/store/facets";
import { useModelChanges, type Model, type ModelDraft } from "@/features/store/queries";
import styles from "@/features/store/store.module.css";
import { useOwnWords } from "@/features/store/own-words";
import { useStoreWords } from "@/features/store/words";
import { Advanced, FormPanel, Pair } from "@/shared/form";
import { useMay, useSession } from "@/shared/permissions";
import { sourceOf } from "@/shared/source";
import { useLanguage } from "@/shared/values";

/** Cards may be left empty: the description stands for them then. */
type OwnValues = Omit<ModelDraft, "card"> & { card?: { en?: string; zh?: string } };

/** A model of one's own, named and described; its files come with its versions. */
export function AddOwn({ onMade, onClose }: { onMade: (id: string) => void; onClose: () => void }) {
  const own = useOwnWords();
  const { add } = useModelChanges();
  const publisher = useSession()?.tenant.name ?? "";
  const known = useQuery(modelsQuery(""));
  const made = useRef<string>(null);
  const submit = async ({ card, ...values }: OwnValues) => {
    const { description, parameters, context } = values;
    const model = await add({
      ...values,
      context: context ?? null,
      parameters: parameters?.total ? parameters : null,
      card: { en: card?.en?.trim() || description.en, zh: card?.zh?.trim() || description.zh },
    });
    made.current = model.id;
  };
  const initial: Partial<OwnValues> = { publisher, tasks: ["chat"], level: "L2", shared: false };
  const close = () => (made.current ? onMade(made.current) : onClose());
  return (
    <FormPanel<OwnValues> open id="model" width={600} title={own.addOwn} verb={own.addOwnVerb} initial={initial} waits={known.data ? undefined : sourceOf(known)} submit={submit} onClose={close}>
      <OwnFields known={known.data ?? []} />
    </FormPanel>
  );
}

/** Languages and licences are those that the store has already. */
function OwnFields({ known }: { known: readonly Model[] }) {
  const words = useStoreWords();
  const own = useOwnWords();
  const language = useLanguage();
  const required = [{ required: true, whitespace: true, message: own.missing }];
  const some = [{ required: true, type: "array" as const, min: 1, message: own.chooseSome }];
  const languages = languagesOf(known).map((value) => ({ value, label: languageNames([value], language) }));
  return (
    <>
      <Form.Item name="name" label={words.name} rules={required}>
        <Input autoFocus autoComplete="off" maxLength={120} placeholder={own.ownExample} />
      </Form.Item>
      <Pair>
        <Form.Item name="publisher" label={words.publisher} rules={required}>
          <Input autoComplete="off" maxLength={120} />
        </Form.Item>
        <Form.Item name="family" label={words.family} rules={required}>
          <Input autoComplete="off" maxLength={120} />
        </Form.Item>
      </Pair>
      <Form.Item name="tasks" label={words.tasks} rules={some}>
        <Select mode="multiple" options={tasks.map((value) => ({ value, label: words.taskNames[value] }))} />
      </Form.Item>
      <Form.Item name="languages" label={words.languages} rules={some}>
        <Select mode="multiple" showSearch={{ optionFilterProp: "label" }} placeholder={own.chooseSome} options={languages.toSorted((a, b) => a.label.localeCompare(b.label))} />
      </Form.Item>
      <Form.Item name="license" label={words.licence} extra={own.ownLicenceHelp} rules={[{ required: true, message: own.chooseOne }]}>
        <Select showSearch placeholder={own.chooseOne} options={licencesOf(known).map((value) => ({ value, label: value }))} />
      </Form.Item>
      <Texts name="description" rows={2} required />
      <Advanced title={own.ownMore}>
        <Texts name="card" rows={4} />
        <Pair>
          <Form.Item name="level" label={words.level} rules={[{ required: true }]}>
            <Select options={levels.map((value) => ({ value, label: words.levels[value] }))} />
          </Form.Item>
          <Form.Item name="context" label={words.context}>
            <InputNumber className={styles.full ?? ""} min={1} precision={0} suffix={words.tokens} />
          </Form.Item>
        </Pair>
        <Form.Item name={["parameters", "total"]} label={words.parameters}>
          <InputNumber<number> className={styles.full ?? ""} min={1} precision={0} />
        </Form.Item>
        <Shared />
      </Advanced>
    </>
  );
}

function Shared() {
  const own = useOwnWords();
  if (!useMay("models.manage")) return null;
  return (
    <Form.Item name="shared" valuePropName="checked">
      <Checkbox>{own.ownShared}</Checkbox>
    </Form.Item>
  );
}

/** A text in each language, the one below the other. */
function Texts({ name, rows, required = false }: { name: "description" | "card"; rows: number; required?: boolean }) {
  const own = useOwnWords();
  return (["zh", "en"] as const).map((language) => (
    <Form.Item key={language} name={[name, language]} label={own[name][language]} rules={required ? [{ required, whitespace: true, message: own.missing }] : []}>
      <Input.TextArea autoSize={{ minRows: rows, maxRows: 12 }} maxLength={4000} lang={language} />
    </Form.Item>
  ));
}
