import { Button, Input, InputNumber, Select, Slider } from "antd";
import { useId, type ReactNode } from "react";
import styles from "@/features/playground/page.module.css";
import type { Settings } from "@/features/playground/settings";
import { usePlaygroundWords } from "@/features/playground/words";

export interface PanelProps {
  settings: Settings;
  onChange: (change: Partial<Settings>) => void;
}

export function Field({ id, label, help, aside, children }: { id: string; label: string; help?: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <div className={styles.field}>
      <div className={styles.fieldHead}>
        <label htmlFor={id}>{label}</label>
        {aside}
      </div>
      {children}
      {help ? <small>{help}</small> : null}
    </div>
  );
}

export function Parameters({ settings, onChange }: PanelProps) {
  const words = usePlaygroundWords();
  const base = useId();
  return (
    <>
      <Field id={`${base}-system`} label={words.system}>
        <Input.TextArea
          id={`${base}-system`}
          autoSize={{ minRows: 3, maxRows: 12 }}
          placeholder={words.systemExample}
          value={settings.system}
          onChange={(event) => onChange({ system: event.target.value })}
        />
      </Field>
      <Dial
        label={words.temperature}
        help={words.temperatureHelp}
        most={2}
        value={settings.temperature}
        onChange={(temperature) => onChange({ temperature })}
      />
      <Dial label={words.topP} help={words.topPHelp} most={1} value={settings.topP} onChange={(topP) => onChange({ topP })} />
      <Whole label={words.maxTokens} help={words.maxTokensHelp} least={1} value={settings.maxTokens} onChange={(maxTokens) => onChange({ maxTokens })} />
      <Whole label={words.seed} help={words.seedHelp} least={0} value={settings.seed} onChange={(seed) => onChange({ seed })} />
      <Field id={`${base}-stop`} label={words.stopWords} help={words.stopHelp}>
        <Select
          id={`${base}-stop`}
          mode="tags"
          open={false}
          suffixIcon={null}
          maxCount={4}
          value={[...settings.stop]}
          onChange={(stop: string[]) => onChange({ stop })}
        />
      </Field>
    </>
  );
}

interface NumberProps {
  label: string;
  help: string;
  value: number | null;
  onChange: (value: number | null) => void;
}

/** Left alone it is the engine's default, and is not sent. */
function Dial({ label, help, most, value, onChange }: NumberProps & { most: number }) {
  const words = usePlaygroundWords();
  const id = useId();
  return (
    <Field
      id={id}
      label={label}
      help={help}
      aside={
        value === null ? (
          <span className="muted small">{words.byDefault}</span>
        ) : (
          <Button type="link" size="small" onClick={() => onChange(null)}>
            {words.reset}
          </Button>
        )
      }
    >
      <div className={styles.fieldHead}>
        <Slider
          style={{ flex: 1, margin: "8px 6px" }}
          min={0}
          max={most}
          step={0.05}
          value={value ?? 1}
          ariaLabelForHandle={label}
          tooltip={{ open: false }}
          onChange={onChange}
        />
        <InputNumber id={id} size="small" style={{ width: 72 }} min={0} max={most} step={0.05} value={value} onChange={onChange} />
      </div>
    </Field>
  );
}

function Whole({ label, help, least, value, onChange }: NumberProps & { least: number }) {
  const words = usePlaygroundWords();
  const id = useId();
  return (
    <Field id={id} label={label} help={help}>
      <InputNumber
        id={id}
        style={{ width: "100%" }}
        min={least}
        max={2_147_483_647}
        precision={0}
        placeholder={words.byDefault}
        value={value}
        onChange={onChange}
      />
    </Field>
  );
}
