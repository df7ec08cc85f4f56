import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { EmptyState } from "../kit/empty-state.tsx";
import { Field } from "../kit/field.tsx";
import { LedgerTable } from "../kit/ledger-table.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { StatusMark } from "../kit/status-mark.tsx";
import { showTime } from "../kit/time.ts";
import { AccessTabs } from "./access-tabs.tsx";
import type { OperatorGrant } from "./access-types.ts";
import { read, write } from "./api.ts";
import { api } from "./path.ts";
import { usePlace, useTitle } from "./place.tsx";
import { PolicyLimit } from "./policy-limit.tsx";
import { asProblem } from "./problem.ts";
import { useSession } from "./session.ts";
import pageCss from "./page.module.css";

/** When whoever runs the instance was let in: why, by whom, until when. */
export function Operators() {
  useTitle("Operators");
  const { params } = usePlace();
  const session = useSession();
  const queries = useQueryClient();
  const own = session.data?.workspaces.find((item) => item.slug === params.ws)?.role ?? "member";
  const list = useQuery({
    queryKey: ["operators", params.ws],
    queryFn: async () => (await read<{ items: OperatorGrant[] }>(api.operatorGrants())).items,
  });
  const [granting, setGranting] = useState(false);
  const end = useMutation({
    mutationFn: (grant: OperatorGrant) => write("POST", api.endOperatorGrant(grant.id)),
    onSuccess: () => {
      announce("Grant ended");
      return queries.invalidateQueries({ queryKey: ["operators"] });
    },
  });
  const items = list.data ?? [];
  return (
    <div className={pageCss.page}>
      <div className={pageCss.head}>
        <h1>Operators</h1>
        <Act
          look="main"
          size="form"
          disabledReason={own === "owner" ? undefined : `Only an owner lets an operator in; you are ${own}.`}
          onAct={() => setGranting(true)}
        >
          Let an operator in
        </Act>
      </div>
      <AccessTabs />
      <p className={pageCss.lead}>
        Inside the product whoever runs this instance has no way into the workspace but a grant of its owner: for{" "}
        <PolicyLimit name="operator.maxHours" /> at most, with a second factor, to look and not to change. Everything
        they open is in the audit trail under their name.
      </p>
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {end.isError && <ProblemNotice problem={asProblem(end.error)} />}
      {list.isPending && <Skeleton label="Reading the grants" />}
      {list.isSuccess && items.length === 0 && <EmptyState>No operator was ever let in.</EmptyState>}
      {items.length > 0 && (
        <LedgerTable
          caption="Grants to operators"
          rows={items}
          rowKey={(grant) => grant.id}
          tone={(grant) => (grant.state === "active" ? "gap" : grant.state === "offered" ? "partial" : "none")}
          columns={[
            { id: "email", title: "Operator", lead: true, cell: (grant) => <b>{grant.email}</b> },
            {
              id: "state",
              title: "State",
              width: "130px",
              lead: true,
              cell: (grant) => (
                <StatusMark
                  tone={grant.state === "active" ? "gap" : grant.state === "offered" ? "partial" : "none"}
                  word={grant.state === "active" ? "inside" : grant.state}
                />
              ),
            },
            { id: "reason", title: "Reason", cell: (grant) => grant.reason },
            {
              id: "by",
              title: "Let in by",
              cell: (grant) => (
                <>
                  {grant.grantedBy}
                  <div className={pageCss.meta}>{showTime(grant.grantedAt)}</div>
                </>
              ),
            },
            {
              id: "until",
              title: "Until",
              width: "190px",
              cell: (grant) => showTime(grant.endedAt ?? grant.expiresAt),
            },
            {
              id: "acts",
              title: "Acts",
              quiet: true,
              end: true,
              width: "110px",
              cell: (grant) =>
                grant.state === "ended" ? null : (
                  <Act
                    look="danger"
                    label={`End the grant to ${grant.email}`}
                    disabledReason={
                      own === "member" ? "This needs the role admin or owner; you are member." : undefined
                    }
                    onAct={() => end.mutate(grant)}
                  >
                    End now
                  </Act>
                ),
            },
          ]}
        />
      )}
      {granting && <Grant onClose={() => setGranting(false)} />}
    </div>
  );
}

function Grant({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const [email, setEmail] = useState("");
  const [hours, setHours] = useState("2");
  const [reason, setReason] = useState("");
  const [errors, setErrors] = useState<{ email?: string; hours?: string; reason?: string }>({});
  const grant = useMutation({
    mutationFn: () =>
      write<{ link: string; expiresAt: string }>("POST", api.operatorGrants(), {
        email: email.trim(),
        hours: Number(hours),
        reason: reason.trim(),
      }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["operators"] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const found: { email?: string; hours?: string; reason?: string } = {};
    if (!/^\S+@\S+$/.test(email)) found.email = "Enter an e-mail address, such as ana@example.org.";
    if (!/^\d{1,2}$/.test(hours) || Number(hours) < 1) found.hours = "Enter whole hours, such as 2.";
    if (reason.trim() === "") found.reason = "Say what they are to look at.";
    setErrors(found);
    if (Object.keys(found).length === 0) grant.mutate();
  };
  return (
    <Dialog open onClose={onClose} title="Let an operator in">
      {grant.data === undefined ? (
        <form className={pageCss.form} noValidate onSubmit={submit}>
          <p>
            They see what a reader sees and change nothing. Everybody here sees that they are in, and you can end it.
          </p>
          {grant.isError && <ProblemNotice problem={asProblem(grant.error)} />}
          <Field
            name="operator-email"
            label="E-mail of their account here"
            kind="email"
            value={email}
            onChange={setEmail}
            error={errors.email}
          />
          <Field
            name="operator-hours"
            label="For how many hours"
            value={hours}
            onChange={setHours}
            error={errors.hours}
          />
          <Field name="operator-reason" label="Reason" value={reason} onChange={setReason} error={errors.reason} />
          <div className={pageCss.row}>
            <Act look="main" size="form" submit busy={grant.isPending}>
              Make the grant
            </Act>
            <Act size="form" onAct={onClose}>
              Let nobody in
            </Act>
          </div>
        </form>
      ) : (
        <div className={pageCss.form}>
          <p>
            Hand this link to {email}. It works once, until {showTime(grant.data.expiresAt)}, and is not shown again.
          </p>
          <p className={pageCss.mono} style={{ overflowWrap: "anywhere" }}>
            {grant.data.link}
          </p>
          <div className={pageCss.row}>
            <Act
              look="main"
              size="form"
              onAct={() => void navigator.clipboard.writeText(grant.data.link).then(() => announce("Link copied"))}
            >
              Copy link
            </Act>
            <Act size="form" onAct={onClose}>
              Done
            </Act>
          </div>
        </div>
      )}
    </Dialog>
  );
}
