import { Form, Input } from "antd";
import { FileUp } from "lucide-react";
import { useRef, useState } from "react";
import type { Batch } from "@/features/batches/batch";
import styles from "@/features/batches/batches.module.css";
import { preflight, type Preflight } from "@/features/batches/preflight";
import { useBatchChanges } from "@/features/batches/queries";
import { useBatchWords } from "@/features/batches/words";
import { FormPanel } from "@/shared/form";
import * as format from "@/shared/format";
import { useLanguage } from "@/shared/values";

interface Chosen {
  file: File;
  found: Preflight;
}

interface Values {
  name: string;
  chosen: Chosen | null;
}

/** A batch from a file, which is read here first: what is wrong with it is told before it is sent. */
export function CreateBatch({ open, onClose, onStarted }: { open: boolean; onClose: () => void; onStarted: (batch: Batch) => void }) {
  const words = useBatchWords();
  const { start } = useBatchChanges();
  const started = useRef<Batch>(null);
  const submit = async ({ name = "", chosen }: Values) => {
    if (chosen?.found.endpoint) started.current = await start(chosen.file, chosen.found.endpoint, name || chosen.file.name);
  };
  // One change of the address: from the form to what it has made.
  const close = () => {
    const batch = started.current;
    started.current = null;
    if (batch) onStarted(batch);
    else onClose();
  };
  return (
    <FormPanel<Values> open={open} id="batch-create" title={words.createTitle} verb={words.start} initial={{ name: "", chosen: null }} submit={submit} onClose={close}>
      <Form.Item name="chosen" label={words.file} extra={words.fileHelp} rules={[fileRule(words)]}>
        <FileField />
      </Form.Item>
      <Form.Item name="name" label={words.name} extra={words.nameHelp}>
        <Input autoComplete="off" maxLength={64} />
      </Form.Item>
    </FormPanel>
  );
}

function fileRule(words: ReturnType<typeof useBatchWords>) {
  return {
    required: true,
    validator: (_rule: unknown, chosen: Chosen | null) => {
      if (!chosen) return Promise.reject(new Error(words.fileMissing));
      if (chosen.found.requests === 0) return Promise.reject(new Error(words.fileEmpty));
      const wrong = new Set(chosen.found.problems.map(({ line }) => line)).size;
      return wrong ? Promise.reject(new Error(words.fileWrong(wrong))) : Promise.resolve();
    },
  };
}

function FileField({ id, value, onChange }: { id?: string; value?: Chosen | null; onChange?: (chosen: Chosen | null) => void }) {
  const words = useBatchWords();
  const [reading, setReading] = useState(false);
  const [over, setOver] = useState(false);
  const take = async (file: File | undefined) => {
    if (!file) return;
    setReading(true);
    try {
      onChange?.({ file, found: preflight(await file.text()) });
    } finally {
      setReading(false);
    }
  };
  return (
    <div>
      <label className={over ? `${styles.drop} ${styles.over}` : styles.drop}>
        <input
          {...(id ? { id } : {})}
          type="file"
          accept=".jsonl,.ndjson,application/jsonl"
          onChange={(event) => void take(event.target.files?.[0])}
          onDragEnter={() => setOver(true)}
          onDragLeave={() => setOver(false)}
          onDrop={() => setOver(false)}
        />
        <FileUp size={18} aria-hidden="true" />
        <span>{reading ? words.checking : value ? words.fileOther : words.fileDrop}</span>
      </label>
      {value ? <Found chosen={value} /> : null}
    </div>
  );
}

function Found({ chosen: { file, found } }: { chosen: Chosen }) {
  const words = useBatchWords();
  const language = useLanguage();
  return (
    <div className={styles.found}>
      <p>
        <strong>{file.name}</strong> <span className="muted">{format.bytes(file.size, language)}</span>
      </p>
      {found.requests ? (
        <p>
          {words.requests(format.integer(found.requests, language))} {found.endpoint ? words.to(found.endpoint) : ""}
          {found.models.length ? <span className="muted"> · {found.models.slice(0, 3).join(", ")}</span> : null}
        </p>
      ) : null}
      {found.problems.length ? (
        <ul>
          {found.problems.slice(0, 5).map(({ line, kind }) => (
            <li key={`${line} ${kind}`}>{words.line(line, words.problems[kind])}</li>
          ))}
          {found.problems.length > 5 ? <li>{words.andMore(found.problems.length - 5)}</li> : null}
        </ul>
      ) : null}
    </div>
  );
}
