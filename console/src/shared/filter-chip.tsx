import { Dropdown } from "antd";
import { ChevronDown, X } from "lucide-react";
import { useCommonWords } from "@/shared/common-words";
import styles from "@/shared/list.module.css";

export interface Option {
  value: string;
  label: string;
}

interface FilterChipProps {
  label: string;
  options: readonly Option[];
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}

/** A filter as a chip: off it names itself, on it shows what it keeps. */
export function FilterChip({ label, options, value, onChange }: FilterChipProps) {
  const words = useCommonWords();
  const chosen = options.find((option) => option.value === value);
  const items = [
    ...(value ? [{ key: "", label: words.all }] : []),
    ...options.map((option) => ({ key: option.value, label: option.label })),
  ];
  return (
    <Dropdown
      trigger={["click"]}
      disabled={options.length === 0 && !value}
      menu={{
        items,
        selectable: true,
        selectedKeys: value ? [value] : [],
        onClick: ({ key }) => onChange(key || undefined),
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
