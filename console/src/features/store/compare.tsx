import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Button, Checkbox } from "antd";
import { Columns3, X } from "lucide-react";
import type { CSSProperties } from "react";
import type { Schemas } from "@/api/client";
import { modelsQuery } from "@/api/queries";
import { languageNames } from "@/features/store/about-tab";
import { idsIn, idsOf, MOST } from "@/features/store/facets";
import { comparisonQuery } from "@/features/store/queries";
import styles from "@/features/store/compare.module.css";
import { useStoreWords } from "@/features/store/words";
import * as format from "@/shared/format";
import { LinkButton } from "@/shared/link-button";
import { Card, Page } from "@/shared/page";
import { Picker } from "@/shared/picker";
import { Sideways } from "@/shared/sideways";
import { sourceOf } from "@/shared/source";
import { Bones, Empty, ErrorState } from "@/shared/states";
import { useLanguage } from "@/shared/values";

type Comparison = Schemas["ModelComparison"];
type Fact = Comparison["facts"][number];

const route = getRouteApi("/console/store/compare");
/** What a page without models offers to compare: both are in every catalogue. */
const EXAMPLE = ["qwen3-8b", "phi-4"];

/** Two to four models side by side; which ones, the address says. */
export function ComparePage() {
  const words = useStoreWords();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const ids = idsIn(search.ids);
  const { data, error, refetch } = useQuery(comparisonQuery(ids));
  const change = (part: Partial<typeof search>) => void navigate({ search: (before) => ({ ...before, ...part }), replace: true });
  return (
    <Page title={words.compareTitle} sentence={words.compareSentence} actions={<LinkButton to="/store" search={{ pick: idsOf(ids) }}>{words.back}</LinkButton>}>
      <div className={styles.bar}>
        <div className={styles.add}>
          <AddModel ids={ids} onAdd={(id) => change({ ids: idsOf([...ids, id]) })} />
        </div>
        <Checkbox checked={search.different ?? false} onChange={({ target }) => change({ different: target.checked || undefined })}>
          {words.onlyDifferent}
        </Checkbox>
      </div>
      <Card padded={false}>
        {ids.length < 2 ? (
          <Empty
            icon={Columns3}
            title={words.tooFew}
            text={words.tooFewText}
            action={ids.length ? null : <Button onClick={() => change({ ids: idsOf(EXAMPLE) })}>{words.compareExample}</Button>}
          />
        ) : error ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : data ? (
          <Comparing data={data} onlyDifferent={search.different ?? false} onRemove={(id) => change({ ids: idsOf(ids.filter((each) => each !== id)) })} />
        ) : (
          <Bones lines={10} />
        )}
      </Card>
    </Page>
  );
}

function AddModel({ ids, onAdd }: { ids: readonly string[]; onAdd: (id: string) => void }) {
  const words = useStoreWords();
  const models = useQuery(modelsQuery(""));
  return (
    <Picker
      source={sourceOf(models)}
      showSearch={{ optionFilterProp: "label" }}
      className={styles.full ?? ""}
      aria-label={words.addModel}
      placeholder={words.addModel}
      disabled={ids.length >= MOST}
      value={null}
      options={(models.data ?? []).filter(({ id }) => !ids.includes(id)).map(({ id, name }) => ({ value: id, label: name }))}
      onChange={(id: string | null) => id && onAdd(id)}
    />
  );
}

interface ComparingProps {
  data: Comparison;
  onlyDifferent: boolean;
  onRemove: (id: string) => void;
}

function Comparing({ data, onlyDifferent, onRemove }: ComparingProps) {
  const words = useStoreWords();
  const value = useFactText();
  const known = data.facts.filter(({ values }) => values.some((each) => each !== null && (!Array.isArray(each) || each.length > 0)));
  return (
    <Sideways label={words.compareTitle}>
      <table className={styles.table} style={{ "--models": data.ids.length } as CSSProperties}>
        <thead>
          <tr>
            <th scope="col">{words.fact}</th>
            {data.ids.map((id, i) => (
              <th key={id} scope="col">
                <span className={styles.model}>
                  <Link to="/store/$model" params={{ model: id }}>
                    {data.names[i]}
                  </Link>
                  <Button type="text" size="small" aria-label={words.removeModel(data.names[i] ?? id)} icon={<X size={13} aria-hidden="true" />} onClick={() => onRemove(id)} />
                </span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {known
            .filter(({ same }) => !onlyDifferent || !same)
            .map((fact) => (
              <tr key={fact.fact} className={fact.same ? "" : styles.differs}>
                <th scope="row">
                  {fact.label}
                  {fact.same ? null : <span className="sr-only"> ({words.differs})</span>}
                </th>
                {fact.values.map((each, i) => (
                  <td key={data.ids[i]}>{value(fact, each)}</td>
                ))}
              </tr>
            ))}
        </tbody>
      </table>
    </Sideways>
  );
}

const inBytes = new Set(["cache_bytes", "cache_1k_bytes", "smallest_bytes"]);

/** A fact's value as people read it: the server sends numbers and stable words. */
function useFactText(): (fact: Fact, value: Fact["values"][number]) => string {
  const words = useStoreWords();
  const language = useLanguage();
  const name = (fact: string, text: string): string => {
    if (fact === "tasks") return words.taskNames[text as keyof typeof words.taskNames] ?? text;
    if (fact === "licence_class") return words.licenceClasses[text as keyof typeof words.licenceClasses] ?? text;
    if (fact === "level") return words.levels[text as keyof typeof words.levels] ?? text;
    return text;
  };
  return ({ fact }, value) => {
    if (value === null) return words.unknown;
    if (typeof value === "number") return inBytes.has(fact) ? format.bytes(value, language) : fact.endsWith("parameters") ? format.short(value) : format.integer(value, language);
    if (fact === "released" && typeof value === "string") return format.time(value, "date", language);
    if (Array.isArray(value)) return fact === "languages" ? languageNames(value, language) : value.map((each) => name(fact, each)).join(language === "zh" ? "、" : ", ") || words.unknown;
    return name(fact, value);
  };
}
