import { Act } from "@probity/web/kit/act.tsx";
import { Ask } from "@probity/web/kit/ask.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Field } from "@probity/web/kit/field.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { read, write } from "@probity/web/shell/api.ts";
import { EraseNamed } from "@probity/web/shell/erasure.tsx";
import { PageProblem } from "@probity/web/shell/page-problem.tsx";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useSession } from "@probity/web/shell/session.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import {
  certificateApi,
  certificatePage,
  conformity,
  portalLook,
  standingLook,
  type CertificateLine,
  type Contact,
  type Customer,
  type EndedContact,
} from "./certificate-types.ts";
import css from "./certificate.module.css";
import { CustomerDialog } from "./customers.tsx";
import { refusedBecause } from "./words.ts";

type Whole = Omit<Customer, "contacts"> & { contacts: Contact[]; ended: EndedContact[]; may: string[] };

/** One customer: contacts, who of them sees results here, and the certificates made for them. */
export function CustomerPage() {
  const { params } = usePlace();
  const [ws, id] = [params.ws ?? "", params.id ?? ""];
  const queries = useQueryClient();
  const one = useQuery({ queryKey: ["lab-customer", id], queryFn: () => read<Whole>(certificateApi.customer(id)) });
  const certificates = useQuery({
    queryKey: ["lab-certificates", ws, "customer", id],
    queryFn: () => read<{ items: CertificateLine[] }>(certificateApi.list({ customer: id })),
  });
  const [open, setOpen] = useState<"change" | "contact" | null>(null);
  const [erasing, setErasing] = useState<string | null>(null);
  const role = useSession().data?.workspaces.find((each) => each.slug === ws)?.role ?? "member";
  const [link, setLink] = useState<{ name: string; url: string } | null>(null);
  const reload = async () => {
    await queries.invalidateQueries({ queryKey: ["lab-customer", id] });
    await queries.invalidateQueries({ queryKey: ["lab-customers"] });
  };
  const act = useMutation({
    mutationFn: ({ contact }: { contact: Contact }) =>
      write<{ link: string }>("POST", certificateApi.contact(contact.id, "invite")),
    onSuccess: async (made, { contact }) => {
      setLink({ name: contact.name, url: made.link });
      await reload();
    },
  });
  const [leaving, setLeaving] = useState<Contact | null>(null);
  const end = useMutation({
    mutationFn: (contact: Contact) => write("POST", certificateApi.contact(contact.id, "end")),
    onSuccess: async () => {
      setLeaving(null);
      await reload();
    },
  });
  const back = useMutation({
    mutationFn: (contact: EndedContact) => write("POST", certificateApi.contact(contact.id, "return")),
    onSettled: reload,
  });
  const found = one.data;
  useTitle(found?.name ?? "Customer");
  if (found === undefined)
    return one.isError ? (
      <PageProblem
        title="Customer"
        error={one.error}
        onRetry={() => void one.refetch()}
        back={<Go to={certificatePage.customers(ws)}>All customers</Go>}
      />
    ) : (
      <div className={page.page}>
        <Skeleton heading label="Reading the customer" />
      </div>
    );
  const refused = refusedBecause(found.may, "lab.customer.change", "admins");
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>{found.name}</h1>
        <span className={page.mono}>{found.code}</span>
        <span className={page.row}>
          <Act disabledReason={refused} onAct={() => setOpen("change")}>
            Change
          </Act>
        </span>
      </div>
      {found.address !== null && <p className={page.muted}>{found.address}</p>}
      {one.isError && <ProblemNotice problem={asProblem(one.error)} onRetry={() => void one.refetch()} />}
      {act.isError && <ProblemNotice problem={asProblem(act.error)} />}
      {link !== null && (
        <Notice tone="covered" act={<Act onAct={() => setLink(null)}>Hide</Act>}>
          {link.name} is invited by mail. The link works once and for 7 days:{" "}
          <input
            className={css.link}
            readOnly
            aria-label="Invitation link"
            value={link.url}
            onFocus={(event) => event.currentTarget.select()}
          />
        </Notice>
      )}
      <div className={css.two}>
        <section>
          <div className={css.line}>
            <h2>Contacts</h2>
            <Act disabledReason={refused} onAct={() => setOpen("contact")}>
              New contact
            </Act>
          </div>
          <ul className={css.lines}>
            {found.contacts.map((each) => (
              <li key={each.id}>
                <span className={css.line}>
                  <span>
                    <b>{each.name}</b> <span className={page.muted}>{each.email}</span>
                  </span>
                  <StatusMark {...portalLook[each.portal]} />
                </span>
                <span className={css.line}>
                  <span className={page.meta}>{each.since !== null && `since ${showTime(each.since)}`}</span>
                  <span className={page.row}>
                    {each.portal !== "open" && (
                      <Act
                        look="quiet"
                        disabledReason={refused}
                        busy={act.isPending}
                        onAct={() => act.mutate({ contact: each })}
                      >
                        {each.portal === "none" ? "Invite" : "Invite again"}
                      </Act>
                    )}
                    <Act
                      look="quiet"
                      label={`Take off … ${each.name}`}
                      disabledReason={refused}
                      onAct={() => {
                        end.reset();
                        setLeaving(each);
                      }}
                    >
                      Take off …
                    </Act>
                    <Act
                      look="quiet"
                      label={`Erase ${each.name} for good`}
                      disabledReason={role === "owner" ? undefined : `This needs the role owner; you are ${role}.`}
                      onAct={() => setErasing(each.id)}
                    >
                      Erase …
                    </Act>
                  </span>
                </span>
              </li>
            ))}
            {found.contacts.length === 0 && <li className={page.muted}>No contact yet.</li>}
          </ul>
          {found.ended.length > 0 && (
            <>
              <h3>Taken off</h3>
              {back.isError && <ProblemNotice problem={asProblem(back.error)} />}
              <ul className={css.lines}>
                {found.ended.map((each) => (
                  <li key={each.id}>
                    <span className={css.line}>
                      <span>
                        {each.name} <span className={page.muted}>{each.email}</span>
                      </span>
                      <Act
                        look="quiet"
                        label={`Put back ${each.name}`}
                        busy={back.isPending}
                        disabledReason={refused}
                        onAct={() => back.mutate(each)}
                      >
                        Put back
                      </Act>
                    </span>
                    <span className={page.meta}>
                      {`${showTime(each.endedAt)}, by ${each.endedBy ?? "a former member"}`}
                    </span>
                  </li>
                ))}
              </ul>
            </>
          )}
        </section>
        <section>
          <h2>Certificates</h2>
          <ul className={css.lines}>
            {(certificates.data?.items ?? []).map((each) => (
              <li key={each.id}>
                <span className={css.line}>
                  <Go to={certificatePage.one(ws, each.id)} className={css.number}>
                    {each.number}
                  </Go>
                  <StatusMark {...standingLook[each.standing]} />
                </span>
                <span className={css.line}>
                  <span className={page.meta}>
                    {each.product}, {each.sample}
                  </span>
                  <StatusMark {...conformity[each.verdict]} />
                </span>
              </li>
            ))}
            {certificates.isSuccess && certificates.data.items.length === 0 && (
              <li className={page.muted}>None for this customer yet.</li>
            )}
          </ul>
        </section>
      </div>
      {erasing !== null && <EraseNamed id={erasing} onErased={() => void reload()} onClose={() => setErasing(null)} />}
      {leaving !== null && (
        <Ask
          title={`Take ${leaving.name} off ${found.name}`}
          follows={whatFollows(leaving, found.name)}
          act={`Take ${leaving.name} off`}
          keep="Keep the contact"
          busy={end.isPending}
          onDo={() => end.mutate(leaving)}
          onClose={() => setLeaving(null)}
        >
          {end.isError && <ProblemNotice problem={asProblem(end.error)} />}
        </Ask>
      )}
      {open === "change" && (
        <CustomerDialog
          customer={found}
          onClose={() => setOpen(null)}
          onSaved={() => {
            setOpen(null);
            void reload();
          }}
        />
      )}
      {open === "contact" && (
        <NewContact
          id={id}
          onClose={() => setOpen(null)}
          onSaved={() => {
            setOpen(null);
            void reload();
          }}
        />
      )}
    </div>
  );
}

/** What ends with a contact, and what stays. */
function whatFollows({ portal, links }: Contact, customer: string): string[] {
  const shut = {
    open: `They see nothing of ${customer} any more, from now on. Their account stays: end it in People & access.`,
    invited: `Their invitation shows nothing of ${customer}, even if they take it up.`,
  };
  return [
    `They are no contact of ${customer} any more, and are not offered when a certificate is sent.`,
    ...(portal === "open" || portal === "invited" ? [shut[portal]] : []),
    ...(links > 0
      ? [
          links === 1
            ? "The link to a certificate that was sent to them ends for good."
            : `The ${links} links to certificates that were sent to them end for good.`,
        ]
      : []),
    "What was sent and opened stays in the audit trail. The files they downloaded stay with them.",
    portal === "open"
      ? "You can put them back: they then see what they saw. Ended links stay ended."
      : "You can put them back.",
  ];
}

function NewContact({ id, onClose, onSaved }: { id: string; onClose: () => void; onSaved: () => void }) {
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const save = useMutation({
    mutationFn: () =>
      write("POST", certificateApi.customer(id, "contacts"), { name: name.trim(), email: email.trim() }),
    onSuccess: onSaved,
  });
  return (
    <Dialog open title="New contact" onClose={onClose}>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== "" && email.trim() !== "") save.mutate();
        }}
      >
        {save.isError && <ProblemNotice problem={asProblem(save.error)} />}
        <Field name="contact-name" label="Name" value={name} onChange={setName} />
        <Field name="contact-email" label="E-mail" kind="email" value={email} onChange={setEmail} />
        <div>
          <Act look="main" size="form" submit busy={save.isPending}>
            Save contact
          </Act>
        </div>
      </form>
    </Dialog>
  );
}
