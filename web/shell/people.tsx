import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { EmptyState } from "../kit/empty-state.tsx";
import { Choice, Field } from "../kit/field.tsx";
import { LedgerTable } from "../kit/ledger-table.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { StatusMark } from "../kit/status-mark.tsx";
import { showAge, showTime } from "../kit/time.ts";
import { AccessTabs } from "./access-tabs.tsx";
import { read, write } from "./api.ts";
import type { Invitation, Member, People as PeopleAnswer } from "./api-types.ts";
import { Find } from "./find.tsx";
import { FreezeSection } from "./freeze.tsx";
import { MemberSessions } from "./member-session.tsx";
import { MemberAccess } from "./member-access.tsx";
import { api } from "./path.ts";
import { usePlace, useTitle } from "./place.tsx";
import { PolicyLimit } from "./policy-limit.tsx";
import { asProblem } from "./problem.ts";
import { useSession } from "./session.ts";
import css from "./page.module.css";

const roles = [
  { value: "member", label: "Member" },
  { value: "admin", label: "Admin" },
  { value: "owner", label: "Owner" },
] as const;

const guestStays = "From outside: they see what an app shows them. To make them a member, remove and invite them.";

/** Who is in, as what, since when; invitations and changes of role for those who may. */
export function People() {
  useTitle("People & access");
  const place = usePlace();
  const { params } = place;
  const session = useSession();
  const queries = useQueryClient();
  const people = useQuery({ queryKey: ["people", params.ws], queryFn: () => read<PeopleAnswer>(api.people()) });
  const members = people.data?.items ?? [];
  const words = typeof place.search["q"] === "string" ? place.search["q"] : "";
  const shown = members.filter(({ name, email, role: held }) =>
    `${name} ${email} ${held}`.toLowerCase().includes(words.trim().toLowerCase()),
  );
  const you = people.data?.you ?? session.data?.user.id;
  const invitations = people.data?.invitations ?? [];
  const [inviting, setInviting] = useState(false);
  const [removing, setRemoving] = useState<Member | null>(null);
  const [setting, setSetting] = useState<Member | null>(null);
  const own = session.data?.workspaces.find((item) => item.slug === params.ws)?.role ?? "member";
  const refused =
    own === "owner" || own === "admin" ? undefined : "This needs the role admin or owner; you are member.";
  const reread = () => queries.invalidateQueries({ queryKey: ["people"] });
  const role = useMutation({
    mutationFn: (change: { id: string; role: string }) => write("PATCH", api.person(change.id), { role: change.role }),
    onSuccess: () => {
      announce("Role changed");
      return reread();
    },
  });
  const withdraw = useMutation({
    mutationFn: (id: string) => write("DELETE", api.invitationOf(id)),
    onSuccess: reread,
  });
  const remove = useMutation({
    mutationFn: (member: Member) => write("DELETE", api.person(member.id)),
    onSuccess: () => {
      setRemoving(null);
      return reread();
    },
  });
  return (
    <div className={css.page}>
      <div className={css.head}>
        <h1>People &amp; access</h1>
        <Act look="main" size="form" disabledReason={refused} onAct={() => setInviting(true)}>
          Invite a person
        </Act>
      </div>
      <AccessTabs />
      {people.isError && <ProblemNotice problem={asProblem(people.error)} onRetry={() => void people.refetch()} />}
      {role.isError && <ProblemNotice problem={asProblem(role.error)} />}
      {people.isPending && <Skeleton label="Reading people" />}
      {people.isSuccess && members.length === 0 && <EmptyState>Nobody is here yet.</EmptyState>}
      {members.length > 10 && (
        <div className={css.filters} role="search">
          <Find
            label="Filter people by name, address or role"
            hint="Name, e-mail, role"
            value={words}
            onFind={(q) => place.query({ q }, true)}
          />
          <span className={css.muted}>{`${shown.length} of ${members.length} people`}</span>
        </div>
      )}
      {members.length > 0 && shown.length === 0 && <EmptyState>Nobody matches. Use other words, or fewer.</EmptyState>}
      {shown.length > 0 && (
        <LedgerTable
          caption="People of this workspace"
          rows={shown}
          rowKey={(member) => member.id}
          tone={(member) => (member.status === "active" ? "covered" : "none")}
          columns={[
            {
              id: "name",
              title: "Person",
              lead: true,
              cell: (member) => (
                <>
                  <b>{member.name}</b>
                  {member.id === you && <span className={css.muted}> you</span>}
                </>
              ),
            },
            { id: "email", title: "E-mail", cell: (member) => member.email },
            {
              id: "role",
              title: "Role",
              width: "150px",
              cell: (member) =>
                refused !== undefined || member.id === you || member.role === "guest" ? (
                  <span title={refused ?? (member.role === "guest" ? guestStays : "Nobody changes their own role.")}>
                    {member.role}
                  </span>
                ) : (
                  <select
                    aria-label={`Role of ${member.name}`}
                    value={member.role}
                    onChange={(event) => role.mutate({ id: member.id, role: event.currentTarget.value })}
                  >
                    {roles.map((item) => (
                      <option key={item.value} value={item.value}>
                        {item.label}
                      </option>
                    ))}
                    {roles.every((item) => item.value !== member.role) && <option>{member.role}</option>}
                  </select>
                ),
            },
            {
              id: "status",
              title: "Status",
              width: "130px",
              cell: (member) => (
                <StatusMark tone={member.status === "active" ? "covered" : "none"} word={member.status} />
              ),
            },
            {
              id: "seen",
              title: "Last seen",
              width: "130px",
              cell: (member) =>
                member.lastSeenAt === undefined || member.lastSeenAt === null ? (
                  <span className={css.muted}>never</span>
                ) : (
                  <time dateTime={member.lastSeenAt} title={showTime(member.lastSeenAt)}>
                    {showAge(member.lastSeenAt)}
                  </time>
                ),
            },
            {
              id: "acts",
              title: "Acts",
              quiet: true,
              end: true,
              width: "170px",
              cell: (member) => (
                <span className={css.row}>
                  <Act
                    look="quiet"
                    label={`Access of ${member.name}: change it`}
                    disabledReason={
                      refused ??
                      (member.id === you
                        ? "Nobody changes their own access."
                        : member.role === "owner"
                          ? "An owner’s access can’t be made smaller."
                          : member.role === "guest"
                            ? guestStays
                            : undefined)
                    }
                    onAct={() => setSetting(member)}
                  >
                    Access
                  </Act>
                  <Act
                    look="quiet"
                    label={`Remove ${member.name}`}
                    disabledReason={member.id === you ? "Another owner removes you." : refused}
                    onAct={() => setRemoving(member)}
                  >
                    Remove
                  </Act>
                </span>
              ),
            },
          ]}
        />
      )}
      {invitations.length > 0 && (
        <section className={css.form} aria-labelledby="invited">
          <h2 id="invited">Invited</h2>
          <p className={css.meta}>
            At most <PolicyLimit name="limit.invitationsPerDay" />, and{" "}
            <PolicyLimit name="limit.invitationsPerAddress" /> to the same address; of one person&apos;s at most{" "}
            <PolicyLimit name="limit.billingPerHour" />.
          </p>
          {withdraw.isError && <ProblemNotice problem={asProblem(withdraw.error)} />}
          <LedgerTable
            caption="Invitations nobody has taken up yet"
            rows={invitations}
            rowKey={(item) => item.id}
            tone={() => "none"}
            columns={[
              { id: "email", title: "E-mail", lead: true, cell: (item) => item.email },
              { id: "role", title: "Role", width: "150px", cell: (item) => item.role },
              { id: "until", title: "Link ends", width: "220px", cell: (item) => showTime(item.expiresAt) },
              {
                id: "acts",
                title: "Acts",
                quiet: true,
                end: true,
                width: "110px",
                cell: (item) => (
                  <Act
                    look="quiet"
                    label={`Withdraw the invitation of ${item.email}`}
                    disabledReason={refused}
                    onAct={() => withdraw.mutate(item.id)}
                  >
                    Withdraw
                  </Act>
                ),
              },
            ]}
          />
        </section>
      )}
      {refused === undefined && <MemberSessions ws={params.ws} members={members} />}
      <FreezeSection refused={refused} />
      {setting !== null && <MemberAccess member={setting} onClose={() => setSetting(null)} />}
      <Invite open={inviting} onClose={() => setInviting(false)} onSent={reread} />
      <Dialog
        open={removing !== null}
        onClose={() => setRemoving(null)}
        title={`Remove ${removing?.name ?? ""} from this workspace`}
      >
        <div className={css.form}>
          <p>Their sessions here end at once. What they did stays in the audit trail under their name.</p>
          {remove.isError && <ProblemNotice problem={asProblem(remove.error)} />}
          <div className={css.row}>
            <Act size="form" onAct={() => setRemoving(null)}>
              Keep {removing?.name}
            </Act>
            <Act look="danger" size="form" busy={remove.isPending} onAct={() => removing && remove.mutate(removing)}>
              Remove {removing?.name}
            </Act>
          </div>
        </div>
      </Dialog>
    </div>
  );
}

/** Makes an invitation. Where the server has no mail to send, its link is shown once. */
function Invite(props: { open: boolean; onClose: () => void; onSent: () => Promise<void> }) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<(typeof roles)[number]["value"]>("member");
  const [error, setError] = useState<string>();
  const send = useMutation({
    mutationFn: () => write<Invitation>("POST", api.invitations(), { email: email.trim(), role }),
    onSuccess: props.onSent,
  });
  const close = () => {
    send.reset();
    setEmail("");
    setError(undefined);
    props.onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wrong = /^\S+@\S+$/.test(email) ? undefined : "Enter an e-mail address, such as ana@example.org.";
    setError(wrong);
    if (wrong === undefined) send.mutate();
  };
  const link = send.data?.link;
  const full = link === undefined || link === null ? "" : new URL(link, location.origin).href;
  return (
    <Dialog open={props.open} onClose={close} title="Invite a person">
      {send.data === undefined ? (
        <form className={css.form} onSubmit={submit} noValidate>
          {send.isError && <ProblemNotice problem={asProblem(send.error)} />}
          <Field name="invite-email" label="E-mail" kind="email" value={email} onChange={setEmail} error={error} />
          <Choice name="invite-role" label="Role" value={role} options={roles} onChange={setRole} />
          <div>
            <Act look="main" size="form" submit busy={send.isPending}>
              Make the invitation
            </Act>
          </div>
        </form>
      ) : send.data.link === null ? (
        <div className={css.form}>
          <p>
            A mail to {email} is on its way. Its link works once, until {showTime(send.data.expiresAt)}.
          </p>
          <div>
            <Act size="form" onAct={close}>
              Done
            </Act>
          </div>
        </div>
      ) : (
        <div className={css.form}>
          <p>
            Hand this link to {email}. It works once, until {showTime(send.data.expiresAt)}, and is not shown again.
          </p>
          <p className={css.mono} style={{ overflowWrap: "anywhere" }}>
            {full}
          </p>
          <div className={css.row}>
            <Act
              look="main"
              size="form"
              onAct={() => void navigator.clipboard.writeText(full).then(() => announce("Link copied"))}
            >
              Copy link
            </Act>
            <Act size="form" onAct={close}>
              Done
            </Act>
          </div>
        </div>
      )}
    </Dialog>
  );
}
