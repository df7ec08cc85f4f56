import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Field } from "../kit/field.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { StatusMark } from "../kit/status-mark.tsx";
import { showTime } from "../kit/time.ts";
import { write } from "./api.ts";
import { api } from "./path.ts";
import { asProblem } from "./problem.ts";
import { CopyLine } from "./sso-copy.tsx";
import type { SsoDomain } from "./sso-types.ts";
import css from "./sso.module.css";
import pageCss from "./page.module.css";

/** The domains whose people sign in here by the workspace's provider; each proved by a record only its owner can set. */
export function SsoDomains(props: {
  domains: SsoDomain[];
  refused: string | undefined;
  onChanged: () => Promise<void>;
}) {
  const [domain, setDomain] = useState("");
  const add = useMutation({
    mutationFn: () => write("POST", api.ssoDomains(), { domain: domain.trim() }),
    onSuccess: () => {
      setDomain("");
      return props.onChanged();
    },
  });
  const act = useMutation({
    mutationFn: (wanted: { id: string; verify: boolean }) =>
      wanted.verify ? write("POST", api.ssoDomainVerify(wanted.id)) : write("DELETE", api.ssoDomain(wanted.id)),
    onSuccess: (_, wanted) => {
      announce(wanted.verify ? "Domain verified" : "Domain removed");
      return props.onChanged();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (domain.trim() !== "") add.mutate();
  };
  return (
    <section className={css.section} aria-labelledby="sso-domains">
      <h2 id="sso-domains">1. Domains</h2>
      <p className={pageCss.lead}>
        A verified domain is this workspace’s alone. Its record is looked at every day; gone for three days, it counts
        no more.
      </p>
      {add.isError && <ProblemNotice problem={asProblem(add.error)} />}
      {act.isError && <ProblemNotice problem={asProblem(act.error)} />}
      {props.domains.map((item) => (
        <div key={item.id} className={css.item}>
          <div className={pageCss.head}>
            <h3>{item.domain}</h3>
            <StatusMark
              tone={item.verifiedAt === null ? "planned" : item.missingSince === null ? "covered" : "partial"}
              word={
                item.verifiedAt === null ? "not verified" : item.missingSince === null ? "verified" : "record missing"
              }
            />
            <span className={pageCss.row}>
              {(item.verifiedAt === null || item.missingSince !== null) && (
                <Act
                  look="main"
                  label={`Check the record of ${item.domain}`}
                  disabledReason={props.refused}
                  busy={act.isPending && act.variables.id === item.id && act.variables.verify}
                  onAct={() => act.mutate({ id: item.id, verify: true })}
                >
                  Check the record
                </Act>
              )}
              <Act
                look="quiet"
                label={`Remove ${item.domain}`}
                disabledReason={props.refused}
                onAct={() => act.mutate({ id: item.id, verify: false })}
              >
                Remove
              </Act>
            </span>
          </div>
          {item.verifiedAt === null ? (
            <>
              <p>
                Add this TXT record at whoever runs the name server of {item.domain}. It may take an hour to be seen.
              </p>
              <dl className={css.copies}>
                <CopyLine label="Name" value={item.record.name} />
                <CopyLine label="Value" value={item.record.value} />
              </dl>
            </>
          ) : (
            <p className={pageCss.muted}>
              Verified {showTime(item.verifiedAt)}
              {item.checkedAt !== null && `, looked at ${showTime(item.checkedAt)}`}. Keep the record in place.
            </p>
          )}
        </div>
      ))}
      <form className={`${pageCss.form} ${css.short}`} onSubmit={submit} noValidate>
        <Field name="sso-domain" label="Domain" hint="Such as example.com" value={domain} onChange={setDomain} />
        <div>
          <Act size="form" submit busy={add.isPending} disabledReason={props.refused}>
            Add the domain
          </Act>
        </div>
      </form>
    </section>
  );
}
