import { Drawer } from "antd";
import type { ReactNode } from "react";
import { useCommonWords } from "@/shared/common-words";
import { ownFocus, useFocusBack } from "@/shared/focus";
import { Under } from "@/shared/heading";
import styles from "@/shared/panel.module.css";
import { usePhone } from "@/shared/preferences";

interface PanelProps {
  open: boolean;
  title: ReactNode;
  subtitle?: ReactNode;
  onClose: () => void;
  footer?: ReactNode;
  width?: number;
  children: ReactNode;
}

/** The side panel that a row opens first. Esc closes it. */
export function Panel({ open, title, subtitle, onClose, footer, width = 520, children }: PanelProps) {
  const words = useCommonWords();
  const phone = usePhone();
  const gone = useFocusBack(open);
  return (
    <Drawer
      open={open}
      onClose={onClose}
      size={phone ? "100%" : width}
      focusable={ownFocus}
      afterOpenChange={(seen) => seen || gone()}
      destroyOnHidden
      closable={{ placement: "end", "aria-label": words.close }}
      title={
        <div className={styles.title}>
          <h2 className={styles.heading}>{title}</h2>
          {subtitle ? <small>{subtitle}</small> : null}
        </div>
      }
      footer={footer ? <div className={styles.footer}>{footer}</div> : null}
    >
      <div className={styles.body}>
        <Under depth={3}>{children}</Under>
      </div>
    </Drawer>
  );
}

/** Names and values, one pair to a line. */
export function Facts({ rows }: { rows: readonly (readonly [name: string, value: ReactNode] | null | false)[] }) {
  return (
    <dl className={styles.facts}>
      {rows.filter((row): row is readonly [string, ReactNode] => Boolean(row)).map(([name, value]) => (
        <Fact key={name} name={name} value={value} />
      ))}
    </dl>
  );
}

function Fact({ name, value }: { name: string; value: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

/** The dangerous zone, last on every page. */
export function DangerZone({ title, text, action }: { title: string; text: string; action: ReactNode }) {
  return (
    <div className={styles.danger}>
      <div>
        <strong>{title}</strong>
        <p>{text}</p>
      </div>
      {action}
    </div>
  );
}
