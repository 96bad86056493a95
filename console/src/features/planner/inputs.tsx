import { Form, Select } from "antd";
import { fresh, leaf } from "@/features/planner/bodies";
import { useFieldWords } from "@/features/planner/field-words";
import { cardField, forms, userField, type ChoiceField, type Field, type Kind, type NumberField } from "@/features/planner/fields";
import type { Sheet } from "@/features/planner/figures";
import type { PlanName, Values } from "@/features/planner/names";
import { NumberInput } from "@/features/planner/number-input";
import { OptionList } from "@/features/planner/options";
import styles from "@/features/planner/planner.module.css";
import { ChipSelect, Labelled, ModelSelect } from "@/features/planner/selects";
import type { Search } from "@/features/planner/state";
import { standingOf, takenOf } from "@/features/planner/standing";
import { usePlannerWords } from "@/features/planner/words";
import { Advanced } from "@/shared/form";
import { Segments } from "@/shared/segments";

interface InputsProps {
  kind: Kind;
  shown: Search;
  /** The figures of the last plan: what counts where a field is empty. */
  sheet: Sheet;
  /** Of each option of a comparison, by its name. */
  sheets: ReadonlyMap<string, Sheet>;
  currency: string;
  wrong: ReadonlyMap<string, string>;
  onChange: (part: Partial<Search>) => void;
}

/** One column: the model, the chip, what people vary; what most leave alone is folded. */
export function Inputs({ kind, shown, sheet, sheets, currency, wrong, onChange }: InputsProps) {
  const words = usePlannerWords();
  const texts = useFieldWords();
  const set = (name: PlanName, value: string | number | undefined) => onChange({ [name]: value } as Partial<Search>);
  const one = (field: Field) => <OneField key={field.name} field={field} shown={shown} sheet={sheet} currency={currency} wrong={wrong} onChange={set} />;
  const { main, more } = forms[kind];
  const faulty = more.some(({ fields }) => fields.some(({ name }) => wrong.has(leaf(name))));
  return (
    <Form layout="vertical" component="form" requiredMark={false} className={styles.form ?? ""} aria-label={words.inputs} onSubmitCapture={(event) => event.preventDefault()}>
      <ModelSelect value={textOf(shown.model)} error={wrong.get("model")} onChange={(model) => onChange({ model })} />
      {kind === "compare" ? null : <ChipSelect value={textOf(shown["hardware.chip"] ?? fresh["hardware.chip"])} error={wrong.get("chip")} onChange={(chip) => set("hardware.chip", chip)} />}
      {kind === "serve" ? <AskField ask={shown.ask} onChange={(ask) => onChange({ ask })} /> : null}
      {kind === "serve" ? one(shown.ask === "accelerators" ? cardField : userField) : null}
      {main.map(one)}
      {kind === "compare" ? <OptionList options={shown.options} chip={textOf(shown["hardware.chip"]) ?? fresh["hardware.chip"]} sheets={sheets} currency={currency} onChange={(options) => onChange({ options })} /> : null}
      <Advanced title={texts.advanced} faulty={faulty}>
        {more.map(({ title, fields }) => (
          <fieldset key={title} className={styles.group}>
            <legend>{texts.groups[title]}</legend>
            {fields.map(one)}
          </fieldset>
        ))}
      </Advanced>
    </Form>
  );
}

const textOf = (value: string | number | undefined): string | undefined => (value === undefined ? undefined : String(value));

function AskField({ ask, onChange }: { ask: Search["ask"]; onChange: (ask: Search["ask"]) => void }) {
  const words = usePlannerWords();
  return (
    <div className={styles.ask}>
      <Segments
        block
        aria-label={words.ask}
        value={ask ?? "users"}
        options={(["users", "accelerators"] as const).map((value) => ({ value, label: words.asks[value] }))}
        onChange={(value) => onChange(value === "users" ? undefined : "accelerators")}
      />
    </div>
  );
}

interface OneProps {
  field: Field;
  shown: Values;
  sheet: Sheet;
  currency: string;
  wrong: ReadonlyMap<string, string>;
  onChange: (name: PlanName, value: string | number | undefined) => void;
}

function OneField({ field, shown, sheet, currency, wrong, onChange }: OneProps) {
  const texts = useFieldWords();
  const { name } = field;
  const error = wrong.get(leaf(name));
  const label = texts.fields[name as keyof typeof texts.fields];
  if (field.kind === "choice") return <Choice field={field} label={label} value={textOf(shown[name])} standing={takenOf(field, sheet)} currency={currency} error={error} onChange={(value) => onChange(name, value)} />;
  const needed = name in fresh;
  const own = shown[name] ?? (fresh as Values)[name];
  return (
    <NumberInput
      field={field}
      label={label}
      unit={unitOf(field, texts.units[field.unit], currency)}
      value={typeof own === "number" ? own : undefined}
      standing={standingOf(field, sheet)}
      error={error}
      needed={needed}
      onChange={(value) => onChange(name, value)}
    />
  );
}

const unitOf = ({ unit }: NumberField, text: string, currency: string): string => (["hourly", "amount", "kwh"].includes(unit) ? `${currency} ${text}`.trim() : text);

interface ChoiceProps {
  field: ChoiceField;
  label: string;
  value: string | undefined;
  standing: string | undefined;
  currency: string;
  error: string | undefined;
  onChange: (value: string | undefined) => void;
}

/** Empty: the planner's own choice. Prices are always in some currency. */
function Choice({ field: { name, choices }, label, value, standing, currency, error, onChange }: ChoiceProps) {
  const texts = useFieldWords();
  const word = (choice: string) => (name === "method" && choice === "full" ? texts.fullMethod : (texts.choices[choice] ?? choice));
  const money = name === "site.currency";
  return (
    <Labelled label={label} error={error}>
      {(id) => (
        <Select
          id={id}
          showSearch={{ optionFilterProp: "label" }}
          allowClear={!money}
          placeholder={standing ?? texts.auto}
          value={value ?? (money ? currency : null)}
          options={choices.map((choice) => ({ value: choice, label: word(choice) }))}
          onChange={(chosen: string | null) => onChange(chosen ?? undefined)}
        />
      )}
    </Labelled>
  );
}
