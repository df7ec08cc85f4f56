import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { Choice, Field } from "../kit/field.tsx";
import { LedgerTable } from "../kit/ledger-table.tsx";
import { Notice } from "../kit/notice.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { StatusMark } from "../kit/status-mark.tsx";
import { AccessTabs } from "./access-tabs.tsx";
import { read, write } from "./api.ts";
import { api } from "./path.ts";
import { usePlace, useTitle } from "./place.tsx";
import { PolicyLimit } from "./policy-limit.tsx";
import { asProblem } from "./problem.ts";
import { useSession } from "./session.ts";
import type { MySigning, Signer } from "./sign-types.ts";
import { methodWords, sayMethod, sayStatus, signedTime } from "./sign-words.ts";
import pageCss from "./page.module.css";
import css from "./sign.module.css";

/** Who may sign here: one's own standing, and for admins everybody's. */
export function Signing() {
  useTitle("Signing");
  const { params } = usePlace();
  const session = useSession();
  const role = session.data?.workspaces.find((item) => item.slug === params.ws)?.role ?? "member";
  return (
    <div className={pageCss.page}>
      <h1>Signing</h1>
      <AccessTabs />
      <p className={pageCss.muted}>
        An electronic signature is one person&apos;s for good. Before somebody signs, a colleague verifies who they are,
        and they take their signature as binding. A series of signatures asks for one component within{" "}
        <PolicyLimit name="signing.sessionMinutes" />; after <PolicyLimit name="signing.attempts" /> that fail in a row
        signing in a name is locked.
      </p>
      <Mine />
      {(role === "owner" || role === "admin") && <Signers />}
    </div>
  );
}

function Mine() {
  const queries = useQueryClient();
  const mine = useQuery({ queryKey: ["signing-me"], queryFn: () => read<MySigning>(api.signingMe()) });
  const [taken, setTaken] = useState(false);
  const acknowledge = useMutation({
    mutationFn: () => write("POST", api.signingAcknowledge()),
    onSuccess: () => {
      announce("You may sign now");
      void queries.invalidateQueries({ queryKey: ["signers"] });
      void queries.invalidateQueries({ queryKey: ["signing"] });
      return queries.invalidateQueries({ queryKey: ["signing-me"] });
    },
  });
  if (mine.isError) return <ProblemNotice problem={asProblem(mine.error)} onRetry={() => void mine.refetch()} />;
  if (mine.data === undefined) return <Skeleton label="Reading whether you may sign" />;
  const { status, printedName, text } = mine.data;
  return (
    <section className={pageCss.form} aria-labelledby="signing-mine">
      <h2 id="signing-mine">Your signature</h2>
      {acknowledge.isError && <ProblemNotice problem={asProblem(acknowledge.error)} />}
      {status === "none" && (
        <Notice tone="none">Nobody has verified your identity yet. Ask an admin other than yourself.</Notice>
      )}
      {status === "revoked" && <Notice tone="gap">Signing was taken back from you. Earlier signatures stand.</Notice>}
      {status === "enabled" && (
        <Notice tone="sealed">
          You may sign. Your signature is printed as <b>{printedName}</b>.
        </Notice>
      )}
      {(status === "verified" || status === "enabled") && <p className={css.binding}>{text}</p>}
      {status === "verified" && (
        <>
          <label>
            <input type="checkbox" checked={taken} onChange={(event) => setTaken(event.currentTarget.checked)} /> I have
            read this and take it as binding, as {printedName}.
          </label>
          <div>
            <Act
              look="main"
              size="form"
              busy={acknowledge.isPending}
              disabledReason={taken ? undefined : "Read the sentence and tick it first."}
              onAct={() => acknowledge.mutate()}
            >
              Take my signature as binding
            </Act>
          </div>
        </>
      )}
    </section>
  );
}

type Asked = { kind: "verify" | "revoke" | "reinstate"; signer: Signer };

function Signers() {
  const { params } = usePlace();
  const queries = useQueryClient();
  const signers = useQuery({
    queryKey: ["signers", params.ws],
    queryFn: async () => (await read<{ items: Signer[] }>(api.signers())).items,
  });
  const mine = useQuery({ queryKey: ["people", params.ws], queryFn: () => read<{ you: string }>(api.people()) });
  const [asked, setAsked] = useState<Asked | null>(null);
  const done = (words: string) => {
    announce(words);
    setAsked(null);
    void queries.invalidateQueries({ queryKey: ["signers"] });
  };
  if (signers.isError)
    return <ProblemNotice problem={asProblem(signers.error)} onRetry={() => void signers.refetch()} />;
  if (signers.data === undefined) return <Skeleton rows={4} label="Reading who may sign" />;
  return (
    <section className={pageCss.sheet} aria-labelledby="signing-all">
      <h2 id="signing-all">Who may sign</h2>
      <LedgerTable
        caption="Members and their signing"
        rows={signers.data}
        rowKey={(row) => row.membershipId}
        tone={(row) => sayStatus(row.status).tone}
        columns={[
          { id: "name", title: "Name", lead: true, cell: (row) => row.name },
          {
            id: "status",
            title: "State",
            width: "150px",
            lead: true,
            cell: (row) => <StatusMark {...sayStatus(row.status)} />,
          },
          { id: "printed", title: "Printed as", cell: (row) => row.printedName ?? "" },
          {
            id: "verified",
            title: "Identity verified",
            cell: (row) =>
              row.verifiedAt === null
                ? ""
                : `${sayMethod(row.method)}, by ${row.verifiedBy ?? "a former member"}, ${signedTime(row.verifiedAt)}: ${row.evidence ?? ""}`,
          },
          {
            id: "act",
            title: "Act",
            quiet: true,
            width: "220px",
            end: true,
            lead: true,
            cell: (row) => (
              <Acts row={row} you={mine.data?.you ?? ""} onAsk={(kind) => setAsked({ kind, signer: row })} />
            ),
          },
        ]}
      />
      {asked?.kind === "verify" && <Verify signer={asked.signer} onClose={() => setAsked(null)} onDone={done} />}
      {asked !== null && asked.kind !== "verify" && (
        <WithReason
          key={asked.kind}
          kind={asked.kind}
          signer={asked.signer}
          onClose={() => setAsked(null)}
          onDone={done}
        />
      )}
    </section>
  );
}

function Acts({ row, you, onAsk }: { row: Signer; you: string; onAsk: (kind: Asked["kind"]) => void }) {
  const own = row.membershipId === you ? "Nobody does this for themselves. Ask another admin." : undefined;
  if (row.status === "locked") {
    return (
      <Act disabledReason={own} onAct={() => onAsk("reinstate")}>
        Reinstate
      </Act>
    );
  }
  return (
    <span className={pageCss.row}>
      <Act look={row.status === "none" ? "main" : "plain"} disabledReason={own} onAct={() => onAsk("verify")}>
        {row.signerId === null ? "Verify identity" : "Verify anew"}
      </Act>
      {(row.status === "enabled" || row.status === "verified") && (
        <Act look="quiet" onAct={() => onAsk("revoke")}>
          Take back
        </Act>
      )}
    </span>
  );
}

function Verify(props: { signer: Signer; onClose: () => void; onDone: (words: string) => void }) {
  const { signer } = props;
  const [printedName, setPrintedName] = useState(signer.printedName ?? signer.name);
  const [method, setMethod] = useState<(typeof methodWords)[number]["value"]>("government-id");
  const [evidence, setEvidence] = useState("");
  const [errors, setErrors] = useState<{ name?: string; evidence?: string }>({});
  const verify = useMutation({
    mutationFn: () =>
      write("POST", api.signer(signer.membershipId, "verify"), {
        printedName: printedName.trim(),
        method,
        evidence: evidence.trim(),
      }),
    onSuccess: () => props.onDone("Identity verified"),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wrong = {
      ...(printedName.trim() === "" ? { name: "Enter the name as it will be printed." } : {}),
      ...(evidence.trim() === "" ? { evidence: "Say what you saw, so that an auditor can follow it." } : {}),
    };
    setErrors(wrong);
    if (Object.keys(wrong).length === 0) verify.mutate();
  };
  return (
    <Dialog open title={`Verify the identity of ${signer.name}`} onClose={props.onClose}>
      <form className={pageCss.form} onSubmit={submit} noValidate>
        {verify.isError && <ProblemNotice problem={asProblem(verify.error)} />}
        <p>
          You vouch for who this is. Your name, the time and what you enter are kept and go into the audit trail. They
          then take their signature as binding themselves.
        </p>
        <Field
          name="signer-name"
          label="Name as it is printed with each signature"
          hint="As on the document you saw; a later change of the account's name does not change it"
          value={printedName}
          onChange={setPrintedName}
          error={errors.name}
        />
        <Choice
          name="signer-method"
          label="How you verified it"
          value={method}
          options={methodWords}
          onChange={setMethod}
        />
        <Field
          name="signer-evidence"
          label="What you saw"
          hint="Kind of document and where a copy lies; no document number"
          value={evidence}
          onChange={setEvidence}
          error={errors.evidence}
        />
        <div className={pageCss.row}>
          <Act look="main" size="form" submit busy={verify.isPending}>
            I verified this person
          </Act>
          <Act size="form" onAct={props.onClose}>
            Cancel
          </Act>
        </div>
      </form>
    </Dialog>
  );
}

const reasonWords = {
  revoke: {
    title: "Take signing back",
    text: "They sign nothing more here. Signatures they gave stand as they are.",
    act: "Take signing back",
    said: "Signing taken back",
  },
  reinstate: {
    title: "Reinstate signing",
    text: "Ask whether the wrong tries were theirs. If they were not, end their sessions first.",
    act: "Let them sign again",
    said: "Signing reinstated",
  },
} as const;

function WithReason(props: {
  kind: "revoke" | "reinstate";
  signer: Signer;
  onClose: () => void;
  onDone: (words: string) => void;
}) {
  const words = reasonWords[props.kind];
  const [reason, setReason] = useState("");
  const [error, setError] = useState<string>();
  const send = useMutation({
    mutationFn: () => write("POST", api.signer(props.signer.membershipId, props.kind), { reason: reason.trim() }),
    onSuccess: () => props.onDone(words.said),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wrong = reason.trim() === "" ? "Say why." : undefined;
    setError(wrong);
    if (wrong === undefined) send.mutate();
  };
  return (
    <Dialog open title={`${words.title}: ${props.signer.name}`} onClose={props.onClose}>
      <form className={pageCss.form} onSubmit={submit} noValidate>
        {send.isError && <ProblemNotice problem={asProblem(send.error)} />}
        <p>{words.text}</p>
        <Field name="signer-reason" label="Reason" value={reason} onChange={setReason} error={error} />
        <div className={pageCss.row}>
          <Act look={props.kind === "revoke" ? "danger" : "main"} size="form" submit busy={send.isPending}>
            {words.act}
          </Act>
          <Act size="form" onAct={props.onClose}>
            Cancel
          </Act>
        </div>
      </form>
    </Dialog>
  );
}
