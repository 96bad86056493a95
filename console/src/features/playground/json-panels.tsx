import { Button, Input, Select, Switch } from "antd";
import { useId } from "react";
import styles from "@/features/playground/page.module.css";
import { Field, type PanelProps } from "@/features/playground/parameters";
import { exampleSchema, exampleTools, parseSchema, parseTools, toolNames, type Parsed } from "@/features/playground/settings";
import { usePlaygroundWords } from "@/features/playground/words";

export function SchemaPanel({ settings, onChange }: PanelProps) {
  const words = usePlaygroundWords();
  return (
    <>
      <OnOff label={words.schemaOn} on={settings.schemaOn} onChange={(schemaOn) => onChange({ schemaOn })} />
      <JsonField
        label="JSON Schema"
        help={words.schemaText}
        text={settings.schema}
        parsed={parseSchema(settings.schema)}
        example={exampleSchema}
        onChange={(schema) => onChange({ schema })}
      />
    </>
  );
}

const choices = ["auto", "none", "required"] as const;

export function ToolsPanel({ settings, onChange }: PanelProps) {
  const words = usePlaygroundWords();
  const id = useId();
  const names = toolNames(settings);
  return (
    <>
      <OnOff label={words.toolsOn} on={settings.toolsOn} onChange={(toolsOn) => onChange({ toolsOn })} />
      <Field id={id} label={words.toolChoice}>
        <Select
          id={id}
          value={settings.toolChoice}
          options={[...choices.map((value) => ({ value, label: words.choices[value] })), ...names.map((value) => ({ value, label: value }))]}
          onChange={(toolChoice: string) => onChange({ toolChoice })}
        />
      </Field>
      <JsonField
        label="tools"
        help={words.toolsText}
        text={settings.tools}
        parsed={parseTools(settings.tools)}
        example={exampleTools}
        onChange={(tools) => onChange({ tools })}
      />
    </>
  );
}

function OnOff({ label, on, onChange }: { label: string; on: boolean; onChange: (on: boolean) => void }) {
  return (
    <div className={styles.switch}>
      <span>{label}</span>
      <Switch size="small" checked={on} aria-label={label} onChange={onChange} />
    </div>
  );
}

interface JsonFieldProps {
  label: string;
  help: string;
  text: string;
  parsed: Parsed<unknown>;
  example: string;
  onChange: (text: string) => void;
}

function JsonField({ label, help, text, parsed, example, onChange }: JsonFieldProps) {
  const words = usePlaygroundWords();
  const id = useId();
  return (
    <div className={styles.json}>
      <Field
        id={id}
        label={label}
        help={help}
        aside={
          text === example ? null : (
            <Button type="link" size="small" onClick={() => onChange(example)}>
              {words.example}
            </Button>
          )
        }
      >
        <Input.TextArea
          id={id}
          autoSize={{ minRows: 10, maxRows: 24 }}
          spellCheck={false}
          value={text}
          {...(parsed.ok ? {} : { status: "error" as const, "aria-invalid": true, "aria-describedby": `${id}-wrong` })}
          onChange={(event) => onChange(event.target.value)}
        />
        {parsed.ok ? null : (
          <p id={`${id}-wrong`} className={styles.wrong} role="alert">
            {parsed.fault === "json" ? words.badJson(parsed.detail) : words.badShape(parsed.detail)}
          </p>
        )}
      </Field>
    </div>
  );
}
