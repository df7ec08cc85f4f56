import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Field } from "../kit/field.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { StatusMark } from "../kit/status-mark.tsx";
import { showAge, showTime } from "../kit/time.ts";
import { read, rotate, write } from "./api.ts";
import type { Factors } from "./api-types.ts";
import { PasskeyAdd, RecoveryCodes, TotpSetUp } from "./factor-set-up.tsx";
import { api } from "./path.ts";
import { asProblem } from "./problem.ts";
import css from "./page.module.css";
import own from "./factor.module.css";

/** One's own second factors: what there is, what to add, what to take away. */
export function MeSecurity() {
  const queries = useQueryClient();
  const factors = useQuery({ queryKey: ["factors"], queryFn: () => read<Factors>(api.factors()) });
  const [setting, setSetting] = useState(false);
  const [codes, setCodes] = useState<string[] | null>(null);
  const [naming, setNaming] = useState<string | null>(null);
  const reread = () => queries.invalidateQueries({ queryKey: ["factors"] });
  const remove = useMutation({
    mutationFn: (path: string) => rotate(() => write("DELETE", path)),
    onSuccess: () => {
      announce("Second factor removed");
      void queries.invalidateQueries({ queryKey: ["session"] });
      return reread();
    },
  });
  const renew = useMutation({
    mutationFn: () => write<{ recoveryCodes: string[] }>("POST", api.recoveryCodes()),
    onSuccess: (made) => setCodes(made.recoveryCodes),
  });
  const done = (made: string[]) => {
    setSetting(false);
    if (made.length > 0) setCodes(made);
    void queries.invalidateQueries({ queryKey: ["session"] });
    void reread();
  };
  if (factors.isError)
    return <ProblemNotice problem={asProblem(factors.error)} onRetry={() => void factors.refetch()} />;
  if (factors.data === undefined) return <Skeleton label="Reading your second factors" />;
  const { totp, passkeys, recoveryCodesLeft, passkeyAddress } = factors.data;
  const none = totp === null && passkeys.length === 0;
  return (
    <section className={css.form} aria-labelledby="me-factor">
      <h2 id="me-factor">Second factor</h2>
      <p className={css.muted}>
        {none
          ? "Your password alone signs you in. A second factor stops whoever learns it."
          : "Signing in needs your password and one of these. A passkey signs in alone."}
      </p>
      {remove.isError && <ProblemNotice problem={asProblem(remove.error)} />}
      {renew.isError && <ProblemNotice problem={asProblem(renew.error)} />}
      {codes !== null && <RecoveryCodes codes={codes} onDone={() => setCodes(null)} />}
      <ul className={own.items}>
        <li className={own.item}>
          <div>
            <b>Authenticator app</b>
            <p className={css.meta}>
              {totp === null ? "A code from an app on your phone." : `Set up ${showTime(totp.since)}.`}
            </p>
          </div>
          <StatusMark tone={totp === null ? "none" : "covered"} word={totp === null ? "off" : "on"} />
          {totp === null ? (
            <Act onAct={() => setSetting(true)}>Set up an app</Act>
          ) : (
            <Act label="Remove the authenticator app" busy={remove.isPending} onAct={() => remove.mutate(api.totp())}>
              Remove
            </Act>
          )}
        </li>
        {setting && (
          <li className={own.item}>
            <TotpSetUp onDone={done} onCancel={() => setSetting(false)} />
          </li>
        )}
        {passkeys.map((passkey) => (
          <li key={passkey.id} className={own.item}>
            {naming === passkey.id ? (
              <Name
                id={passkey.id}
                name={passkey.name}
                onDone={() => {
                  setNaming(null);
                  void reread();
                }}
              />
            ) : (
              <div>
                <b>{passkey.name}</b>
                <p className={css.meta}>
                  Passkey, added {showTime(passkey.createdAt)},{" "}
                  {passkey.lastUsedAt === null ? "not used yet" : `last used ${showAge(passkey.lastUsedAt)}`}
                </p>
              </div>
            )}
            <StatusMark tone="covered" word="on" />
            <span className={css.row}>
              <Act label={`Rename ${passkey.name}`} onAct={() => setNaming(naming === passkey.id ? null : passkey.id)}>
                Rename
              </Act>
              <Act
                label={`Remove ${passkey.name}`}
                busy={remove.isPending}
                onAct={() => remove.mutate(api.passkey(passkey.id))}
              >
                Remove
              </Act>
            </span>
          </li>
        ))}
        {!none && (
          <li className={own.item}>
            <div>
              <b>Recovery codes</b>
              <p className={css.meta}>{recoveryCodesLeft} of them are unused. Each works once.</p>
            </div>
            <StatusMark
              tone={recoveryCodesLeft === 0 ? "gap" : recoveryCodesLeft < 4 ? "partial" : "covered"}
              word={recoveryCodesLeft === 0 ? "used up" : recoveryCodesLeft < 4 ? "few left" : "kept"}
            />
            <Act busy={renew.isPending} onAct={() => renew.mutate()}>
              Make new codes
            </Act>
          </li>
        )}
      </ul>
      <div>
        <PasskeyAdd address={passkeyAddress} onDone={done} />
      </div>
    </section>
  );
}

function Name(props: { id: string; name: string; onDone: () => void }) {
  const [name, setName] = useState(props.name);
  const [error, setError] = useState<string>();
  const rename = useMutation({
    mutationFn: () => write("PATCH", api.passkey(props.id), { name: name.trim() }),
    onSuccess: props.onDone,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wrong = name.trim() === "" || name.trim().length > 60 ? "A name has 1 to 60 characters." : undefined;
    setError(wrong);
    if (wrong === undefined) rename.mutate();
  };
  return (
    <form className={css.row} onSubmit={submit} noValidate>
      {rename.isError && <ProblemNotice problem={asProblem(rename.error)} />}
      <Field name={`name-${props.id}`} label="Name" value={name} onChange={setName} error={error} />
      <Act look="main" submit busy={rename.isPending}>
        Keep the name
      </Act>
    </form>
  );
}
