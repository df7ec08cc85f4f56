import { Act } from "@probity/web/kit/act.tsx";
import { Ask } from "@probity/web/kit/ask.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Choice, Field } from "@probity/web/kit/field.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { read, write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { certificateApi, type Certificate, type Contact, type Delivery } from "./certificate-types.ts";
import css from "./certificate.module.css";
import { refusedBecause } from "./words.ts";

/** Who was sent the certificate, and the act that sends it. */
export function Recipients({ found, onChange }: { found: Certificate; onChange: () => void }) {
  const [open, setOpen] = useState(false);
  const [ending, setEnding] = useState<Delivery | null>(null);
  const revoke = useMutation({
    mutationFn: (id: string) => write("POST", certificateApi.revoke(id)),
    onSuccess: () => {
      setEnding(null);
      onChange();
    },
  });
  const refused =
    refusedBecause(found.may, "lab.certificate.send", "reviewers") ??
    (found.issuedAt === null
      ? "It is not signed."
      : found.files.length === 0
        ? "Its file is not made yet."
        : found.standing === "superseded"
          ? `${found.supersededBy} superseded it. Send that one.`
          : undefined);
  return (
    <>
      <div className={css.line}>
        <h2>Recipients</h2>
        <Act disabledReason={refused} onAct={() => setOpen(true)}>
          Send by link
        </Act>
      </div>
      <ul className={css.lines}>
        {found.deliveries.map((each) => (
          <li key={each.id}>
            <span className={css.line}>
              <span>
                <b>{each.recipient}</b> <span className={page.muted}>{each.email}</span>
              </span>
              {state(each) === "open" && (
                <Act
                  look="quiet"
                  label={`Revoke link … of ${each.recipient}`}
                  disabledReason={refusedBecause(found.may, "lab.certificate.send", "reviewers")}
                  onAct={() => {
                    revoke.reset();
                    setEnding(each);
                  }}
                >
                  Revoke link …
                </Act>
              )}
            </span>
            <span className={page.meta}>
              {state(each) === "revoked" && `revoked ${showTime(each.revokedAt ?? "")}`}
              {state(each) === "ended" && `ended ${showTime(each.expiresAt)}`}
              {state(each) === "open" && `open until ${showTime(each.expiresAt)}`} · opened{" "}
              {each.opened === 1 ? "once" : `${each.opened} times`} · sent by {each.sentBy ?? "a former member"}
            </span>
          </li>
        ))}
        {found.deliveries.length === 0 && <li className={page.muted}>Sent to nobody.</li>}
      </ul>
      {ending !== null && (
        <Ask
          title={`Revoke the link of ${ending.recipient}`}
          follows={[
            `It opens ${found.number} no more, from now on and for good. Whoever needs it gets a new link.`,
            ending.opened === 0
              ? "It was never opened."
              : `It was opened ${ending.opened === 1 ? "once" : `${ending.opened} times`}; what was downloaded stays with them, and stays valid.`,
            "Nobody is told by mail. Who opens the link reads that it ended.",
          ]}
          act="Revoke link"
          keep="Keep the link"
          busy={revoke.isPending}
          onDo={() => revoke.mutate(ending.id)}
          onClose={() => setEnding(null)}
        >
          {revoke.isError && <ProblemNotice problem={asProblem(revoke.error)} />}
        </Ask>
      )}
      {open && <Send found={found} onClose={() => setOpen(false)} onSent={onChange} />}
    </>
  );
}

function state(each: Delivery): "open" | "revoked" | "ended" {
  if (each.revokedAt !== null) return "revoked";
  return new Date(each.expiresAt) < new Date() ? "ended" : "open";
}

function Send({ found, onClose, onSent }: { found: Certificate; onClose: () => void; onSent: () => void }) {
  const [recipient, setRecipient] = useState("");
  const [email, setEmail] = useState("");
  const [contact, setContact] = useState("");
  const [days, setDays] = useState("14");
  const customer = useQuery({
    queryKey: ["lab-customer", found.customerId],
    enabled: found.customerId !== null,
    queryFn: () => read<{ contacts: Contact[] }>(certificateApi.customer(found.customerId ?? "")),
  });
  const send = useMutation({
    mutationFn: () =>
      write<{ url: string; expiresAt: string }>("POST", certificateApi.one(found.id, "deliveries"), {
        recipient: recipient.trim(),
        email: email.trim(),
        days: Number(days),
        ...(contact === "" ? {} : { contactId: contact }),
      }),
    onSuccess: onSent,
  });
  const contacts = customer.data?.contacts ?? [];
  return (
    <Dialog open title={`Send ${found.number}`} onClose={onClose}>
      {send.isSuccess ? (
        <div className={page.form}>
          <Notice tone="covered">
            The mail to {email} is on its way. The link works until {showTime(send.data.expiresAt)}, and each opening of
            it is recorded.
          </Notice>
          <label className={css.area}>
            <span>The link, shown once</span>
            <input
              className={css.link}
              readOnly
              value={send.data.url}
              onFocus={(event) => event.currentTarget.select()}
            />
          </label>
          <div>
            <Act size="form" onAct={onClose}>
              Close
            </Act>
          </div>
        </div>
      ) : (
        <form
          className={page.form}
          onSubmit={(event) => {
            event.preventDefault();
            if (recipient.trim() !== "" && email.trim() !== "") send.mutate();
          }}
        >
          {send.isError && <ProblemNotice problem={asProblem(send.error)} />}
          <p className={page.muted}>
            Whoever has the link opens this certificate and its data without an account, and nothing else. It ends by
            itself, when you revoke it, and when you leave the workspace.
          </p>
          {contacts.length > 0 && (
            <Choice
              name="contact"
              label={`Contact at ${found.customer ?? ""}`}
              value={contact}
              options={[
                { value: "", label: "Somebody else" },
                ...contacts.map((each) => ({ value: each.id, label: `${each.name}, ${each.email}` })),
              ]}
              onChange={(value) => {
                const chosen = contacts.find((each) => each.id === value);
                setContact(value);
                if (chosen !== undefined) {
                  setRecipient(chosen.name);
                  setEmail(chosen.email);
                }
              }}
            />
          )}
          <Field name="recipient" label="Recipient" value={recipient} onChange={setRecipient} />
          <Field name="email" label="E-mail" kind="email" value={email} onChange={setEmail} />
          <Choice
            name="days"
            label="Works for"
            value={days}
            options={[
              { value: "3", label: "3 days" },
              { value: "14", label: "14 days" },
              { value: "30", label: "30 days" },
              { value: "90", label: "90 days" },
            ]}
            onChange={setDays}
          />
          <div>
            <Act look="main" size="form" submit busy={send.isPending}>
              Send link
            </Act>
          </div>
        </form>
      )}
    </Dialog>
  );
}
