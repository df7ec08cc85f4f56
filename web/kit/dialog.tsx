import { Modal } from "@mantine/core";
import { type ReactNode, useLayoutEffect, useRef } from "react";

const field = "input:not([type=hidden], [type=file], :disabled), select:not(:disabled), textarea:not(:disabled)";

/**
 * Names the field the focus goes into: its first one, unless another is named. Otherwise it would go to the button that closes, which
 * comes first. Not where a finger would bring up a keyboard over what it has not read yet.
 */
function FirstField({ children }: { children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (box.current?.querySelector("[data-autofocus]") || matchMedia("(pointer: coarse)").matches) return;
    box.current?.querySelector(field)?.setAttribute("data-autofocus", "");
  }, []);
  return (
    <div ref={box} style={{ display: "contents" }}>
      {children}
    </div>
  );
}

/** A dialog. Focus goes into its first field, stays in, and comes back to what opened it. */
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
      <FirstField>{props.children}</FirstField>
    </Modal>
  );
}
