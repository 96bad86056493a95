import { Button } from "antd";
import { shown } from "@/features/planner/figures";
import styles from "@/features/planner/planner.module.css";
import type { Figure } from "@/features/planner/queries";
import type { Search } from "@/features/planner/state";
import { usePlannerWords } from "@/features/planner/words";
import { List } from "@/shared/list";
import { Section } from "@/shared/page";
import type { Column } from "@/shared/rows";
import { Tag } from "@/shared/status";
import { Table } from "@/shared/table";
import { useLanguage } from "@/shared/values";

const origins = ["given", "assumed", "chip", "model", "layout", "constant", "computed"] as const satisfies readonly Figure["origin"][];

interface WorkingProps {
  figures: readonly Figure[];
  search: Search;
  onChange: (part: Partial<Search>) => void;
  aside?: React.ReactNode;
}

/** Every figure in the order of computing, with its formula and who vouches for it. Folded until somebody asks. */
export function Working({ figures, search, onChange, aside }: WorkingProps) {
  const words = usePlannerWords();
  const columns = useColumns();
  const marked = figures.filter((figure) => figure.marked).length;
  const open = search.working === true;
  return (
    <Section
      title={words.working}
      aside={
        <span className={styles.asides}>
          {aside}
          <Button size="small" aria-expanded={open} onClick={() => onChange({ working: open ? undefined : true })}>
            {open ? words.hide : words.show}
          </Button>
        </span>
      }
    >
      <p className="muted small">{words.workingText(figures.length, marked)}</p>
      {open ? (
        <List
          name="plan"
          label={words.figure}
          rows={figures}
          error={null}
          retry={() => undefined}
          columns={columns}
          filters={[
            { key: "origin", label: words.origin, options: origins.map((value) => ({ value, label: words.origins[value] })), value: search.origin, keeps: ({ origin }, value) => origin === value },
            { key: "mark", label: words.mark, options: [{ value: "marked", label: words.markedOnly }], value: search.mark, keeps: (figure) => figure.marked },
          ]}
          search={search}
          onSearch={(part) => onChange(part as Partial<Search>)}
          text={(figure) => `${figure.name} ${figure.label} ${figure.formula ?? ""} ${figure.source ?? ""}`}
          rowKey={({ name }) => name}
          rowName={({ label }) => label}
          empty={null}
        />
      ) : null}
    </Section>
  );
}

function useColumns(): Column<Figure>[] {
  const words = usePlannerWords();
  const language = useLanguage();
  return [
    { key: "name", title: words.figure, render: (figure) => <Named figure={figure} />, value: ({ label }) => label, lead: true },
    { key: "value", title: words.value, render: (figure) => <span title={`${figure.value} ${figure.unit}`}>{shown(figure, language)}</span>, value: ({ value }) => value, align: "end", tight: true },
    { key: "unit", title: words.unit, render: ({ unit }) => <code>{unit}</code>, value: ({ unit }) => unit, tight: true, spare: true },
    { key: "formula", title: words.how, render: ({ formula }) => (formula ? <code className={styles.formula}>{formula}</code> : <span className="muted">–</span>), value: ({ formula }) => formula },
    { key: "inputs", title: words.inputsOf, render: ({ inputs }) => inputs.join(", "), value: ({ inputs }) => inputs.join(", "), spare: true },
    { key: "origin", title: words.origin, render: ({ origin }) => words.origins[origin], value: ({ origin }) => origin, tight: true, spare: true },
    { key: "source", title: words.source, render: ({ source, origin }) => <Source text={source} origin={words.origins[origin]} />, value: ({ source }) => source },
    { key: "marked", title: words.mark, render: (figure) => (figure.marked ? "*" : ""), value: (figure) => (figure.marked ? 1 : 0), tight: true, roomy: true, spare: true },
  ];
}

function Named({ figure }: { figure: Figure }) {
  const words = usePlannerWords();
  return (
    <span className={styles.named}>
      <span>
        {figure.label} {figure.marked ? <Tag tone="warn">{figure.origin === "assumed" ? words.origins.assumed : words.estimate}</Tag> : null}
      </span>
      <code className="muted">{figure.name}</code>
    </span>
  );
}

const ADDRESS = /https?:\/\/\S*[^\s,;.)]/;

/** Who says so, with the way there where that has an address; where nobody is named, where it comes from. */
function Source({ text, origin }: { text: string | null; origin: string }) {
  const address = text ? ADDRESS.exec(text)?.[0] : undefined;
  if (!text) return <span className="muted small">{origin}</span>;
  if (!address) return <span className={styles.source}>{text}</span>;
  const [before = "", after = ""] = text.split(address, 2);
  return (
    <span className={styles.source}>
      {before}
      <a href={address} target="_blank" rel="noreferrer">
        {new URL(address).hostname}
      </a>
      {after}
    </span>
  );
}

/** What nobody vouches for, where it is read without asking. */
export function Assumed({ figures }: { figures: readonly Figure[] }) {
  const words = usePlannerWords();
  const columns = useColumns().filter(({ key }) => ["name", "value", "source"].includes(key));
  const marked = figures.filter((figure) => figure.marked);
  return (
    <Section title={words.assumed}>
      <p className="muted small">{marked.length ? words.assumedText : words.nothingAssumed}</p>
      {marked.length ? (
        <div className={styles.framed}>
          <Table label={words.assumed} rows={marked} columns={columns} rowKey={({ name, value, source }) => `${name} ${value} ${source}`} rowName={({ label }) => label} />
        </div>
      ) : null}
    </Section>
  );
}
