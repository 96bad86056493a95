import { Button, Select, type RefSelectProps, type SelectProps } from "antd";
import { useRef } from "react";
import { useCommonWords } from "@/shared/common-words";
import styles from "@/shared/picker.module.css";
import type { Source } from "@/shared/source";
import { useProblemTexts } from "@/shared/states";

type Choice = NonNullable<SelectProps["options"]>[number];

interface PickerProps<Value, Of extends Choice> extends SelectProps<Value, Of> {
  source: Source;
}

/** One or some of what the server has. Where its list does not come, it says so and can be asked again. */
export function Picker<Value = unknown, Of extends Choice = Choice>({ source, ...rest }: PickerProps<Value, Of>) {
  const words = useCommonWords();
  const field = useRef<RefSelectProps>(null);
  const empty = source.error ? words.notLoaded : source.loading ? words.loading : null;
  // Until it is known what is chosen is called, its id would be all there is to show.
  const unnamed = source.loading ? { value: (rest.mode ? [] : null) as Value, placeholder: words.loading } : {};
  // Once it is asked again the button is away: the keyboard goes on at the field.
  const retry = () => {
    source.retry();
    field.current?.focus();
  };
  return (
    <>
      <Select<Value, Of> {...rest} {...unnamed} ref={field} loading={source.loading} {...(empty ? { notFoundContent: <span className="muted">{empty}</span> } : {})} />
      {source.error ? <NotLoaded error={source.error} retry={retry} /> : null}
    </>
  );
}

/** What there would be to choose from is not here: why, and once more. */
export function NotLoaded({ error, retry }: Pick<Source, "error" | "retry">) {
  const words = useCommonWords();
  const { message } = useProblemTexts(error);
  return (
    <p className={styles.missing} role="alert">
      {words.notLoaded}
      {words.gap}
      {message}
      <Button type="link" size="small" onClick={retry}>
        {words.retry}
      </Button>
    </p>
  );
}
