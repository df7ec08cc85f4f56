import { Button } from "@mantine/core";
import { type ReactNode, useId } from "react";
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

/** A button named verb + object. A forbidden act stays, with its reason. */
export function Act(props: Props) {
  const reasonId = useId();
  const refused = props.disabledReason !== undefined && props.disabledReason !== "";
  const look = props.look ?? "plain";
  return (
    <span className={css.box} title={refused ? props.disabledReason : undefined}>
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
          if (refused) event.preventDefault();
          else props.onAct?.();
        }}
        rightSection={props.hint === undefined ? undefined : <KeyHint of={props.hint} />}
      >
        {props.children}
      </Button>
      {refused && (
        <span id={reasonId} className="p-hidden">
          {props.disabledReason}
        </span>
      )}
    </span>
  );
}
