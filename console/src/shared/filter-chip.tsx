import { Dropdown } from "antd";
import { ChevronDown, X } from "lucide-react";
import { useCommonWords } from "@/shared/common-words";
import styles from "@/shared/list.module.css";
import type { Source } from "@/shared/source";

export interface Option {
  value: string;
  label: string;
}

interface FilterChipProps {
  label: string;
  options: readonly Option[];
  value: string | undefined;
  onChange: (value: string | undefined) => void;
  /** Where the options come from, if they are not known already. */
  source?: Source | undefined;
}

const RETRY = " retry";

/** A filter as a chip: off it names itself, on it shows what it keeps. */
export function FilterChip({ label, options, value, onChange, source }: FilterChipProps) {
  const words = useCommonWords();
  const failed = Boolean(source?.error);
  const chosen = options.find((option) => option.value === value);
  const items = [
    ...(value ? [{ key: "", label: words.all }] : []),
    ...options.map((option) => ({ key: option.value, label: option.label })),
    ...(failed ? [{ key: RETRY, label: `${words.notLoaded}${words.gap}${words.retry}`, danger: true }] : []),
  ];
  return (
    <Dropdown
      trigger={["click"]}
      disabled={items.length === 0}
      menu={{
        items,
        selectable: true,
        selectedKeys: value ? [value] : [],
        onClick: ({ key }) => (key === RETRY ? source?.retry() : onChange(key || undefined)),
        style: { maxHeight: 320, overflowY: "auto" },
      }}
    >
      <button type="button" className={value ? `${styles.chip} ${styles.on}` : styles.chip}>
        {value ? `${label}: ${chosen?.label ?? value}` : label}
        {value ? <ClearMark label={words.clear} onClear={() => onChange(undefined)} /> : <ChevronDown size={13} aria-hidden="true" />}
      </button>
    </Dropdown>
  );
}

/** For the mouse alone: the keyboard clears a filter through the menu's "All". */
function ClearMark({ onClear, label }: { onClear: () => void; label: string }) {
  return (
    <X
      size={13}
      aria-hidden="true"
      data-label={label}
      onClick={(event) => {
        event.stopPropagation();
        onClear();
      }}
    />
  );
}
