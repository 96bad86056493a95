import { Form, Input, Slider } from "antd";
import { RotateCcw } from "lucide-react";
import { useId, useState } from "react";
import { useFieldWords } from "@/features/planner/field-words";
import type { NumberField, Unit } from "@/features/planner/fields";
import { read, stepOf, STEPS, valueAt, written } from "@/features/planner/numbers";
import styles from "@/features/planner/planner.module.css";
import { Tag } from "@/shared/status";

interface NumberInputProps {
  field: NumberField;
  label: string;
  unit: string;
  value: number | undefined;
  /** What counts while nothing is set here, and who says it where nobody has measured it. */
  standing: { value: number; assumed: string | null } | undefined;
  error: string | undefined;
  /** The planner must be told: there is nothing to go back to. */
  needed?: boolean;
  onChange: (value: number | undefined) => void;
}

/** A slider for trying out and a field for what is known. While it is empty it shows what the planner takes, and marks what is assumed. */
export function NumberInput({ field, label, unit, value, standing, error, needed = false, onChange }: NumberInputProps) {
  const words = useFieldWords();
  const id = useId();
  const own = value !== undefined;
  const now = value ?? standing?.value;
  return (
    <Form.Item
      className={styles.field ?? ""}
      htmlFor={id}
      label={
        <span className={styles.label}>
          {label}
          {!own && standing?.assumed ? <Tag tone="warn" title={words.assumedBy(standing.assumed)}>{words.assumed}</Tag> : null}
        </span>
      }
      {...(error ? { validateStatus: "error", help: <span id={`${id}-wrong`}>{error}</span> } : {})}
    >
      <div className={styles.number}>
        <Slider
          min={0}
          max={STEPS}
          value={now === undefined ? 0 : stepOf(field, now)}
          onChange={(step: number) => onChange(valueAt(field, step))}
          tooltip={{ open: false }}
          ariaLabelForHandle={words.slider(label)}
          ariaValueTextFormatterForHandle={() => (now === undefined ? "–" : `${shownText(field, now)} ${unit}`)}
        />
        <Typed key={now} id={id} field={field} text={now === undefined ? "" : shownText(field, now)} own={own} unit={unit} wrong={error !== undefined} onChange={onChange} />
        {own && !needed ? (
          <button type="button" className={styles.reset} aria-label={words.resetOf(label)} title={words.reset} onClick={() => onChange(undefined)}>
            <RotateCcw size={13} aria-hidden="true" />
          </button>
        ) : (
          <span className={styles.reset} />
        )}
      </div>
    </Form.Item>
  );
}

/** No price is ever guessed. */
const money: ReadonlySet<Unit> = new Set(["hourly", "amount", "kwh"]);
const scale = ({ unit }: NumberField): number => (unit === "share" ? 100 : 1);
const shownText = (field: NumberField, value: number): string => written(Number((value * scale(field)).toPrecision(12)));

interface TypedProps {
  id: string;
  field: NumberField;
  text: string;
  own: boolean;
  unit: string;
  wrong: boolean;
  onChange: (value: number | undefined) => void;
}

/** What is typed counts when it is left, or at Enter: half a number would be asked for otherwise. */
function Typed({ id, field, text, own, unit, wrong, onChange }: TypedProps) {
  const words = useFieldWords();
  const [typed, setTyped] = useState(text);
  const settle = () => {
    if (typed === text) return;
    if (!typed.trim()) return onChange(undefined);
    const value = read(typed);
    if (value === undefined) setTyped(text);
    else onChange(Number((value / scale(field)).toPrecision(12)));
  };
  return (
    <Input
      id={id}
      size="small"
      inputMode="decimal"
      autoComplete="off"
      className={own ? (styles.own ?? "") : ""}
      value={typed}
      placeholder={field.free ? words.unset : money.has(field.unit) ? words.give : words.taken}
      suffix={unit ? <span className="muted small">{unit}</span> : null}
      aria-invalid={wrong}
      aria-describedby={wrong ? `${id}-wrong` : undefined}
      onChange={(event) => setTyped(event.target.value)}
      onBlur={settle}
      onPressEnter={settle}
    />
  );
}
