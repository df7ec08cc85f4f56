import { Act } from "../kit/act.tsx";
import { EmptyState } from "../kit/empty-state.tsx";
import css from "./page.module.css";

/** Shown when a page could not be fetched or drawn, as after an upgrade under an open tab. */
export function Broken() {
  return (
    <main className={css.page}>
      <h1>This page could not be opened</h1>
      <EmptyState
        act={
          <Act look="main" size="form" onAct={() => location.reload()}>
            Load the page again
          </Act>
        }
      >
        {navigator.onLine
          ? "The server may have been upgraded while this tab was open, or did not answer. What was saved is safe."
          : "There is no connection, and this page had not come yet. What was saved is safe. Load it again when the connection is back."}
      </EmptyState>
    </main>
  );
}
