import type { KeyboardEvent as ReactKeyboardEvent } from "react";

const kept = "probity.single-keys";

/** Whether single letters act (WCAG 2.1.4: they can be switched off). */
export function singleKeysOn(): boolean {
  return localStorage.getItem(kept) !== "off";
}

export function keepSingleKeys(on: boolean): void {
  localStorage.setItem(kept, on ? "on" : "off");
}

/** True where letters are text: fields, choices, and anything that edits. */
export function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** The single key pressed, lower case; `null` when it is part of a chord, typed text, or switched off. */
export function singleKey(event: KeyboardEvent | ReactKeyboardEvent): string | null {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return null;
  if (event.key.length === 1 && !singleKeysOn()) return null;
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
}
