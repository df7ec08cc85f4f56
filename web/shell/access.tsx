import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Act } from "../kit/act.tsx";
import { EmptyState } from "../kit/empty-state.tsx";
import { Choice } from "../kit/field.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { showTime } from "../kit/time.ts";
import { AccessTabs } from "./access-tabs.tsx";
import type { AccessView, Principal } from "./access-types.ts";
import { sayApp, sayPermission, sayReason } from "./access-words.ts";
import { download, read } from "./api.ts";
import { api } from "./path.ts";
import { usePlace, useTitle } from "./place.tsx";
import { asProblem } from "./problem.ts";
import css from "./access.module.css";
import pageCss from "./page.module.css";

interface Chosen {
  principal: Principal;
  permission: string;
}

/** Who can do what, and why: people, keys and links against the permissions of one app at a time. */
export function Access() {
  useTitle("Who can do what");
  const { params } = usePlace();
  const view = useQuery({ queryKey: ["access", params.ws], queryFn: () => read<AccessView>(api.access()) });
  const [app, setApp] = useState("kernel");
  const [kind, setKind] = useState<"all" | Principal["kind"]>("all");
  const [search, setSearch] = useState("");
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [failed, setFailed] = useState<unknown>(null);
  const wanted = search.trim().toLowerCase();
  const { principals = [], permissions = [], apps = [] } = view.data ?? {};
  const appIds = [...new Set(permissions.map((each) => each.app))];
  const columns = permissions.filter((each) => each.app === app);
  const rows = principals.filter(
    (each) =>
      (kind === "all" || each.kind === kind) &&
      (wanted === "" || `${each.name} ${each.email ?? ""} ${each.platformRole}`.toLowerCase().includes(wanted)),
  );
  return (
    <div className={pageCss.page}>
      <div className={pageCss.head}>
        <h1>Who can do what</h1>
        <Act size="form" onAct={() => void download(api.access({ format: "csv" }), "access.csv").catch(setFailed)}>
          Export as CSV
        </Act>
      </div>
      <AccessTabs />
      <p className={pageCss.lead}>
        What the server would allow at this moment. Choose a mark to see why it is there, or an empty place to see what
        would give it.
      </p>
      {view.isError && <ProblemNotice problem={asProblem(view.error)} onRetry={() => void view.refetch()} />}
      {failed !== null && <ProblemNotice problem={asProblem(failed)} />}
      {view.isPending && <Skeleton label="Reading who can do what" />}
      {view.isSuccess && (
        <>
          <div className={css.filters}>
            <Choice
              name="access-app"
              label="Part"
              value={app}
              options={appIds.map((id) => ({ value: id, label: sayApp(id, apps) }))}
              onChange={setApp}
            />
            <Choice
              name="access-kind"
              label="Show"
              value={kind}
              options={[
                { value: "all", label: "Everybody" },
                { value: "member", label: "People" },
                { value: "key", label: "Keys" },
                { value: "link", label: "Links" },
              ]}
              onChange={setKind}
            />
            <input
              className={pageCss.search}
              type="search"
              aria-label="Find a person or key"
              placeholder="Find a person or key"
              value={search}
              onChange={(event) => setSearch(event.currentTarget.value)}
            />
          </div>
          {chosen !== null && <Chain chosen={chosen} view={view.data} onClose={() => setChosen(null)} />}
          {rows.length === 0 && <EmptyState>Nobody fits. Clear the search to see everybody.</EmptyState>}
          {rows.length > 0 && (
            <div className={css.scroll} role="region" aria-label="Permissions" tabIndex={0}>
              <table className={css.matrix}>
                <caption className="p-hidden">Permissions in {sayApp(app, apps)}</caption>
                <thead>
                  <tr>
                    <th scope="col">
                      <b>{sayApp(app, apps)}</b>
                    </th>
                    {columns.map((column) => (
                      <th key={column.id} scope="col" title={column.id}>
                        <span>{sayPermission(column.id)}</span>
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {rows.map((principal) => (
                    <tr key={principal.id}>
                      <th scope="row">
                        <b>{principal.name}</b>
                        <div className={pageCss.meta}>
                          {principal.kind === "member"
                            ? principal.platformRole
                            : `${principal.kind} of ${principals.find((each) => each.id === principal.memberId)?.name ?? ""}`}
                          {principal.until !== null && ` until ${showTime(principal.until)}`}
                        </div>
                      </th>
                      {columns.map(({ id }) => {
                        const holds = principal.holds.some((each) => each.permission === id);
                        return (
                          <td key={id}>
                            <button
                              type="button"
                              className={css.cell}
                              data-no={!holds || undefined}
                              aria-pressed={chosen?.principal.id === principal.id && chosen.permission === id}
                              aria-label={`${principal.name}: ${sayPermission(id)}, ${holds ? "allowed" : "not allowed"}. Why?`}
                              onClick={() => setChosen({ principal, permission: id })}
                            >
                              {holds ? "●" : "·"}
                            </button>
                          </td>
                        );
                      })}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </>
      )}
    </div>
  );
}

/** The chain from somebody to a permission, or what stands in the way. */
function Chain({ chosen, view, onClose }: { chosen: Chosen; view: AccessView; onClose: () => void }) {
  const { principal, permission } = chosen;
  const { apps } = view;
  const held = principal.holds.find((each) => each.permission === permission);
  const isMember = principal.kind === "member";
  const why = useQuery({
    queryKey: ["explain", principal.memberId, permission],
    queryFn: () =>
      read<{ allowed: boolean; blockedBy: string | null; givenBy: string[] }>(
        api.explain(principal.memberId, permission),
      ),
  });
  return (
    <section className={css.chain} aria-live="polite" aria-label="Why">
      <h2>
        {principal.name} {held ? "may" : "may not"}: {sayPermission(permission)}
      </h2>
      {held !== undefined && (
        <ul>
          {!isMember && <li>The {principal.kind} was made for it.</li>}
          {held.why.map((reason) => (
            <li key={JSON.stringify(reason)}>
              {isMember ? "" : "Its person: "}
              {sayReason(reason, apps)}
            </li>
          ))}
        </ul>
      )}
      {held === undefined && why.isPending && <Skeleton label="Reading why" />}
      {held === undefined && why.data !== undefined && (
        <ul>
          {!isMember && why.data.allowed && <li>Its person may; the {principal.kind} was not made for it.</li>}
          {why.data.blockedBy !== null && (
            <li>
              A role of their own in {sayApp(why.data.blockedBy.split(".")[0] ?? "", apps)} (
              {why.data.blockedBy.split(".")[1]}) stands in place of what their workspace role gives there.
            </li>
          )}
          {why.data.givenBy.length > 0 && <li>These roles give it: {why.data.givenBy.join(", ")}.</li>}
        </ul>
      )}
      <p className={pageCss.meta}>
        <span className={pageCss.mono}>{permission}</span>
      </p>
      <div>
        <Act onAct={onClose}>Close</Act>
      </div>
    </section>
  );
}
