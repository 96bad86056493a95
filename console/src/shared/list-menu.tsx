import { Button, Checkbox, Popover, Tooltip } from "antd";
import { Download, SlidersHorizontal } from "lucide-react";
import { useCommonWords } from "@/shared/common-words";
import { Heading } from "@/shared/heading";
import styles from "@/shared/list.module.css";
import { setPreferences, usePreferences } from "@/shared/preferences";
import type { Column } from "@/shared/rows";
import { Segments } from "@/shared/segments";

/** The columns that this reader does not see in this list. */
export function useHidden<Row>(name: string, columns: readonly Column<Row>[]): ReadonlySet<string> {
  const chosen = usePreferences().hidden[name];
  return new Set(chosen ?? columns.filter((column) => column.spare).map((column) => column.key));
}

interface ListMenuProps<Row> {
  name: string;
  /** Those to choose from; none where the rows are no table. */
  columns: readonly Column<Row>[];
  onExport: () => void;
}

export function ListMenu<Row>({ name, columns, onExport }: ListMenuProps<Row>) {
  const words = useCommonWords();
  return (
    <span className={styles.tools}>
      <Tooltip title={words.exportCsv}>
        <Button type="text" size="small" aria-label={words.exportCsv} icon={<Download size={15} aria-hidden="true" />} onClick={onExport} />
      </Tooltip>
      {columns.length ? (
        <Popover trigger="click" placement="bottomRight" content={<Choices name={name} columns={columns} />}>
          <Button type="text" size="small" aria-label={words.columns} icon={<SlidersHorizontal size={15} aria-hidden="true" />} />
        </Popover>
      ) : null}
    </span>
  );
}

function Choices<Row>({ name, columns }: { name: string; columns: readonly Column<Row>[] }) {
  const words = useCommonWords();
  const { density, hidden } = usePreferences();
  const away = useHidden(name, columns);
  const toggle = (key: string) => {
    const next = new Set(away);
    if (!next.delete(key)) next.add(key);
    setPreferences({ hidden: { ...hidden, [name]: [...next] } });
  };
  return (
    <div className={styles.menu}>
      <Heading>{words.density}</Heading>
      <Segments
        aria-label={words.density}
        block
        size="small"
        value={density}
        options={[
          { value: "comfortable", label: words.comfortable },
          { value: "compact", label: words.compact },
        ]}
        onChange={(value) => setPreferences({ density: value as "comfortable" | "compact" })}
      />
      <Heading>{words.columns}</Heading>
      {columns
        .filter((column) => !column.lead && column.title)
        .map((column) => (
          <Checkbox key={column.key} checked={!away.has(column.key)} onChange={() => toggle(column.key)}>
            {column.title}
          </Checkbox>
        ))}
    </div>
  );
}
