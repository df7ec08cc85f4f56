import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { EmptyState } from "../kit/empty-state.tsx";
import { LedgerTable } from "../kit/ledger-table.tsx";
import { Notice } from "../kit/notice.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { StatusMark } from "../kit/status-mark.tsx";
import type { Tone } from "../kit/status.ts";
import { showTime } from "../kit/time.ts";
import { read, write } from "./api.ts";
import { api } from "./path.ts";
import { usePlace, useTitle } from "./place.tsx";
import { asProblem } from "./problem.ts";
import css from "./page.module.css";

interface Line {
  id: string;
  template: string;
  state: "waiting" | "kept" | "sent" | "failed";
  attempts: number;
  problem: string | null;
  createdAt: string;
  to: string | null;
  subject: string | null;
  opens: boolean;
}
interface Opened {
  to: string;
  subject: string;
  text: string;
}

const states: Readonly<Record<Line["state"], { tone: Tone; word: string }>> = {
  waiting: { tone: "partial", word: "Waiting" },
  kept: { tone: "partial", word: "To hand on" },
  sent: { tone: "covered", word: "Sent" },
  failed: { tone: "gap", word: "Not sent" },
};
/** What a mail was once its text is gone. */
const titles: Readonly<Record<string, string>> = {
  "identity.invitation": "Invitation",
  "identity.locked": "Sign-in is paused",
  "identity.reset": "Choose a new password",
  "identity.no_password": "Your account has no password",
  "identity.password_changed": "Your password was changed",
  "identity.verify": "Confirm your address",
  "identity.register": "Finish your registration",
  "identity.known": "You have an account already",
};

/** What was mailed for the workspace and to its people; without a mail server, the links to hand on. */
export function Outbox() {
  useTitle("Outbox");
  const place = usePlace();
  const box = useQuery({
    queryKey: ["outbox", place.params.ws],
    queryFn: () => read<{ sends: boolean; items: Line[] }>(api.outbox()),
  });
  const [shown, setShown] = useState<Opened | null>(null);
  const open = useMutation({
    mutationFn: (id: string) => write<Opened>("POST", api.openMail(id)),
    onSuccess: setShown,
  });
  const link = /https?:\/\/\S+/.exec(shown?.text ?? "")?.[0];
  return (
    <div className={css.page}>
      <h1>Outbox</h1>
      {box.isPending && <Skeleton label="Loading the outbox" />}
      {box.isError && <ProblemNotice problem={asProblem(box.error)} />}
      {open.isError && <ProblemNotice problem={asProblem(open.error)} />}
      {box.data?.sends === false && (
        <Notice tone="none">
          This instance has no mail server, so mails wait here for you to hand on. A link opens an account: give it to
          its person alone. Whoever runs the instance can set PROBITY_SMTP_URL and PROBITY_MAIL_FROM.
        </Notice>
      )}
      {box.data?.items.length === 0 && <EmptyState>No mail was written in the last 30 days.</EmptyState>}
      {box.data !== undefined && box.data.items.length > 0 && (
        <LedgerTable
          caption="Mails of the last 30 days"
          rows={box.data.items}
          rowKey={(line) => line.id}
          tone={(line) => states[line.state].tone}
          columns={[
            {
              id: "subject",
              title: "Mail",
              lead: true,
              cell: (line) => (
                <>
                  {line.subject ?? titles[line.template] ?? line.template}
                  {line.to !== null && <span className={css.muted}> to {line.to}</span>}
                </>
              ),
            },
            {
              id: "state",
              title: "State",
              width: "190px",
              lead: true,
              cell: (line) => (
                <>
                  <StatusMark tone={states[line.state].tone} word={states[line.state].word} />
                  {line.problem !== null && <div className={css.meta}>{line.problem}</div>}
                </>
              ),
            },
            { id: "at", title: "Written", width: "160px", cell: (line) => showTime(line.createdAt) },
            {
              id: "open",
              title: "Open",
              quiet: true,
              end: true,
              width: "90px",
              cell: (line) =>
                line.opens ? (
                  <Act busy={open.isPending && open.variables === line.id} onAct={() => open.mutate(line.id)}>
                    Open
                  </Act>
                ) : null,
            },
          ]}
        />
      )}
      <Dialog open={shown !== null} onClose={() => setShown(null)} title={shown?.subject ?? "Mail"}>
        <div className={css.form}>
          <p className={css.muted}>To {shown?.to}. That you opened it stands in the audit log.</p>
          <p style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{shown?.text.trim()}</p>
          <div className={css.row}>
            {link !== undefined && (
              <Act
                look="main"
                size="form"
                onAct={() => void navigator.clipboard.writeText(link).then(() => announce("Link copied"))}
              >
                Copy link
              </Act>
            )}
            <Act size="form" onAct={() => setShown(null)}>
              Done
            </Act>
          </div>
        </div>
      </Dialog>
    </div>
  );
}
