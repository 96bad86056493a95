import { Modal, type ModalProps } from "antd";
import { ownFocus, useFocusBack } from "@/shared/focus";
import { Under } from "@/shared/heading";
import styles from "@/shared/panel.module.css";

interface DialogProps extends Omit<ModalProps, "title" | "focusable" | "afterClose" | "open"> {
  open: boolean;
  title?: string;
}

/** A box before the page, which waits until it is answered. */
export function Dialog({ open, title, children, ...rest }: DialogProps) {
  const gone = useFocusBack(open);
  return (
    <Modal {...rest} open={open} focusable={ownFocus} afterClose={gone} destroyOnHidden title={title ? <h2 className={styles.heading}>{title}</h2> : null}>
      <Under depth={3}>{children}</Under>
    </Modal>
  );
}
