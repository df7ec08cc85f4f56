import { useQuery } from "@tanstack/react-query";
import { EmptyState } from "../kit/empty-state.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { StatusShape } from "../kit/status-mark.tsx";
import { type Tone, toneColour } from "../kit/status.ts";
import { read } from "./api.ts";
import type { HomeItem, Urgency } from "./api-types.ts";
import { apps } from "./apps.ts";
import { api } from "./path.ts";
import { Go, usePlace, useTitle } from "./place.tsx";
import { asProblem } from "./problem.ts";
import { useSession } from "./session.ts";
import css from "./home.module.css";
import pageCss from "./page.module.css";

const urgencies: Record<Urgency, { word: string; tone: Tone }> = {
  late: { word: "Late", tone: "gap" },
  today: { word: "Today", tone: "gap" },
  week: { word: "Week", tone: "partial" },
  admin: { word: "Admin", tone: "sealed" },
};

/** Acts that wait for the reader: verb, object, due, why me. No tiles of counts. */
export function Home() {
  useTitle("Home");
  const { params } = usePlace();
  const session = useSession();
  const ws = params.ws ?? session.data?.workspaces[0]?.slug ?? "";
  const home = useQuery({ queryKey: ["home", ws], queryFn: () => read<{ items: HomeItem[] }>(api.home()) });
  const items = home.data?.items ?? [];
  const first = apps[0]?.lists[0];
  return (
    <div className={pageCss.page}>
      <h1>What needs you{items.length > 0 ? ` · ${items.length}` : ""}</h1>
      {home.isError && <ProblemNotice problem={asProblem(home.error)} onRetry={() => void home.refetch()} />}
      {home.isPending && <Skeleton label="Gathering what needs you" />}
      {home.isSuccess && items.length === 0 && (
        <EmptyState act={first && <Go to={first.path(ws)}>Open {first.title.toLowerCase()}</Go>}>
          Nothing waits for you. What others finish for you lands here.
        </EmptyState>
      )}
      {items.length > 0 && (
        <ol className={css.list}>
          {items.map((item) => {
            const look = urgencies[item.urgency];
            return (
              <li
                key={`${item.verb} ${item.object} ${item.href}`}
                style={{ boxShadow: `inset 4px 0 ${toneColour(look.tone).ink}` }}
              >
                <span className={css.when} style={{ color: toneColour(look.tone).ink }}>
                  <StatusShape tone={look.tone} /> {look.word}
                </span>
                <span className={css.what}>
                  <b>{item.verb}</b> {item.object}
                </span>
                <span className={css.detail}>{item.detail}</span>
                <span className={css.detail}>{item.reason}</span>
                <Go to={item.href} className={css.act} label={`${item.act}: ${item.object}`}>
                  {item.act}
                </Go>
              </li>
            );
          })}
        </ol>
      )}
    </div>
  );
}
