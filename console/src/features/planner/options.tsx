import { Button, Input, Select } from "antd";
import { Plus, X } from "lucide-react";
import { useFieldWords } from "@/features/planner/field-words";
import type { Sheet } from "@/features/planner/figures";
import { weights, type NumberField } from "@/features/planner/fields";
import { MOST_OPTIONS, type OptionName, type OptionValues } from "@/features/planner/names";
import { standingOf } from "@/features/planner/standing";
import { NumberInput } from "@/features/planner/number-input";
import styles from "@/features/planner/planner.module.css";
import { ChipSelect, Labelled } from "@/features/planner/selects";
import { usePlannerWords } from "@/features/planner/words";

const optionKinds = ["owned", "rented", "api", "edge"] as const;

/** What is compared until the reader says otherwise: the chip bought, rented, and rented with fewer bits. */
export function useOptions(options: readonly OptionValues[] | undefined, chip: string): readonly OptionValues[] {
  const words = usePlannerWords();
  return (
    options ?? [
      { kind: "owned", name: words.optionNames.owned, "hardware.chip": chip },
      { kind: "rented", name: words.optionNames.rented, "hardware.chip": chip },
      { kind: "rented", name: words.optionNames.fp8, "hardware.chip": chip, weights: "fp8" },
    ]
  );
}

interface OptionListProps {
  options: readonly OptionValues[] | undefined;
  chip: string;
  sheets: ReadonlyMap<string, Sheet>;
  currency: string;
  onChange: (options: OptionValues[]) => void;
}

export function OptionList({ options, chip, sheets, currency, onChange }: OptionListProps) {
  const words = usePlannerWords();
  const all = useOptions(options, chip);
  const set = (at: number, part: OptionValues) => onChange(all.map((each, i) => (i === at ? { ...each, ...part } : each)));
  return (
    <fieldset className={styles.group}>
      <legend>{words.optionsTitle}</legend>
      {all.map((option, at) => (
        <OneOption key={at} option={option} sheet={sheets.get(String(option.name))} currency={currency} onChange={(part) => set(at, part)} onRemove={all.length > 1 ? () => onChange(all.filter((_, i) => i !== at)) : null} />
      ))}
      {all.length < MOST_OPTIONS ? (
        <Button icon={<Plus size={14} aria-hidden="true" />} onClick={() => onChange([...all, { kind: "api", name: freeName(words.optionKinds["api"] ?? "API", all) }])}>
          {words.addOption}
        </Button>
      ) : null}
    </fieldset>
  );
}

/** The API asks for names that differ. */
function freeName(name: string, taken: readonly OptionValues[]): string {
  for (let n = 1; ; n += 1) {
    const free = n === 1 ? name : `${name} ${n}`;
    if (!taken.some((each) => each.name === free)) return free;
  }
}

const price = (least: number, most: number, figure: string): NumberField => ({ kind: "number", name: "site.rental", unit: "amount", least, most, figure });
const ranges: Partial<Record<OptionName, NumberField>> = {
  "site.purchase": price(500, 500_000, "purchase"),
  "site.rental": price(0.05, 100, "rented_hour"),
  input_price: price(0.01, 100, "input_price"),
  output_price: price(0.01, 300, "output_price"),
  users_per_device: { ...price(1, 100, "users_per_device"), unit: "count", whole: true },
};
const prices: Record<string, readonly OptionName[]> = { owned: ["site.purchase"], rented: ["site.rental"], edge: ["site.purchase", "users_per_device"], api: ["input_price", "output_price"] };

interface OneOptionProps {
  option: OptionValues;
  sheet: Sheet | undefined;
  currency: string;
  onChange: (part: OptionValues) => void;
  onRemove: (() => void) | null;
}

function OneOption({ option, sheet, currency, onChange, onRemove }: OneOptionProps) {
  const words = usePlannerWords();
  const texts = useFieldWords();
  const kind = String(option.kind ?? "owned");
  const name = String(option.name ?? "");
  return (
    <div className={styles.option} role="group" aria-label={name || words.nameless}>
      <div className={styles.optionHead}>
        <Input size="small" aria-label={texts.options.name} value={name} maxLength={120} onChange={(event) => onChange({ name: event.target.value })} />
        <Select
          size="small"
          aria-label={texts.options.kind}
          value={kind}
          options={optionKinds.map((value) => ({ value, label: words.optionKinds[value] }))}
          onChange={(value: string) => onChange({ kind: value })}
        />
        {onRemove ? <Button size="small" type="text" aria-label={words.removeOption(name)} icon={<X size={13} aria-hidden="true" />} onClick={onRemove} /> : null}
      </div>
      {kind === "api" ? null : (
        <>
          <ChipSelect label={texts.options["hardware.chip"]} value={option["hardware.chip"] === undefined ? undefined : String(option["hardware.chip"])} onChange={(chip) => onChange({ "hardware.chip": chip })} />
          <Labelled label={texts.options.weights}>
            {(id) => (
              <Select
                id={id}
                size="small"
                allowClear
                placeholder={texts.auto}
                value={option.weights ?? null}
                options={weights.map((value) => ({ value, label: value }))}
                onChange={(value: string | number | null) => onChange({ weights: value ?? undefined } as OptionValues)}
              />
            )}
          </Labelled>
        </>
      )}
      {(prices[kind] ?? []).map((each) => {
        const field = ranges[each];
        const value = option[each];
        return field ? (
          <NumberInput
            key={each}
            field={field}
            label={texts.options[each]}
            unit={field.unit === "amount" ? currency : ""}
            value={typeof value === "number" ? value : undefined}
            standing={sheet && standingOf(field, sheet)}
            error={undefined}
            onChange={(next) => onChange({ [each]: next } as OptionValues)}
          />
        ) : null;
      })}
    </div>
  );
}
