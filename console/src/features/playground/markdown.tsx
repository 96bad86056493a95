import { XMarkdown, type ComponentProps } from "@ant-design/x-markdown";
import { isValidElement, memo, type ReactNode } from "react";
import styles from "@/features/playground/markdown.module.css";
import { CodeBlock } from "@/shared/code";
import { codeLanguage } from "@/shared/highlight";

/** An answer set as text. Raw HTML stays text, and no picture is fetched: an answer must not reach another host. */
export const Markdown = memo(function Markdown({ text, streaming }: { text: string; streaming: boolean }) {
  return (
    <XMarkdown
      content={text}
      className={styles.markdown}
      components={components}
      escapeRawHtml
      openLinksInNewTab
      disableDefaultStyles
      streaming={{ hasNextChunk: streaming }}
    />
  );
});

const components = { code: Code, pre: Pre, img: Picture, a: Anchor, table: ScrollingTable };

function plain(node: ReactNode): string {
  if (Array.isArray(node)) return node.map(plain).join("");
  if (isValidElement<{ children?: ReactNode }>(node)) return plain(node.props.children);
  return node === null || node === undefined || typeof node === "boolean" ? "" : String(node);
}

function Code({ children, block, lang, className }: ComponentProps) {
  if (!block) return <code>{children}</code>;
  const name = (lang ?? className?.replace("language-", "") ?? "").split(/\s/)[0];
  return <CodeBlock text={plain(children).replace(/\n$/, "")} language={codeLanguage(name)} title={name || "text"} />;
}

function Pre({ children }: ComponentProps) {
  return <div>{children}</div>;
}

function Picture({ domNode }: ComponentProps) {
  const attributes = "attribs" in domNode ? domNode.attribs : {};
  return <span className="muted">[{attributes["alt"] || attributes["src"]}]</span>;
}

function Anchor({ children, domNode }: ComponentProps) {
  const href = "attribs" in domNode ? (domNode.attribs["href"] ?? "") : "";
  if (!/^(https?:|mailto:)/i.test(href)) return <span>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

function ScrollingTable({ children }: ComponentProps) {
  return (
    <div className={styles.table}>
      <table>{children}</table>
    </div>
  );
}
