import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showDay } from "@probity/web/kit/time.ts";
import { read } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { Go } from "@probity/web/shell/place.tsx";
import { useQuery } from "@tanstack/react-query";
import { inspectApi, inspectPage } from "./inspect-path.ts";
import css from "./lab.module.css";

/** A method or specification of which a version waits or has a later day, or that has none in force. */
interface Ahead {
  kind: "method" | "specification";
  id: string;
  code: string;
  title: string;
  number: number | null;
  standing: "waiting" | "later" | "none";
  effectiveOn: string | null;
  madeBy: string | null;
}

export function useVersionsAhead(ws: string, enabled = true) {
  return useQuery({
    queryKey: ["lab-versions-ahead", ws],
    queryFn: async () => (await read<{ items: Ahead[] }>(inspectApi.versionsAhead())).items,
    enabled,
  });
}

/** What the list of versions in force leaves out: whoever is to approve one, or to write the first, finds it here. */
export function VersionsAhead({ ws, kind }: { ws: string; kind: Ahead["kind"] }) {
  const items = (useVersionsAhead(ws).data ?? []).filter((each) => each.kind === kind);
  if (items.length === 0) return null;
  return (
    <section aria-labelledby="ahead">
      <h2 id="ahead">Not in force yet</h2>
      <ul className={css.lines}>
        {items.map((each) => (
          <li key={each.id}>
            <span>
              <Go to={kind === "method" ? inspectPage.method(ws, each.id) : inspectPage.specification(ws, each.id)}>
                {each.number === null ? each.code : `${each.code} v${each.number}`}
              </Go>{" "}
              {each.title}
            </span>
            <span className={page.row}>
              {each.standing === "waiting" && <StatusMark tone="partial" word="waits for another’s approval" />}
              {each.standing === "later" && (
                <StatusMark tone="planned" word={`in force from ${showDay(each.effectiveOn ?? "")}`} />
              )}
              {each.standing === "none" && <StatusMark tone="planned" word="says nothing yet" />}
              {each.madeBy !== null && <span className={page.meta}>made by {each.madeBy}</span>}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
