import { Button } from "@mantine/core";
import { type ReactNode, useId, useRef } from "react";
import { KeyHint } from "./key-hint.tsx";
import css from "./act.module.css";

interface Props {
  children: ReactNode;
  onAct?: () => void;
  /** Why the act is refused now. The button stays visible and focusable and says so. */
  disabledReason?: string | undefined;
  look?: "main" | "plain" | "quiet" | "danger";
  size?: "row" | "form";
  submit?: boolean;
  busy?: boolean;
  /** Single key that does the same, shown beside the words. */
  hint?: string;
  label?: string;
  pressed?: boolean;
}

/** A button named verb + object. A forbidden act stays, with its reason: on pointing, and on pressing it anyway. */
export function Act(props: Props) {
  const reasonId = useId();
  const box = useRef<HTMLSpanElement>(null);
  const told = useRef<HTMLSpanElement>(null);
  // In the top layer, so that no table or dialog cuts it off; a finger has nothing to point with.
  const tell = () => {
    const [at, words] = [box.current?.getBoundingClientRect(), told.current];
    if (at === undefined || words === null || words.matches(":popover-open")) return;
    words.showPopover();
    const { width, height } = words.getBoundingClientRect();
    const below = at.bottom + height + 12 < innerHeight;
    words.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
    words.style.top = `${below ? at.bottom + 6 : at.top - height - 6}px`;
  };
  const refused = props.disabledReason !== undefined && props.disabledReason !== "";
  const look = props.look ?? "plain";
  return (
    <span
      ref={box}
      className={css.box}
      title={refused ? props.disabledReason : undefined}
      onBlur={() => told.current?.hidePopover()}
    >
      <Button
        className={css[look] ?? ""}
        variant={look === "main" ? "filled" : look === "quiet" ? "subtle" : "default"}
        size={props.size === "form" ? "sm" : "compact-sm"}
        type={props.submit ? "submit" : "button"}
        loading={props.busy ?? false}
        aria-disabled={refused || undefined}
        data-refused={refused || undefined}
        aria-describedby={refused ? reasonId : undefined}
        aria-label={props.label}
        aria-pressed={props.pressed}
        onClick={(event) => {
          if (refused) {
            event.preventDefault();
            tell();
          } else props.onAct?.();
        }}
        rightSection={props.hint === undefined ? undefined : <KeyHint of={props.hint} />}
      >
        {props.children}
      </Button>
      {refused && (
        <span ref={told} id={reasonId} popover="auto" className={css.reason}>
          {props.disabledReason}
        </span>
      )}
    </span>
  );
}
