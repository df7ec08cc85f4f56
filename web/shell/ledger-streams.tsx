import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { DateField } from "../kit/date-field.tsx";
import { dayFault } from "../kit/day.ts";
import { Dialog } from "../kit/dialog.tsx";
import { EmptyState } from "../kit/empty-state.tsx";
import { LedgerTable } from "../kit/ledger-table.tsx";
import { Notice } from "../kit/notice.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { StatusMark } from "../kit/status-mark.tsx";
import { showAge, showTime } from "../kit/time.ts";
import { read, write } from "./api.ts";
import { AddStream } from "./ledger-stream-add.tsx";
import { NewCertificate, NewSecret } from "./ledger-stream-renew.tsx";
import { LedgerTabs } from "./ledger-tabs.tsx";
import type { Stream } from "./ledger-types.ts";
import { count, streamStates } from "./ledger-words.ts";
import { api } from "./path.ts";
import { usePlace, useTitle } from "./place.tsx";
import { asProblem } from "./problem.ts";
import css from "./ledger.module.css";
import pageCss from "./page.module.css";

type Tested = { name: string; taken: boolean; problem: string | null; milliseconds: number };

/** The log as it is sent to receivers of the workspace's own: how far each has come, and what became of the last try. */
export function Streams() {
  useTitle("Streams");
  const { params } = usePlace();
  const queries = useQueryClient();
  const [adding, setAdding] = useState(false);
  const [filling, setFilling] = useState<Stream | null>(null);
  const [renewing, setRenewing] = useState<Stream | null>(null);
  const list = useQuery({
    queryKey: ["streams", params.ws],
    queryFn: () => read<{ items: Stream[]; size: number }>(api.streams()),
    refetchInterval: 5_000,
  });
  const again = () => queries.invalidateQueries({ queryKey: ["streams"] });
  const test = useMutation({
    mutationFn: async (stream: Stream): Promise<Tested> => ({
      name: stream.name,
      ...(await write<Omit<Tested, "name">>("POST", api.streamAct(stream.id, "test"))),
    }),
  });
  const act = useMutation({
    mutationFn: ({ stream, paused }: { stream: Stream; paused: boolean }) =>
      write("POST", api.streamAct(stream.id, "pause"), { paused }),
    onSuccess: again,
  });
  const letters = useMutation({
    mutationFn: (stream: Stream) =>
      write<{ sent: number; left: number }>("POST", api.streamAct(stream.id, "letters/send")),
    onSuccess: ({ sent, left }) => {
      announce(`${sent} sent, ${left} still refused`);
      return again();
    },
  });
  const remove = useMutation({
    mutationFn: (stream: Stream) => write("DELETE", api.stream(stream.id)),
    onSuccess: (_, { name }) => {
      announce(`${name} gets nothing more`);
      return again();
    },
  });
  const items = list.data?.items ?? [];
  const failed = [test, act, letters, remove].find((each) => each.isError)?.error;
  return (
    <div className={pageCss.page}>
      <div className={pageCss.head}>
        <h1>Streams</h1>
        <Act look="main" size="form" onAct={() => setAdding(true)}>
          Add a stream
        </Act>
      </div>
      <LedgerTabs />
      <p className={pageCss.lead}>
        Every entry of this log, sent to your SIEM in its order, at least once. Its leaf hash tells a repetition, its
        number tells what is missing.
      </p>
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {failed !== undefined && <ProblemNotice problem={asProblem(failed)} />}
      {test.data !== undefined && (
        <Notice tone={test.data.taken ? "covered" : "gap"}>
          {test.data.taken
            ? `${test.data.name} took the test in ${test.data.milliseconds} ms.`
            : `${test.data.name} did not take the test. ${test.data.problem ?? ""} Nothing of the log was sent with it.`}
        </Notice>
      )}
      {list.isPending && <Skeleton label="Reading the streams" />}
      {list.isSuccess && items.length === 0 && (
        <EmptyState act={<Act onAct={() => setAdding(true)}>Add a stream</Act>}>
          Nothing is streamed. Entries stay here, and can be exported on the Audit page.
        </EmptyState>
      )}
      {items.length > 0 && (
        <LedgerTable
          caption="Streams"
          rows={items}
          rowKey={(stream) => stream.id}
          tone={(stream) => streamStates[stream.state]}
          columns={[
            {
              id: "name",
              title: "Receiver",
              lead: true,
              cell: (stream) => (
                <>
                  <b>{stream.name}</b>
                  <div className={pageCss.meta} style={{ overflowWrap: "anywhere" }}>
                    {stream.address}
                  </div>
                  <div className={pageCss.meta}>
                    {stream.kind === "syslog" ? "syslog over TLS" : "signed webhook"} ·{" "}
                    {stream.format === "ocsf" ? "OCSF" : "JSON"}
                    {stream.pinned && " · authority pinned"} · {stream.personal ? "with names" : "without names"}
                  </div>
                  {stream.certificate !== null && (
                    <div className={pageCss.meta}>
                      shown a certificate that ends {showTime(stream.certificate.until)}
                    </div>
                  )}
                  {stream.previousUntil !== null && (
                    <div className={pageCss.meta}>the old secret signs too until {showTime(stream.previousUntil)}</div>
                  )}
                </>
              ),
            },
            {
              id: "state",
              title: "Stands",
              lead: true,
              width: "230px",
              cell: (stream) => (
                <>
                  <StatusMark tone={streamStates[stream.state]} word={stream.state} />
                  {stream.problem !== null && stream.state !== "running" && (
                    <div className={pageCss.meta}>{stream.problem}</div>
                  )}
                  {stream.nextTryAt !== null && (
                    <div className={pageCss.meta}>next try {showTime(stream.nextTryAt)}</div>
                  )}
                </>
              ),
            },
            {
              id: "behind",
              title: "Behind",
              width: "150px",
              cell: (stream) => (
                <>
                  {stream.behind === 0 ? "nothing" : `${count(stream.behind)} entries`}
                  <Lag behind={stream.behind} next={stream.next} />
                  <div className={pageCss.meta}>
                    {stream.lastSentAt === null ? "nothing sent yet" : `last sent ${showAge(stream.lastSentAt)}`}
                  </div>
                </>
              ),
            },
            {
              id: "acts",
              title: "Acts",
              quiet: true,
              end: true,
              width: "250px",
              cell: (stream) => (
                <span className={css.many}>
                  <Act label={`Test ${stream.name}`} busy={test.isPending} onAct={() => test.mutate(stream)}>
                    Test
                  </Act>
                  {stream.state === "running" ? (
                    <Act label={`Pause ${stream.name}`} onAct={() => act.mutate({ stream, paused: true })}>
                      Pause
                    </Act>
                  ) : (
                    <Act
                      label={`${stream.state === "retrying" ? "Try now" : "Resume"}: ${stream.name}`}
                      onAct={() => act.mutate({ stream, paused: false })}
                    >
                      {stream.state === "retrying" ? "Try now" : "Resume"}
                    </Act>
                  )}
                  <Act label={`Back-fill ${stream.name}`} onAct={() => setFilling(stream)}>
                    Back-fill
                  </Act>
                  <Act
                    label={`New ${stream.kind === "webhook" ? "secret" : "certificate"} for ${stream.name}`}
                    onAct={() => setRenewing(stream)}
                  >
                    {stream.kind === "webhook" ? "New secret" : "Certificate"}
                  </Act>
                  {stream.letters > 0 && (
                    <Act onAct={() => letters.mutate(stream)}>Send {stream.letters} refused again</Act>
                  )}
                  <Act look="quiet" label={`Remove ${stream.name}`} onAct={() => remove.mutate(stream)}>
                    Remove
                  </Act>
                </span>
              ),
            },
          ]}
        />
      )}
      {adding && <AddStream size={list.data?.size ?? 0} onClose={() => setAdding(false)} />}
      {renewing?.kind === "webhook" && (
        <NewSecret
          name={renewing.name}
          path={api.streamAct(renewing.id, "secret")}
          list="streams"
          onClose={() => setRenewing(null)}
        />
      )}
      {renewing?.kind === "syslog" && <NewCertificate stream={renewing} onClose={() => setRenewing(null)} />}
      {filling !== null && <BackFill stream={filling} onClose={() => setFilling(null)} />}
    </div>
  );
}

/** How much of the log has arrived. */
function Lag({ behind, next }: { behind: number; next: number }) {
  const share = next + behind === 0 ? 1 : next / (next + behind);
  return (
    <span className={css.lag} aria-hidden="true">
      <span style={{ inlineSize: `${(share * 100).toFixed(1)}%` }} data-behind={behind > 0 || undefined} />
    </span>
  );
}

function BackFill({ stream, onClose }: { stream: Stream; onClose: () => void }) {
  const queries = useQueryClient();
  const [from, setFrom] = useState("");
  const [wrong, setWrong] = useState<string>();
  const fill = useMutation({
    mutationFn: () =>
      write<{ place: number }>("POST", api.streamAct(stream.id, "back-fill"), {
        from: from === "" ? "beginning" : from,
      }),
    onSuccess: ({ place }) => {
      announce(`${stream.name} is sent everything from entry ${place} on`);
      onClose();
      return queries.invalidateQueries({ queryKey: ["streams"] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const fault = dayFault(from);
    setWrong(fault);
    if (fault === undefined) fill.mutate();
  };
  return (
    <Dialog open onClose={onClose} title={`Send the past to ${stream.name}`}>
      <form className={pageCss.form} noValidate onSubmit={submit}>
        <p>Everything from that day on is sent again, in its order. The receiver drops what it has by the leaf hash.</p>
        {fill.isError && <ProblemNotice problem={asProblem(fill.error)} />}
        <DateField
          name="fill-from"
          label="From the day"
          value={from}
          onChange={setFrom}
          hint="Empty: from the first entry."
          error={wrong}
        />
        <div className={pageCss.row}>
          <Act look="main" size="form" submit busy={fill.isPending}>
            Send the past
          </Act>
          <Act size="form" onAct={onClose}>
            Leave it
          </Act>
        </div>
      </form>
    </Dialog>
  );
}
