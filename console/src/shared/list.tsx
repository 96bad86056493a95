import { Button, Input, type InputRef } from "antd";
import { Search } from "lucide-react";
import { useRef, useState, type ReactNode } from "react";
import { useCommonWords } from "@/shared/common-words";
import { FilterChip, type Option } from "@/shared/filter-chip";
import { useHotkeys, walkRows } from "@/shared/hotkeys";
import styles from "@/shared/list.module.css";
import { ListMenu, useHidden } from "@/shared/list-menu";
import { csv, download, matches, sortRows, type Column } from "@/shared/rows";
import type { Source } from "@/shared/source";
import { Bones, Empty, ErrorState, StaleNotice } from "@/shared/states";
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
  /** Where the options come from, if not from the rows. */
  source?: Source;
  /** Without it the server was asked for what is kept. */
  keeps?: (row: Row, value: string) => boolean;
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
  /** What stands before the filters, such as a range of time. */
  lead?: ReactNode;
  /** What there is to know of the rows as a whole, such as that there are newer ones. */
  news?: ReactNode;
  /** For a list that comes by the page: how to have the next one. */
  more?: ReactNode;
  search: ListSearch;
  onSearch: (change: Record<string, string | undefined>) => void;
  /** The text that a search looks through. Without it the server was asked for what is found. */
  text?: (row: Row) => string;
  rowKey: (row: Row) => string;
  rowName: (row: Row) => string;
  openable?: boolean;
  /** Another picture of the rows than a table; the columns are those of the file then. */
  picture?: (rows: readonly Row[]) => ReactNode;
  bulk?: (rows: Row[], done: () => void) => ReactNode;
  /** Rows that are chosen, where the page keeps them; otherwise the list does. */
  choice?: { keys: ReadonlySet<string>; onChange: (keys: ReadonlySet<string>) => void };
  empty: ReactNode;
}

/** The list page's body: search, filters as chips, order, columns, density, CSV, and the keyboard. */
export function List<Row>(props: ListProps<Row>) {
  const { rows, error, retry, columns, filters = [], search, onSearch, rowKey, rowName, empty } = props;
  const [own, setOwn] = useState<ReadonlySet<string>>(new Set());
  const { keys: chosen, onChange: setChosen } = props.choice ?? { keys: own, onChange: setOwn };
  const hidden = useHidden(props.name, columns);
  useHotkeys({ j: () => walkRows(1), k: () => walkRows(-1) });
  if (error && !rows) return <Framed><ErrorState error={error} retry={retry} /></Framed>;
  if (!rows) return <Framed><Bones lines={6} /></Framed>;
  const asked = (!props.text && search.q) || filters.some(({ value, keeps }) => value && !keeps);
  const nothing = rows.length === 0 && !asked;
  const stale = error ? <StaleNotice error={error} retry={retry} /> : null;
  // What stands before the filters, such as a range of time, may be why there is nothing.
  if (nothing && !props.lead) return <>{stale}<Framed>{empty}</Framed></>;

  const kept = rows.filter(
    (row) => (!props.text || matches(props.text(row), search.q)) && filters.every(({ value, keeps }) => !value || !keeps || keeps(row, value)),
  );
  const sorted = sortRows(kept, columns, search.sort);
  const selected = sorted.filter((row) => chosen.has(rowKey(row)));
  return (
    <>
      {stale}
      <Framed>
        <Toolbar {...props} filters={filters} count={props.choice ? chosen.size : selected.length} onExport={() => download(`${props.name}.csv`, csv(selected.length ? selected : sorted, columns))}>
          {props.bulk && (props.choice ? chosen.size : selected.length) ? props.bulk(selected, () => setChosen(new Set())) : null}
        </Toolbar>
        {nothing ? (
          empty
        ) : sorted.length === 0 ? (
          <NoMatch onClear={() => onSearch({ q: undefined, ...Object.fromEntries(filters.map(({ key }) => [key, undefined])) })} />
        ) : props.picture ? (
          props.picture(sorted)
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
        <Foot shown={sorted.length} all={rows.length} more={props.more} />
      </Framed>
    </>
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

function Toolbar<Row>({ search, onSearch, filters, lead, news, picture, count, columns, name, label, onExport, children }: ToolbarProps<Row>) {
  const words = useCommonWords();
  return (
    <div className={styles.bar}>
      <SearchField value={search.q} label={words.searchIn(label)} onChange={(q) => onSearch({ q })} />
      {lead}
      {filters.map(({ key, label: title, options, value, source }) => (
        <FilterChip key={key} label={title} options={options} value={value} source={source} onChange={(next) => onSearch({ [key]: next })} />
      ))}
      <span className={styles.spring} />
      {news}
      {count ? <span className="muted small">{words.selected(count)}</span> : null}
      {children}
      <ListMenu name={name} columns={picture ? [] : columns} onExport={onExport} />
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

function Foot({ shown, all, more }: { shown: number; all: number; more: ReactNode }) {
  const words = useCommonWords();
  const rows = more ? words.rowsLoaded(all) : words.rows(all);
  return (
    <div className={styles.foot}>
      {shown === all ? rows : `${shown} / ${rows}`}
      {more}
    </div>
  );
}
