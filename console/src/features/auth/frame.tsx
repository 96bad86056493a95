import type { ReactNode } from "react";
import { useAuthWords } from "@/features/auth/words";
import styles from "@/features/auth/frame.module.css";
import { Mark } from "@/shared/brand";
import { usePageTitle } from "@/shared/page";
import { LanguageSwitch, ThemeSwitch } from "@/shared/switches";

/** The quiet page in front of the console: one column, one thing to do. */
export function Frame({ title, text, children }: { title: string; text?: ReactNode; children: ReactNode }) {
  const words = useAuthWords();
  usePageTitle(title);
  return (
    <div className={styles.frame}>
      <header className={styles.top}>
        <LanguageSwitch />
        <ThemeSwitch />
      </header>
      <main className={styles.main}>
        <div className={styles.head}>
          <Mark size={40} />
          <h1>{title}</h1>
          {text ? <p>{text}</p> : null}
        </div>
        {children}
      </main>
      <footer className={styles.foot}>{words.motto}</footer>
    </div>
  );
}

export function Stack({ children }: { children: ReactNode }) {
  return <div className={styles.stack}>{children}</div>;
}
