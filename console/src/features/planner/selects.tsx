import { useQuery } from "@tanstack/react-query";
import { Form } from "antd";
import { useId, type ReactNode } from "react";
import { modelsQuery } from "@/api/queries";
import { chipsQuery, type Chip } from "@/features/planner/queries";
import styles from "@/features/planner/planner.module.css";
import { usePlannerWords } from "@/features/planner/words";
import { calculated, short } from "@/shared/format";
import { Picker } from "@/shared/picker";
import { sourceOf } from "@/shared/source";
import { useLanguage } from "@/shared/values";

interface LabelledProps {
  label: string;
  error?: string | undefined;
  children: (id: string, wrong: boolean) => ReactNode;
}

/** A field with its label, and what is wrong with it below. */
export function Labelled({ label, error, children }: LabelledProps) {
  const id = useId();
  return (
    <Form.Item className={styles.field ?? ""} htmlFor={id} label={label} {...(error ? { validateStatus: "error", help: <span id={`${id}-wrong`}>{error}</span> } : {})}>
      {children(id, error !== undefined)}
    </Form.Item>
  );
}

interface PickProps {
  value: string | undefined;
  error?: string | undefined;
  onChange: (value: string) => void;
}

/** A model of the store whose weights can be had; those of vendors run on hardware that nobody here plans. */
export function ModelSelect({ value, error, onChange }: PickProps) {
  const words = usePlannerWords();
  const list = useQuery(modelsQuery(""));
  const models = (list.data ?? []).filter(({ access }) => access === "open").toSorted((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  const options = models.map(({ id, name, total_parameters: size }) => ({ value: id, label: name, text: `${name} ${id}`, size: size === null ? "" : short(size) }));
  return (
    <Labelled label={words.model} error={error}>
      {(id, wrong) => (
        <Picker
          source={sourceOf(list)}
          id={id}
          showSearch={{ optionFilterProp: "text" }}
          placeholder={words.modelPlaceholder}
          value={value ?? null}
          aria-invalid={wrong}
          aria-describedby={wrong ? `${id}-wrong` : undefined}
          options={options}
          optionRender={({ data: each }) => <Two first={each.label} second={each.size} />}
          onChange={(chosen: string | null) => chosen && onChange(chosen)}
        />
      )}
    </Labelled>
  );
}

/** Chips by their maker, found by their other names too. */
export function ChipSelect({ value, error, onChange, label }: PickProps & { label?: string }) {
  const words = usePlannerWords();
  const language = useLanguage();
  const list = useQuery(chipsQuery);
  const chips = list.data ?? [];
  const makers = [...new Set(chips.map(({ maker }) => maker))].toSorted((a, b) => a.localeCompare(b));
  const option = (chip: Chip) => ({
    value: chip.id,
    label: chip.name,
    text: [chip.name, chip.id, chip.maker, ...chip.aliases].join(" "),
    facts: `${calculated(chip.memory.gib, language)} GiB`,
  });
  return (
    <Labelled label={label ?? words.chip} error={error}>
      {(id, wrong) => (
        <Picker
          source={sourceOf(list)}
          id={id}
          showSearch={{ optionFilterProp: "text" }}
          value={nameOf(chips, value)}
          aria-invalid={wrong}
          aria-describedby={wrong ? `${id}-wrong` : undefined}
          options={makers.map((maker) => ({ label: maker, title: maker, options: chips.filter((chip) => chip.maker === maker).map(option) }))}
          optionRender={({ data: each }) => <Two first={String(each.label)} second={"facts" in each ? String(each.facts) : ""} />}
          onChange={(chosen: string | null) => chosen && onChange(chosen)}
        />
      )}
    </Labelled>
  );
}

/** A link may name a chip by another of its names. */
function nameOf(chips: readonly Chip[], value: string | undefined): string | null {
  const wanted = value?.toLowerCase();
  const found = chips.find(({ id, name, aliases }) => [id, name, ...aliases].some((each) => each.toLowerCase() === wanted));
  return found?.id ?? value ?? null;
}

function Two({ first, second }: { first: string; second: string }) {
  return (
    <span className={styles.two}>
      <span>{first}</span>
      <span className="muted small">{second}</span>
    </span>
  );
}
