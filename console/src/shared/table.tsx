import { Checkbox } from "antd";
import { ArrowDown, ArrowUp } from "lucide-react";
import type { ReactNode } from "react";
import { useCommonWords } from "@/shared/common-words";
import { usePhone, usePreferences } from "@/shared/preferences";
import { nextSort, type Column } from "@/shared/rows";
import styles from "@/shared/table.module.css";

export interface TableProps<Row> {
  /** What the table holds, for those who hear it. */
  label: string;
  rows: readonly Row[];
  columns: readonly Column<Row>[];
  rowKey: (row: Row) => string;
  rowName?: (row: Row) => string;
  sort?: string | undefined;
  onSort?: (sort: string | undefined) => void;
  onOpen?: (row: Row) => void;
  openKey?: string | undefined;
  selection?: { keys: ReadonlySet<string>; onChange: (keys: Set<string>) => void };
  /** The sums of all rows, by the columns that have one. */
  totals?: Readonly<Record<string, ReactNode>>;
}

/** Rows as a table, or as cards where there is no room for one. */
export function Table<Row>(props: TableProps<Row>) {
  const { density } = usePreferences();
  if (usePhone()) return <Cards {...props} />;
  const { rows, columns, label, rowKey, selection, totals } = props;
  return (
    <div className={density === "compact" ? `${styles.box} ${styles.compact}` : styles.box}>
      <table className={styles.table} aria-label={label}>
        <thead>
          <tr>
            {selection ? (
              <th className={styles.tight}>
                <SelectAll keys={rows.map(rowKey)} selection={selection} />
              </th>
            ) : null}
            {columns.map((column) => (
              <Head key={column.key} column={column} sort={props.sort} onSort={props.onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Line key={rowKey(row)} row={row} {...props} />
          ))}
        </tbody>
        {totals ? <Totals columns={columns} totals={totals} /> : null}
      </table>
    </div>
  );
}

function Totals<Row>({ columns, totals }: { columns: readonly Column<Row>[]; totals: Readonly<Record<string, ReactNode>> }) {
  const words = useCommonWords();
  return (
    <tfoot>
      <tr>
        {columns.map((column) => (
          <td key={column.key} className={cellClass(column)}>
            {column.lead ? words.total : totals[column.key]}
          </td>
        ))}
      </tr>
    </tfoot>
  );
}

const cellClass = <Row,>({ align, tight }: Column<Row>): string | undefined =>
  [align === "end" && styles.end, tight && styles.tight].filter(Boolean).join(" ") || undefined;

interface HeadProps<Row> {
  column: Column<Row>;
  sort?: string | undefined;
  onSort?: ((sort: string | undefined) => void) | undefined;
}

function Head<Row>({ column, sort, onSort }: HeadProps<Row>) {
  const words = useCommonWords();
  const direction = sort === column.key ? "ascending" : sort === `-${column.key}` ? "descending" : "none";
  if (!column.value || !onSort) {
    return (
      <th scope="col" className={cellClass(column)}>
        {column.title || <span className="sr-only">…</span>}
      </th>
    );
  }
  return (
    <th scope="col" className={cellClass(column)} aria-sort={direction}>
      <button type="button" className={styles.sort} title={words.sortBy(column.title)} onClick={() => onSort(nextSort(sort, column.key))}>
        {column.title}
        {direction === "ascending" ? <ArrowUp size={12} aria-hidden="true" /> : null}
        {direction === "descending" ? <ArrowDown size={12} aria-hidden="true" /> : null}
      </button>
    </th>
  );
}

function toggled(keys: ReadonlySet<string>, key: string): Set<string> {
  const next = new Set(keys);
  if (!next.delete(key)) next.add(key);
  return next;
}

function SelectAll({ keys, selection }: { keys: string[]; selection: NonNullable<TableProps<unknown>["selection"]> }) {
  const words = useCommonWords();
  const count = keys.filter((key) => selection.keys.has(key)).length;
  return (
    <Checkbox
      aria-label={words.selectAll}
      checked={count > 0 && count === keys.length}
      indeterminate={count > 0 && count < keys.length}
      onChange={() => selection.onChange(count === keys.length ? new Set() : new Set(keys))}
    />
  );
}

function Line<Row>({ row, columns, rowKey, onOpen, openKey, selection, ...props }: TableProps<Row> & { row: Row }) {
  const key = rowKey(row);
  const marks = [styles.row, onOpen && styles.openable, openKey === key && styles.selected].filter(Boolean).join(" ");
  return (
    <tr className={marks} onClick={onOpen ? ({ currentTarget }) => openFrom(currentTarget, () => onOpen(row)) : undefined}>
      {selection ? (
        <td className={styles.tight}>
          <RowCheck row={row} rowKey={rowKey} selection={selection} rowName={props.rowName} />
        </td>
      ) : null}
      {columns.map((column) => (
        <td key={column.key} className={cellClass(column)}>
          {column.lead ? <Lead row={row} column={column} onOpen={onOpen} /> : column.render(row)}
        </td>
      ))}
    </tr>
  );
}

/** Wherever in its row the mouse is, the row is what opens: there the keyboard goes on later. */
function openFrom(line: HTMLElement, open: () => void): void {
  line.querySelector<HTMLElement>("[data-row]")?.focus({ preventScroll: true });
  open();
}

function Lead<Row>({ row, column, onOpen }: { row: Row; column: Column<Row>; onOpen: ((row: Row) => void) | undefined }) {
  if (!onOpen) return <>{column.render(row)}</>;
  return (
    <button
      type="button"
      className={styles.lead}
      data-row=""
      onClick={(event) => {
        event.stopPropagation();
        onOpen(row);
      }}
    >
      {column.render(row)}
    </button>
  );
}

interface RowCheckProps<Row> {
  row: Row;
  rowKey: (row: Row) => string;
  rowName: ((row: Row) => string) | undefined;
  selection: NonNullable<TableProps<Row>["selection"]>;
}

function RowCheck<Row>({ row, rowKey, rowName, selection }: RowCheckProps<Row>) {
  const words = useCommonWords();
  const key = rowKey(row);
  return (
    <Checkbox
      aria-label={words.selectRow(rowName?.(row) ?? key)}
      checked={selection.keys.has(key)}
      onClick={(event) => event.stopPropagation()}
      onChange={() => selection.onChange(toggled(selection.keys, key))}
    />
  );
}

function Cards<Row>({ label, rows, columns, rowKey, rowName, onOpen, selection, totals }: TableProps<Row>) {
  const words = useCommonWords();
  const lead = columns.find((column) => column.lead);
  return (
    <ul className={styles.cards} aria-label={label}>
      {rows.map((row) => (
        <li key={rowKey(row)}>
          <div className={styles.cardTop}>
            {selection ? <RowCheck row={row} rowKey={rowKey} rowName={rowName} selection={selection} /> : null}
            {lead ? <Lead row={row} column={lead} onOpen={onOpen} /> : null}
          </div>
          <dl className={styles.pairs}>
            {columns
              .filter((column) => !column.lead && !column.roomy)
              .map((column) => (
                <Pair key={column.key} title={column.title} value={column.render(row)} />
              ))}
          </dl>
        </li>
      ))}
      {totals ? (
        <li className={styles.total}>
          <div className={styles.cardTop}>{words.total}</div>
          <dl className={styles.pairs}>
            {columns
              .filter(({ key }) => key in totals)
              .map(({ key, title }) => (
                <Pair key={key} title={title} value={totals[key]} />
              ))}
          </dl>
        </li>
      ) : null}
    </ul>
  );
}

function Pair({ title, value }: { title: string; value: ReactNode }) {
  return (
    <>
      <dt>{title}</dt>
      <dd>{value}</dd>
    </>
  );
}
