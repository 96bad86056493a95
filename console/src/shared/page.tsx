import { useEffect, type ReactNode } from "react";
import { useCommonWords } from "@/shared/common-words";
import { Heading, Under } from "@/shared/heading";
import styles from "@/shared/page.module.css";

interface PageProps {
  title: string;
  /** One sentence: what this page is for. */
  sentence?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** A page: its title, one sentence, the primary action, then what it shows. */
export function Page({ title, sentence, actions, children }: PageProps) {
  usePageTitle(title);
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div className={styles.words}>
          <h1>{title}</h1>
          {sentence ? <p>{sentence}</p> : null}
        </div>
        {actions ? <div className={styles.actions}>{actions}</div> : null}
      </header>
      {children}
    </div>
  );
}

export function usePageTitle(title: string): void {
  const { brand } = useCommonWords();
  useEffect(() => {
    document.title = `${title} · ${brand}`;
  }, [title, brand]);
}

interface SectionProps {
  title: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
}

export function Section({ title, aside, children }: SectionProps) {
  return (
    <section className={styles.section}>
      <div className={styles.sectionHead}>
        <Heading>{title}</Heading>
        {aside}
      </div>
      <Under>{children}</Under>
    </section>
  );
}

export function Card({ children, padded = true }: { children: ReactNode; padded?: boolean }) {
  return <div className={padded ? `${styles.card} ${styles.padded}` : styles.card}>{children}</div>;
}
