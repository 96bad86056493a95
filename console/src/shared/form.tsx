import { App, Button, Form, Input, type FormInstance } from "antd";
import { useBlocker } from "@tanstack/react-router";
import { ChevronRight } from "lucide-react";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { asProblem } from "@/api/problem";
import { useCommonWords } from "@/shared/common-words";
import { ownFocus, wayBack } from "@/shared/focus";
import { decimalToMicros } from "@/shared/format";
import styles from "@/shared/form.module.css";
import { Panel } from "@/shared/panel";
import type { Source } from "@/shared/source";
import { Bones, ErrorState, Notice, ProblemNotice } from "@/shared/states";

interface FormBodyProps<Values extends object> {
  form: FormInstance<Values>;
  id: string;
  initial: Partial<Values>;
  submit: (values: Values) => Promise<unknown>;
  /** Begins again with what somebody else has made of it meanwhile. */
  reload?: (() => void) | undefined;
  onBusy?: (busy: boolean) => void;
  onDirty?: (dirty: boolean) => void;
  onDone?: () => void;
  children: ReactNode;
}

/** One column, errors beside the field and summed up at the top, the server's refusals at their fields. */
export function FormBody<Values extends object>(props: FormBodyProps<Values>) {
  const { form, id, initial, submit, reload, onBusy, onDirty, onDone, children } = props;
  const words = useCommonWords();
  const [error, setError] = useState<unknown>(null);
  const [wrong, setWrong] = useState(0);
  const [tried, setTried] = useState(false);
  const send = async (values: Values) => {
    setError(null);
    setWrong(0);
    onBusy?.(true);
    try {
      await submit(values);
      onDirty?.(false);
      onDone?.();
    } catch (reason) {
      setError(reason);
      showFieldErrors(form, reason);
    } finally {
      onBusy?.(false);
    }
  };
  return (
    <Form<Values>
      form={form}
      id={id}
      name={id}
      layout="vertical"
      className={styles.form ?? ""}
      requiredMark={marked(words.optional)}
      initialValues={initial}
      // Nobody is corrected before having finished; after that, each change is judged at once.
      validateTrigger={tried ? "onChange" : "onSubmit"}
      scrollToFirstError={{ block: "center", focus: true }}
      onFinish={send}
      onFinishFailed={({ errorFields }) => {
        setError(null);
        setTried(true);
        setWrong(errorFields.length);
      }}
      onValuesChange={() => {
        onDirty?.(true);
        setWrong(0);
      }}
    >
      <div className={styles.top}>
        {error ? <ProblemNotice error={error} action={reload && asProblem(error).status === 412 ? <Button onClick={reload}>{words.reload}</Button> : null} /> : null}
        {wrong ? <Notice level="error"><p>{words.formWrong(wrong)}</p></Notice> : null}
      </div>
      {children}
    </Form>
  );
}

/** What may be left empty says so; what is needed needs no star. */
function marked(optional: string) {
  return function Marked(label: ReactNode, { required }: { required: boolean }) {
    return (
      <span>
        {label}
        {required ? null : <span className="muted">&nbsp;· {optional}</span>}
      </span>
    );
  };
}

/** The server names a field by its place in the body, such as `models.0.name`; the deepest part that the form has is marked. */
function showFieldErrors<Values extends object>(form: FormInstance<Values>, reason: unknown): void {
  for (const { field, message } of asProblem(reason).fields) {
    const place = field.split(/[.[\]]+/).filter(Boolean).map((part) => (/^\d+$/.test(part) ? Number(part) : part));
    while (place.length && form.getFieldValue(place as never) === undefined) place.pop();
    // antd types a field's name by the form's values; the server's is a plain text.
    if (place.length) form.setFields([{ name: place as never, errors: [message] }]);
  }
}

interface FormPanelProps<Values extends object> {
  open: boolean;
  id: string;
  title: string;
  subtitle?: ReactNode;
  verb: string;
  initial: Partial<Values>;
  /** What the form cannot begin without, as long as it is not there. */
  waits?: Source | undefined;
  submit: (values: Values) => Promise<unknown>;
  reload?: (() => void) | undefined;
  onClose: () => void;
  width?: number;
  children: ReactNode | ((form: FormInstance<Values>) => ReactNode);
}

/** A form in the side panel. Leaving it with changes asks. */
export function FormPanel<Values extends object>(props: FormPanelProps<Values>) {
  const { open, id, title, subtitle, verb, initial, waits, submit, reload, onClose, width = 520, children } = props;
  const words = useCommonWords();
  const [form] = Form.useForm<Values>();
  const [busy, setBusy] = useState(false);
  const [dirty, setDirty] = useState(false);
  const askToLeave = useLeaveQuestion();
  useLeaveGuard(open && dirty);
  const close = async () => {
    if (dirty && !(await askToLeave())) return;
    setDirty(false);
    onClose();
  };
  return (
    <Panel
      open={open}
      title={title}
      subtitle={subtitle}
      onClose={close}
      width={width}
      footer={
        <>
          <Button onClick={close}>{words.cancel}</Button>
          <Button type="primary" htmlType="submit" form={id} loading={busy} disabled={waits !== undefined}>
            {verb}
          </Button>
        </>
      }
    >
      {waits ? (
        <Waiting for={waits} />
      ) : (
        <FormBody form={form} id={id} initial={initial} submit={submit} reload={reload} onBusy={setBusy} onDirty={setDirty} onDone={onClose}>
          {typeof children === "function" ? children(form) : children}
        </FormBody>
      )}
    </Panel>
  );
}

function Waiting({ for: { error, retry } }: { for: Source }) {
  return error ? <ErrorState error={error} retry={retry} /> : <Bones lines={8} />;
}

export function useLeaveQuestion(): () => Promise<boolean> {
  const words = useCommonWords();
  const { modal } = App.useApp();
  return async () => {
    const back = wayBack();
    let leaves = false;
    const asked = modal.confirm({
      title: words.discardTitle,
      content: words.discardText,
      okText: words.discard,
      cancelText: words.keepEditing,
      okButtonProps: { danger: true },
      icon: null,
      focusable: ownFocus,
      // Who leaves is brought back by the form itself, to what opened it.
      afterClose: () => leaves || back(),
    });
    leaves = await asked;
    return leaves;
  };
}

/** Asks before a link, the back button or the browser's own close throws changes away. */
export function useLeaveGuard(dirty: boolean): void {
  const ask = useLeaveQuestion();
  useBlocker({
    shouldBlockFn: async ({ current, next }) => dirty && current.pathname !== next.pathname && !(await ask()),
    enableBeforeUnload: dirty,
  });
}

/** Fields that belong together, such as the entries of a list. */
export function FieldGroup({ title, help, children }: { title: string; help: string; children: ReactNode }) {
  return (
    <fieldset className={styles.group}>
      <legend>{title}</legend>
      <p className="muted small">{help}</p>
      {children}
    </fieldset>
  );
}

/** Two fields side by side, one below the other where there is no room. */
export function Pair({ children }: { children: ReactNode }) {
  return <div className={styles.pair}>{children}</div>;
}

interface AdvancedProps {
  title: string;
  /** Something inside asks for attention: it opens, and stays open once that is mended. */
  faulty?: boolean;
  children: ReactNode;
}

export function Advanced({ title, faulty = false, children }: AdvancedProps) {
  const fold = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    if (faulty && fold.current) fold.current.open = true;
  }, [faulty]);
  return (
    <details ref={fold} className={styles.advanced}>
      <summary>
        <ChevronRight size={14} aria-hidden="true" />
        {title}
      </summary>
      {children}
    </details>
  );
}

interface MoneyFieldProps {
  id?: string;
  value?: string;
  onChange?: (value: string) => void;
  currency: string;
  placeholder?: string;
  suffix?: string;
  /** As wide as its place. */
  wide?: boolean;
}

/** An amount as a decimal text; `moneyRule` and `decimalToMicros` keep it exact. */
export function MoneyField({ id, value, onChange, currency, placeholder, suffix, wide = false }: MoneyFieldProps) {
  return (
    <Input
      id={id}
      className={wide ? "" : (styles.money ?? "")}
      inputMode="decimal"
      autoComplete="off"
      prefix={<span className="muted">{currency}</span>}
      suffix={suffix ? <span className="muted small">{suffix}</span> : null}
      placeholder={placeholder}
      value={value}
      onChange={(event) => onChange?.(event.target.value)}
    />
  );
}

export function moneyRule(message: string): { validator: (rule: unknown, value: string | undefined) => Promise<void> } {
  return {
    validator: (_rule, value) => (!value?.trim() || decimalToMicros(value) !== null ? Promise.resolve() : Promise.reject(new Error(message))),
  };
}
