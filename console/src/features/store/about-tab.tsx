import { Link } from "@tanstack/react-router";
import type { Detail } from "@/features/store/queries";
import styles from "@/features/store/store.module.css";
import { useStoreWords } from "@/features/store/words";
import * as format from "@/shared/format";
import { Facts } from "@/shared/panel";
import { Section } from "@/shared/page";
import { Tag, Tags } from "@/shared/status";
import { DateOnly, useLanguage } from "@/shared/values";

/** The card, what it is for, and how it is built. */
export function AboutTab({ model }: { model: Detail }) {
  const words = useStoreWords();
  const language = useLanguage();
  return (
    <>
      <div className={styles.card}>
        <p>{model.description}</p>
        {model.card === model.description ? null : <p className="muted">{model.card}</p>}
      </div>
      <Facts
        rows={[
          [
            words.tasks,
            <Tags key="t">
              {model.tasks.map((task) => (
                <Tag key={task}>{words.taskNames[task as keyof typeof words.taskNames] ?? task}</Tag>
              ))}
            </Tags>,
          ],
          [words.family, model.family],
          [words.level, words.levels[model.level]],
          [words.languages, languageNames(model.languages, language)],
          model.released !== null && [words.released, <DateOnly key="r" at={model.released} />],
          model.base !== null && [
            words.lineage,
            <Link key="b" to="/store" search={{ id: model.base }} className={styles.link}>
              {model.base}
            </Link>,
          ],
          model.unconfirmed.length > 0 && [words.unconfirmed, model.unconfirmed.join(", ")],
          model.facts_from !== null && [
            words.facts,
            <a key="f" href={model.facts_from} target="_blank" rel="noreferrer" className={styles.link}>
              {model.facts_from}
            </a>,
          ],
        ]}
      />
      {model.architecture ? (
        <Section title={words.architecture}>
          <Architecture shape={model.architecture} />
        </Section>
      ) : null}
    </>
  );
}

/** What the server tells of an architecture; it tells more than is shown. */
interface Shape {
  attention: string;
  layers: number;
  hidden_size: number;
  heads: number;
  kv_heads: number;
  head_size: number;
  vocabulary: number;
  window?: { tokens: number; layers: number } | null;
  linear?: { layers: number } | null;
  experts?: { count: number; active: number } | null;
}

function Architecture({ shape: given }: { shape: Record<string, unknown> }) {
  const words = useStoreWords();
  const language = useLanguage();
  const shape = given as unknown as Shape;
  const text = (value: number) => format.integer(value, language);
  return (
    <Facts
      rows={[
        [words.attention, words.attentions[shape.attention] ?? shape.attention],
        [words.layers, text(shape.layers)],
        [words.heads, text(shape.heads)],
        [words.kvHeads, text(shape.kv_heads)],
        [words.headSize, text(shape.head_size)],
        [words.hidden, text(shape.hidden_size)],
        [words.vocabulary, text(shape.vocabulary)],
        shape.experts ? [words.experts, words.expertsOf(text(shape.experts.active), text(shape.experts.count))] : false,
        shape.window ? [words.window, words.windowOf(text(shape.window.tokens), text(shape.window.layers))] : false,
        shape.linear ? [words.linear, words.linearOf(text(shape.linear.layers))] : false,
      ]}
    />
  );
}

export function languageNames(codes: readonly string[], language: "zh" | "en"): string {
  const names = new Intl.DisplayNames([language === "zh" ? "zh-CN" : "en"], { type: "language", fallback: "code" });
  return codes.map((code) => (/^[a-z]{2,3}(-|$)/i.test(code) ? (names.of(code) ?? code) : code)).join(language === "zh" ? "、" : ", ");
}
