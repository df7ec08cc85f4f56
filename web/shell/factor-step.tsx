import { type FormEvent, useEffect, useRef, useState } from "react";
import { Act } from "../kit/act.tsx";
import { Field } from "../kit/field.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { write } from "./api.ts";
import type { Awaits, Session } from "./api-types.ts";
import { askPasskey, passkeysHere } from "./factor-passkey.ts";
import { api } from "./path.ts";
import { type ApiProblem, asProblem } from "./problem.ts";
import css from "./page.module.css";

type Way = "totp" | "recoveryCode" | "passkey";

/** The second step of a sign-in: a code, a passkey, or a recovery code. Nothing is open before it. */
export function FactorStep(props: { awaits: Awaits; onSession: (session: Session) => void; onBack: () => void }) {
  const { awaits } = props;
  const passkey = awaits.passkey && passkeysHere();
  const [way, setWay] = useState<Way>(awaits.totp ? "totp" : passkey ? "passkey" : "recoveryCode");
  const [code, setCode] = useState("");
  const [error, setError] = useState<string>();
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [busy, setBusy] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), [way]);

  const prove = async (proof: () => Promise<object>) => {
    setBusy(true);
    setProblem(null);
    try {
      props.onSession(await write<Session>("POST", api.sessionFactor(), await proof(), { public: true }));
    } catch (thrown) {
      const met = asProblem(thrown);
      if (met.code === "kernel.session_ended") props.onBack();
      setProblem(met);
      setCode("");
      first.current?.focus();
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const clean = code.replaceAll(/[\s-]/g, "");
    const wrong =
      way === "totp" && !/^\d{6}$/.test(clean)
        ? "Enter the 6 digits your authenticator app shows."
        : way === "recoveryCode" && clean.length !== 16
          ? "Enter a recovery code: 16 letters and digits."
          : undefined;
    setError(wrong);
    if (wrong === undefined) void prove(async () => (way === "totp" ? { totp: clean } : { recoveryCode: clean }));
  };
  const byPasskey = () =>
    prove(async () => ({
      passkey: await askPasskey(
        await write<PublicKeyCredentialRequestOptionsJSON>("POST", api.sessionFactorPasskey(), undefined, {
          public: true,
        }),
      ),
    }));
  const others: readonly [Way, boolean, string][] = [
    ["totp", awaits.totp, "Use the authenticator app"],
    ["passkey", passkey, "Use a passkey"],
    ["recoveryCode", awaits.recoveryCode, "Use a recovery code"],
  ];
  return (
    <form className={css.form} onSubmit={submit} noValidate aria-label="Second factor">
      <p>Your password was right. One more step: show that it is you.</p>
      {problem !== null && <ProblemNotice problem={problem} />}
      {way === "passkey" ? (
        <div>
          <Act look="main" size="form" busy={busy} onAct={() => void byPasskey()}>
            Use a passkey
          </Act>
        </div>
      ) : (
        <>
          <Field
            key={way}
            name="factor-code"
            label={way === "totp" ? "6-digit code" : "Recovery code"}
            hint={
              way === "totp"
                ? "From your authenticator app."
                : "One of the codes you kept when you set up. It works once."
            }
            autoComplete={way === "totp" ? "one-time-code" : "off"}
            value={code}
            onChange={setCode}
            error={error}
            inputRef={first}
          />
          <div>
            <Act look="main" size="form" submit busy={busy}>
              Confirm
            </Act>
          </div>
        </>
      )}
      <div className={css.row}>
        {others
          .filter(([id, has]) => has && id !== way)
          .map(([id, , label]) => (
            <Act
              key={id}
              look="quiet"
              onAct={() => {
                setWay(id);
                setCode("");
                setError(undefined);
              }}
            >
              {label}
            </Act>
          ))}
        <Act look="quiet" onAct={props.onBack}>
          Sign in as somebody else
        </Act>
      </div>
    </form>
  );
}
