import { Modal } from "@mantine/core";
import type { ReactNode } from "react";

/** A dialog. Focus goes in, stays in, and comes back to what opened it. */
export function Dialog(props: {
  open: boolean;
  title: string;
  onClose: () => void;
  children: ReactNode;
  size?: number | string;
  /** False when leaving would lose the way out, as for an ended session. */
  closable?: boolean;
  /** Over any other dialog, whichever opened first: a proof that an act in a dialog asks for. */
  above?: boolean;
}) {
  const closable = props.closable ?? true;
  return (
    <Modal
      opened={props.open}
      onClose={props.onClose}
      title={<strong>{props.title}</strong>}
      size={props.size ?? 480}
      zIndex={props.above ? 300 : 200}
      withCloseButton={closable}
      closeOnEscape={closable}
      closeOnClickOutside={closable}
      // A dialog's head is no banner of the page (WAI-ARIA landmarks).
      attributes={{ header: { role: "presentation" } }}
    >
      {props.children}
    </Modal>
  );
}
