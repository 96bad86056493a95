import { Button, Input, type InputRef } from "antd";
import { Search } from "lucide-react";
import { useRef, useState, type ReactNode } from "react";
import { useCommonWords } from "@/shared/common-words";
import { FilterChip, type Option } from "@/shared/filter-chip";
import { useHotkeys, walkRows } from "@/shared/hotkeys";
import styles from "@/shared/list.module.css";
import { ListMenu, useHidden } from "@/shared/list-menu";
import { csv, download, matches, sortRows, type Column } from "@/shared/rows";
import { Bones, Empty, ErrorState } from "@/shared/states";
import { Table } from "@/shared/table";

/** What a list keeps in the address: the search, the order, the open row, and one entry per filter. */
export interface ListSearch {
  q?: string | undefined;
  sort?: string | undefined;
  id?: string | undefined;
}

export interface Filter<Row> {
  key: string;
  label: string;
  options: readonly Option[];
  value: string | undefined;
  keeps: (row: Row, value: string) => boolean;
}

interface ListProps<Row> {
  /** Names the list in the reader's preferences and in a file's name. */
  name: string;
  label: string;
  rows: readonly Row[] | undefined;
  error: unknown;
  retry: () => void;
  columns: readonly Column<Row>[];
  filters?: readonly Filter<Row>[];
  search: ListSearch;
  onSearch: (change: Record<string, string | undefined>) => void;
  /** The text that a search looks through. */
  text: (row: Row) => string;
  rowKey: (row: Row) => string;
  rowName: (row: Row) => string;
  openable?: boolean;
  bulk?: (rows: Row[], done: () => void) => ReactNode;
  empty: ReactNode;
}

/** The list page's body: search, filters as chips, order, columns, density, CSV, and the keyboard. */
export function List<Row>(props: ListProps<Row>) {
  const { rows, error, retry, columns, filters = [], search, onSearch, rowKey, rowName, empty } = props;
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const hidden = useHidden(props.name, columns);
  useHotkeys({ j: () => walkRows(1), k: () => walkRows(-1) });
  if (error && !rows) return <Framed><ErrorState error={error} retry={retry} /></Framed>;
  if (!rows) return <Framed><Bones lines={6} /></Framed>;
  if (rows.length === 0) return <Framed>{empty}</Framed>;

  const kept = rows.filter(
    (row) => matches(props.text(row), search.q) && filters.every(({ value, keeps }) => !value || keeps(row, value)),
  );
  const sorted = sortRows(kept, columns, search.sort);
  const selected = sorted.filter((row) => chosen.has(rowKey(row)));
  return (
    <Framed>
      <Toolbar {...props} filters={filters} count={selected.length} onExport={() => download(`${props.name}.csv`, csv(selected.length ? selected : sorted, columns))}>
        {props.bulk && selected.length ? props.bulk(selected, () => setChosen(new Set())) : null}
      </Toolbar>
      {sorted.length === 0 ? (
        <NoMatch onClear={() => onSearch({ q: undefined, ...Object.fromEntries(filters.map(({ key }) => [key, undefined])) })} />
      ) : (
        <Table
          label={props.label}
          rows={sorted}
          columns={columns.filter((column) => !hidden.has(column.key))}
          rowKey={rowKey}
          rowName={rowName}
          sort={search.sort}
          onSort={(sort) => onSearch({ sort })}
          openKey={search.id}
          {...(props.openable ? { onOpen: (row: Row) => onSearch({ id: rowKey(row) }) } : {})}
          {...(props.bulk ? { selection: { keys: chosen, onChange: setChosen } } : {})}
        />
      )}
      <Foot shown={sorted.length} all={rows.length} />
    </Framed>
  );
}

export function Framed({ children }: { children: ReactNode }) {
  return <div className={styles.list}>{children}</div>;
}

interface ToolbarProps<Row> extends ListProps<Row> {
  filters: readonly Filter<Row>[];
  count: number;
  onExport: () => void;
  children: ReactNode;
}

function Toolbar<Row>({ search, onSearch, filters, count, columns, name, label, onExport, children }: ToolbarProps<Row>) {
  const words = useCommonWords();
  return (
    <div className={styles.bar}>
      <SearchField value={search.q} label={words.searchIn(label)} onChange={(q) => onSearch({ q })} />
      {filters.map(({ key, label: title, options, value }) => (
        <FilterChip key={key} label={title} options={options} value={value} onChange={(next) => onSearch({ [key]: next })} />
      ))}
      <span className={styles.spring} />
      {count ? <span className="muted small">{words.selected(count)}</span> : null}
      {children}
      <ListMenu name={name} columns={columns} onExport={onExport} />
    </div>
  );
}

interface SearchFieldProps {
  value: string | undefined;
  label: string;
  onChange: (value: string | undefined) => void;
}

/** "/" comes here, Esc leaves it empty. */
export function SearchField({ value, label, onChange }: SearchFieldProps) {
  const field = useRef<InputRef>(null);
  useHotkeys({ "/": () => field.current?.focus() });
  return (
    <Input
      ref={field}
      className={styles.search ?? ""}
      size="small"
      allowClear
      aria-label={label}
      placeholder={label}
      prefix={<Search size={14} aria-hidden="true" className="muted" />}
      suffix={value ? null : <kbd aria-hidden="true">/</kbd>}
      value={value ?? ""}
      onChange={(event) => onChange(event.target.value || undefined)}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        onChange(undefined);
        field.current?.blur();
      }}
    />
  );
}

function NoMatch({ onClear }: { onClear: () => void }) {
  const words = useCommonWords();
  return (
    <Empty icon={Search} title={words.noMatch} text={words.noMatchText} action={<Button onClick={onClear}>{words.clearFilters}</Button>} />
  );
}

function Foot({ shown, all }: { shown: number; all: number }) {
  const words = useCommonWords();
  return <div className={styles.foot}>{shown === all ? words.rows(all) : `${shown} / ${words.rows(all)}`}</div>;
}
