import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { EmptyState } from "../kit/empty-state.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { showTime } from "../kit/time.ts";
import { read } from "./api.ts";
import type { PolicyItem } from "./api-types.ts";
import { api, page } from "./path.ts";
import { Go, usePlace, useTitle } from "./place.tsx";
import { InstanceLimits, type InstanceLimit } from "./policy-instance.tsx";
import { PolicyForm } from "./policy-form.tsx";
import { PolicyHistory } from "./policy-history.tsx";
import { sayPolicy } from "./policy-value.ts";
import { asProblem } from "./problem.ts";
import { useSession } from "./session.ts";
import css from "./policy.module.css";
import pageCss from "./page.module.css";

/** Every number in force: what it does, what it is, whether it differs from its preset, and who changed it why. */
export function Policy() {
  useTitle("Policy");
  const place = usePlace();
  const ws = place.params.ws ?? "";
  const queries = useQueryClient();
  const session = useSession();
  const list = useQuery({
    queryKey: ["policy", ws],
    queryFn: async () => (await read<{ items: PolicyItem[] }>(api.policies())).items,
  });
  const instance = useQuery({
    queryKey: ["policy", ws, "instance"],
    queryFn: async () => (await read<{ instance: InstanceLimit[] }>(api.policies())).instance,
  });
  const at = typeof place.search.at === "string" ? place.search.at : "";
  const [open, setOpen] = useState<string | null>(null);
  const from = useQuery({
    queryKey: ["policy", ws, "from"],
    queryFn: async () => (await read<{ from: string | null }>(api.policies())).from,
    enabled: open === "access.allowedNetworks",
  });
  const row = useRef<HTMLLIElement>(null);
  const loaded = list.data !== undefined;
  useEffect(() => {
    if (loaded) row.current?.scrollIntoView({ block: "center" });
  }, [at, loaded]);

  const role = session.data?.workspaces.find((item) => item.slug === ws)?.role ?? "member";
  const refused =
    role === "owner" || role === "admin"
      ? undefined
      : `Changing policy needs the role admin or owner; you are ${role}.`;
  const items = list.data ?? [];
  const differing = items.filter((item) => item.differs).length;
  return (
    <div className={pageCss.page}>
      <header className={css.intro}>
        <h1>Policy</h1>
        <p className={pageCss.lead}>
          The numbers in force here. What enforces a number and what states it read the same value.{" "}
          {loaded &&
            (differing === 0
              ? "All stand as the preset set them."
              : `◆ ${differing} ${differing === 1 ? "differs" : "differ"} from the preset.`)}
        </p>
        <p className={pageCss.muted}>
          When retention last ran and what went: <Go to={page.retention(ws)}>Retention and erasure</Go>.
        </p>
        {refused !== undefined && <p className={pageCss.muted}>{refused}</p>}
      </header>
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton label="Reading the policies" />}
      {loaded && items.length === 0 && <EmptyState>This instance states no policy.</EmptyState>}
      {items.length > 0 && (
        <ul className={css.list} aria-label="Policies">
          {items.map((item) => (
            <li
              key={item.name}
              id={item.name}
              ref={item.name === at ? row : null}
              className={css.item}
              data-at={item.name === at || undefined}
              data-differs={item.differs || undefined}
            >
              <div className={css.words}>
                <h2>{item.title}</h2>
                <p>{item.effect}</p>
                <p className={css.since}>
                  <span className={pageCss.mono}>{item.name}</span>
                  {item.changedAt !== null && (
                    <>
                      {" · changed by "}
                      {item.changedBy?.name ?? "somebody who left"}, {showTime(item.changedAt)}
                      {item.reason !== null && <>: “{item.reason}”</>}
                    </>
                  )}
                </p>
                {item.version > 0 && <PolicyHistory item={item} />}
              </div>
              <dl className={css.values}>
                <div>
                  <dt>In force</dt>
                  <dd className={css.value}>
                    {item.differs && (
                      <span className={css.differs} role="img" aria-label="differs from the preset">
                        ◆{" "}
                      </span>
                    )}
                    {sayPolicy(item.value, item)}
                  </dd>
                </div>
                <div>
                  <dt>Preset</dt>
                  <dd>{item.differs ? sayPolicy(item.presetValue, item) : "the same"}</dd>
                </div>
              </dl>
              <div className={css.act}>
                <Act
                  label={`Change ${item.title.toLowerCase()}`}
                  disabledReason={refused}
                  pressed={open === item.name}
                  onAct={() => setOpen(open === item.name ? null : item.name)}
                >
                  Change
                </Act>
              </div>
              {open === item.name && (
                <PolicyForm
                  key={item.version}
                  item={item}
                  from={from.data ?? null}
                  onClose={() => setOpen(null)}
                  onChanged={async () => {
                    await queries.invalidateQueries({ queryKey: ["policy", ws] });
                    void queries.invalidateQueries({ queryKey: ["instance"] });
                    announce(`${item.title} changed`);
                    setOpen(null);
                  }}
                />
              )}
            </li>
          ))}
        </ul>
      )}
      {items.length > 0 && instance.data !== undefined && <InstanceLimits items={instance.data} />}
    </div>
  );
}
