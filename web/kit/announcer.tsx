import { useSyncExternalStore } from "react";

let message = "";
const listeners = new Set<() => void>();

/** Speaks one sentence in the page's single polite region. */
export function announce(text: string): void {
  // A repeated sentence is spoken again only if the text differs.
  message = text === message ? `${text}\u00a0` : text;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Stands once at the root of the page. */
export function Announcer() {
  const text = useSyncExternalStore(subscribe, () => message);
  return (
    <div className="p-hidden" role="status" aria-live="polite">
      {text}
    </div>
  );
}
