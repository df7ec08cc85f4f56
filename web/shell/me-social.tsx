import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { StatusMark } from "../kit/status-mark.tsx";
import { showTime } from "../kit/time.ts";
import { read, write } from "./api.ts";
import { api, page } from "./path.ts";
import { asProblem } from "./problem.ts";
import css from "./page.module.css";
import own from "./factor.module.css";

type Linked = { id: string; title: string; since: string | null };

/** Accounts elsewhere that sign in as oneself. Nothing where this instance offers none and none is linked. */
export function MeSocial() {
  const queries = useQueryClient();
  const linked = useQuery({
    queryKey: ["linked"],
    queryFn: async () => (await read<{ items: Linked[] }>(api.ssoLinked())).items,
  });
  const link = useMutation({
    mutationFn: (provider: string) =>
      write<{ url: string }>("POST", api.ssoStart(), { provider, link: true, to: page.me() }),
    onSuccess: ({ url }) => location.assign(url),
  });
  const unlink = useMutation({
    mutationFn: (provider: string) => write("DELETE", api.ssoLinkedOne(provider)),
    onSuccess: () => {
      announce("Account unlinked");
      return queries.invalidateQueries({ queryKey: ["linked"] });
    },
  });
  if (linked.isError) return <ProblemNotice problem={asProblem(linked.error)} onRetry={() => void linked.refetch()} />;
  if (linked.data === undefined || linked.data.length === 0) return null;
  const failed = link.error ?? unlink.error;
  return (
    <section className={css.form} aria-labelledby="me-social">
      <h2 id="me-social">Sign in with another account</h2>
      <p className={css.muted}>Whoever holds a linked account signs in as you. You are told by mail of every change.</p>
      {failed !== null && <ProblemNotice problem={asProblem(failed)} />}
      <ul className={own.items}>
        {linked.data.map((item) => (
          <li key={item.id} className={own.item}>
            <div>
              <b>{item.title}</b>
              <p className={css.meta}>{item.since === null ? "Not linked." : `Linked ${showTime(item.since)}.`}</p>
            </div>
            <StatusMark tone={item.since === null ? "none" : "covered"} word={item.since === null ? "off" : "on"} />
            {item.since === null ? (
              <Act label={`Link ${item.title}`} busy={link.isPending} onAct={() => link.mutate(item.id)}>
                Link
              </Act>
            ) : (
              <Act label={`Unlink ${item.title}`} busy={unlink.isPending} onAct={() => unlink.mutate(item.id)}>
                Unlink
              </Act>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
