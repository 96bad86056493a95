import { useId, useState, type KeyboardEvent } from "react";
import styles from "@/shared/code.module.css";
import { CopyButton } from "@/shared/copy";
import { highlight, type CodeLanguage } from "@/shared/highlight";
import type { Snippet } from "@/shared/snippets";

function Coloured({ text, language }: { text: string; language: CodeLanguage }) {
  return (
    <code>
      {highlight(text, language).map(([shade, piece], i) =>
        shade === "plain" ? piece : (
          <span key={i} className={styles[shade]}>
            {piece}
          </span>
        ),
      )}
    </code>
  );
}

interface CodeBlockProps {
  text: string;
  language?: CodeLanguage;
  title?: string;
  wrap?: boolean;
}

export function CodeBlock({ text, language = "text", title, wrap = false }: CodeBlockProps) {
  return (
    <div className={[styles.block, !title && styles.bare, wrap && styles.wrap].filter(Boolean).join(" ")}>
      {title ? (
        <div className={styles.head}>
          <span>{title}</span>
          <CopyButton text={text} />
        </div>
      ) : (
        <div className={styles.float}>
          <CopyButton text={text} />
        </div>
      )}
      <pre tabIndex={0}>
        <Coloured text={text} language={language} />
      </pre>
    </div>
  );
}

/** One request in several languages; the choice is kept while the page lives. */
export function CodeTabs({ snippets }: { snippets: Snippet[] }) {
  const [chosen, setChosen] = useState<Snippet["id"]>("curl");
  const base = useId();
  const shown = snippets.find((snippet) => snippet.id === chosen) ?? snippets[0];
  if (!shown) return null;
  const move = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const next = snippets[(snippets.indexOf(shown) + step + snippets.length) % snippets.length];
    if (!step || !next) return;
    setChosen(next.id);
    document.getElementById(`${base}-${next.id}`)?.focus();
  };
  return (
    <div className={styles.block}>
      <div className={styles.head}>
        <div className={styles.tabs} role="tablist">
          {snippets.map((snippet) => (
            <button
              key={snippet.id}
              id={`${base}-${snippet.id}`}
              type="button"
              role="tab"
              className={styles.tab}
              aria-selected={snippet.id === shown.id}
              aria-controls={`${base}-panel`}
              tabIndex={snippet.id === shown.id ? 0 : -1}
              onClick={() => setChosen(snippet.id)}
              onKeyDown={move}
            >
              {snippet.label}
            </button>
          ))}
        </div>
        <CopyButton text={shown.text} />
      </div>
      <div role="tabpanel" id={`${base}-panel`} aria-labelledby={`${base}-${shown.id}`}>
        <pre tabIndex={0}>
          <Coloured text={shown.text} language={shown.language} />
        </pre>
      </div>
    </div>
  );
}
