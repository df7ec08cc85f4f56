import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { LedgerTable } from "../kit/ledger-table.tsx";
import { Notice } from "../kit/notice.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { StatusMark, StatusShape } from "../kit/status-mark.tsx";
import { showAge, showTime } from "../kit/time.ts";
import { read, saveFile, write } from "./api.ts";
import { AddAddress, AddWitness } from "./ledger-add.tsx";
import { AnchorChart } from "./ledger-chart.tsx";
import { LedgerResume } from "./ledger-resume.tsx";
import { NewSecret } from "./ledger-stream-renew.tsx";
import { LedgerTabs } from "./ledger-tabs.tsx";
import type { AnchorTarget, LogStatus, Standing } from "./ledger-types.ts";
import { conditions, count, headline, kindWords, newestOf } from "./ledger-words.ts";
import { api } from "./path.ts";
import { usePlace, useTitle } from "./place.tsx";
import { PolicyLimit } from "./policy-limit.tsx";
import { asProblem } from "./problem.ts";
import css from "./ledger.module.css";
import pageCss from "./page.module.css";

/** To whom a change of this log would be evident: who outside holds which checkpoint, since when. */
export function Ledger() {
  useTitle("Ledger");
  const { params } = usePlace();
  const queries = useQueryClient();
  const [adding, setAdding] = useState<"witness" | "address" | null>(null);
  const [renewing, setRenewing] = useState<AnchorTarget | null>(null);
  const every = { refetchInterval: 10_000 };
  const standing = useQuery({
    queryKey: ["anchors", params.ws],
    queryFn: () => read<Standing>(api.anchors()),
    ...every,
  });
  const status = useQuery({
    queryKey: ["log-status", params.ws],
    queryFn: () => read<LogStatus>(api.logStatus()),
    ...every,
  });
  const again = () => queries.invalidateQueries({ queryKey: ["anchors"] });
  const copy = useMutation({
    mutationFn: () => write<{ note: string; size: number }>("POST", api.anchorCopy()),
    onSuccess: ({ note, size }) => {
      saveFile(new Blob([note], { type: "text/plain" }), `checkpoint-${size}.txt`);
      announce("Copy taken along");
      return again();
    },
  });
  const ask = useMutation({
    mutationFn: (target: AnchorTarget) => write("POST", api.anchorAsk(), { id: target.id }),
    onSuccess: (_, { name }) => {
      announce(`${name} is asked now`);
      setTimeout(() => void again(), 3_000);
    },
  });
  const remove = useMutation({
    mutationFn: (target: AnchorTarget) => write("DELETE", api.anchorTarget(target.id)),
    onSuccess: (_, { name }) => {
      announce(`${name} gets no more checkpoints`);
      return again();
    },
  });
  const data = standing.data;
  const problem = [standing, status].find((each) => each.isError)?.error;
  const failed = [copy, ask, remove].find((each) => each.isError)?.error;
  return (
    <div className={pageCss.page}>
      <div className={pageCss.head}>
        <h1>Ledger</h1>
        <div className={pageCss.row}>
          <Act look="main" size="form" busy={copy.isPending} onAct={() => copy.mutate()}>
            Take a copy now
          </Act>
          <Act size="form" onAct={() => setAdding("witness")}>
            Add a witness
          </Act>
          <Act size="form" onAct={() => setAdding("address")}>
            Add an address
          </Act>
        </div>
      </div>
      <LedgerTabs />
      <LedgerResume />
      {problem !== undefined && <ProblemNotice problem={asProblem(problem)} onRetry={() => void standing.refetch()} />}
      {failed !== undefined && <ProblemNotice problem={asProblem(failed)} />}
      {data === undefined && standing.isPending && <Skeleton rows={8} label="Reading who holds the log" />}
      {data !== undefined && (
        <>
          {status.data !== undefined && <Trouble status={status.data} />}
          <Statement standing={data} status={status.data} />
          {status.data !== undefined && <State status={status.data} standing={data} />}
          {data.anchors.length > 0 && <AnchorChart anchors={data.anchors} now={standing.dataUpdatedAt} />}
          {data.targets.length > 0 && (
            <LedgerTable
              caption="Witnesses and addresses"
              rows={data.targets}
              rowKey={(target) => target.id}
              tone={(target) => (target.problem !== null ? "gap" : target.lastAt === null ? "none" : "covered")}
              columns={[
                {
                  id: "name",
                  title: "Given to",
                  lead: true,
                  cell: (target) => (
                    <>
                      <b>{target.name}</b>
                      <div className={pageCss.meta}>
                        {kindWords[target.kind]} · {target.address}
                      </div>
                      {target.previousUntil !== null && (
                        <div className={pageCss.meta}>
                          the old secret signs too until {showTime(target.previousUntil)}
                        </div>
                      )}
                    </>
                  ),
                },
                {
                  id: "state",
                  title: "Stands",
                  lead: true,
                  cell: (target) => (
                    <>
                      <StatusMark {...stand(target, data.sendsMail)} />
                      {target.problem !== null && <div className={pageCss.meta}>{target.problem}</div>}
                    </>
                  ),
                },
                {
                  id: "last",
                  title: "Last",
                  width: "150px",
                  cell: (target) =>
                    target.lastAt === null ? (
                      "never"
                    ) : (
                      <time dateTime={target.lastAt} title={showTime(target.lastAt)}>
                        {showAge(target.lastAt)}
                        <div className={pageCss.meta}>
                          {target.kind === "witness"
                            ? `at size ${count(target.size)}`
                            : `${count(target.size)} entries`}
                        </div>
                      </time>
                    ),
                },
                {
                  id: "acts",
                  title: "Acts",
                  quiet: true,
                  end: true,
                  width: "290px",
                  cell: (target) => (
                    <span className={css.many}>
                      <Act
                        label={`${target.kind === "witness" ? "Ask now" : "Send now"}: ${target.name}`}
                        onAct={() => ask.mutate(target)}
                      >
                        {target.kind === "witness" ? "Ask now" : "Send now"}
                      </Act>
                      {target.kind === "webhook" && (
                        <Act label={`New secret for ${target.name}`} onAct={() => setRenewing(target)}>
                          New secret
                        </Act>
                      )}
                      <Act look="quiet" label={`Remove ${target.name}`} onAct={() => remove.mutate(target)}>
                        Remove
                      </Act>
                    </span>
                  ),
                },
              ]}
            />
          )}
          <p className={pageCss.meta}>
            Copies leave every <PolicyLimit name="anchor.copyHours" />, witnesses are asked every{" "}
            <PolicyLimit name="anchor.witnessMinutes" />. A witness and a time-stamp cover the log of the whole
            instance, and this one with it. To check an export yourself:{" "}
            <code>npx probity verify EXPORT --checkpoint checkpoint.txt</code>
          </p>
        </>
      )}
      {renewing !== null && (
        <NewSecret
          name={renewing.name}
          path={api.anchorSecret(renewing.id)}
          list="anchors"
          onClose={() => setRenewing(null)}
        />
      )}
      {adding === "witness" && <AddWitness onClose={() => setAdding(null)} />}
      {adding === "address" && data !== undefined && (
        <AddAddress sendsMail={data.sendsMail} hours={data.policy.copyHours} onClose={() => setAdding(null)} />
      )}
    </div>
  );
}

function stand(target: AnchorTarget, sendsMail: boolean) {
  if (target.problem !== null) return { tone: "gap", word: "not reached" } as const;
  if (target.lastAt === null) return { tone: "none", word: "asked now" } as const;
  if (target.kind === "witness") return { tone: "covered", word: "cosigned" } as const;
  return target.kind === "mail" && !sendsMail
    ? ({ tone: "partial", word: "waits in the outbox" } as const)
    : ({ tone: "covered", word: "has a copy" } as const);
}

/** The one sentence of the page: what holds at this moment, and what to do about it. */
function Statement({ standing, status }: { standing: Standing; status: LogStatus | undefined }) {
  const { holders, quorum } = standing;
  const newest = newestOf(holders);
  const copies = holders.filter(({ kind }) => kind === "mail" || kind === "webhook" || kind === "download");
  const held = Math.max(0, ...copies.map(({ size }) => size));
  const behind = (status?.checkpoint?.size ?? held) - held;
  return (
    <section className={css.statement} aria-label="Who holds this log">
      <span className={css.seal} aria-hidden="true">
        <StatusShape tone={newest === undefined ? "none" : "sealed"} size={20} />
      </span>
      <div>
        <p className={css.headline}>{headline(holders)}</p>
        {newest === undefined ? (
          <p>
            Every entry is stored and signed here. Whoever owns this server could still rewrite all of it, and nobody
            could show it. Take a copy, or add somebody who keeps one.
          </p>
        ) : (
          <p>
            Nothing that was there {showAge(newest.at)} can be changed, removed or put in between without it showing at{" "}
            {newest.holder}
            {holders.length > 1 && ` and ${holders.length - 1} more`}.
            {held > 0 && behind > 0 && ` ${count(behind)} entries came after the newest copy.`}
          </p>
        )}
        {quorum.needed > quorum.have && (
          <Notice tone="gap">
            {quorum.have} of {quorum.witnesses} witnesses cosigned within a day; this workspace asks for {quorum.needed}
            . Nothing is held back. Add a witness, or look at why one is silent.
          </Notice>
        )}
      </div>
    </section>
  );
}

/** The log itself, in four facts. */
function State({ status, standing }: { status: LogStatus; standing: Standing }) {
  const condition =
    status.stopped === null ? conditions[status.condition] : { tone: "gap" as const, word: "stands still" };
  const { checkpoint } = status;
  const stamp = standing.anchors.find(({ kind }) => kind === "rfc3161");
  return (
    <dl className={css.facts}>
      <div>
        <dt>Log</dt>
        <dd>
          <StatusMark tone={condition.tone} word={condition.word} />
        </dd>
        <dd className={pageCss.meta}>
          {checkpoint === undefined ? "" : `${count(checkpoint.size)} entries, signed ${showAge(checkpoint.signedAt)}`}
        </dd>
      </div>
      <div>
        <dt>Waiting for a signature</dt>
        <dd>{status.waiting === 0 ? "nothing" : `${count(status.waiting)} entries`}</dd>
        <dd className={pageCss.meta}>
          {status.oldestMilliseconds > 2_000 ? `the oldest for ${Math.round(status.oldestMilliseconds / 1000)} s` : ""}
        </dd>
      </div>
      <div>
        <dt>Key</dt>
        <dd>{status.keyBesideData === false ? "in a signer apart" : "beside the data"}</dd>
        <dd className={pageCss.meta}>
          {status.keyBesideData === false ? "" : "whoever has this machine has it: copies outside are what holds"}
        </dd>
      </div>
      <div>
        <dt>Time-stamp</dt>
        <dd>{stamp === undefined ? "none" : stamp.outcome === "done" ? showAge(stamp.at) : "not given"}</dd>
        <dd className={pageCss.meta}>
          {standing.stamps ? (stamp?.problem ?? stamp?.holder ?? "asked every hour") : "no authority is configured"}
        </dd>
      </div>
    </dl>
  );
}

/** What is wrong with the log, before anything that is said of it. */
function Trouble({ status }: { status: LogStatus }) {
  const condition = conditions[status.condition];
  return (
    <>
      {status.stopped !== null && (
        <Notice tone="gap" urgent>
          <b>Entries of this workspace wait since {showTime(status.stopped)}.</b> The count of its log was set back
          behind entries it has, which only somebody with the database in hand can do. Nothing is lost, and other
          workspaces go on. Ask your operator to run <code>npx probity ledger resume</code>; two owners then let the log
          go on.
        </Notice>
      )}
      {status.halted?.holder !== undefined && (
        <Notice tone="gap" urgent>
          <b>
            {status.halted.holder} holds a checkpoint of {count(status.halted.to)} entries
          </b>{" "}
          that this log {status.halted.reason === "forked" ? "does not give" : "no longer has"}. Nothing further is
          signed. Keep that copy: it shows what was here.
        </Notice>
      )}
      {condition.text !== "" && (
        <Notice tone={condition.tone} urgent={condition.tone === "gap"}>
          {condition.text}
        </Notice>
      )}
    </>
  );
}
