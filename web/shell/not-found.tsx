import { EmptyState } from "../kit/empty-state.tsx";
import { page } from "./path.ts";
import { Go, useTitle } from "./place.tsx";
import { PublicFrame } from "./public-frame.tsx";
import css from "./page.module.css";

/** The same for what does not exist and for what belongs to another workspace; `inside` a frame that stands already. */
export function NotFound({ inside = false }: { inside?: boolean }) {
  useTitle("Nothing here");
  const said = (
    <div className={css.page}>
      <h1>Nothing is here</h1>
      <EmptyState act={<Go to={page.root()}>Go to the first page</Go>}>
        This address leads to nothing you can see. Your work is safe.
      </EmptyState>
    </div>
  );
  return inside ? said : <PublicFrame>{said}</PublicFrame>;
}
