import { MoveHorizontal } from "lucide-react";
import { useLayoutEffect, useRef, useState, type ReactNode } from "react";
import { useCommonWords } from "@/shared/common-words";
import styles from "@/shared/sideways.module.css";

/** What may be wider than its place: it scrolls, says so, and fades where there is more. */
export function Sideways({ label, children }: { label: string; children: ReactNode }) {
  const words = useCommonWords();
  const box = useRef<HTMLDivElement>(null);
  const [wide, setWide] = useState(false);
  const [more, setMore] = useState(false);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = () => {
      const { scrollWidth, clientWidth, scrollLeft } = element;
      setWide(scrollWidth > clientWidth);
      setMore(scrollLeft + clientWidth < scrollWidth - 1);
    };
    look();
    const watch = new ResizeObserver(look);
    for (const each of [element, ...element.children]) watch.observe(each);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      watch.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, []);
  return (
    <>
      {wide ? (
        <p className={styles.hint}>
          <MoveHorizontal size={14} aria-hidden="true" />
          {words.sideways}
        </p>
      ) : null}
      <div className={more ? `${styles.frame} ${styles.more}` : styles.frame}>
        <div ref={box} className={styles.box} {...(wide ? { tabIndex: 0 } : {})} role="region" aria-label={label}>
          {children}
        </div>
      </div>
    </>
  );
}
