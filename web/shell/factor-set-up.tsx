import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { encode } from "uqr";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Field } from "../kit/field.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { rotate, saveFile, write } from "./api.ts";
import { makePasskey, passkeysHere } from "./factor-passkey.ts";
import { api } from "./path.ts";
import { type ApiProblem, asProblem } from "./problem.ts";
import css from "./page.module.css";
import own from "./factor.module.css";

type Done = (recoveryCodes: string[]) => void;

/** The QR code as one path on white: cameras want dark on light, whatever the page's colours. */
function Qr({ text }: { text: string }) {
  const { data, size } = encode(text, { border: 2 });
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  return (
    <svg className={own.qr} viewBox={`0 0 ${size} ${size}`} role="img" aria-label="QR code of the secret below">
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

/** Sets up an authenticator app: scan, then one code that shows it worked. */
export function TotpSetUp({ onDone, onCancel }: { onDone: Done; onCancel: () => void }) {
  const [begun, setBegun] = useState<{ secret: string; uri: string } | null>(null);
  const [code, setCode] = useState("");
  const [error, setError] = useState<string>();
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [busy, setBusy] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  const started = useRef(false);
  useEffect(() => {
    if (started.current) return;
    started.current = true;
    write<{ secret: string; uri: string }>("POST", api.totp()).then(setBegun, (thrown: unknown) =>
      setProblem(asProblem(thrown)),
    );
  }, []);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const totp = code.replaceAll(/\s/g, "");
    const wrong = /^\d{6}$/.test(totp) ? undefined : "Enter the 6 digits your authenticator app shows.";
    setError(wrong);
    if (wrong !== undefined) return;
    setBusy(true);
    setProblem(null);
    try {
      const made = await rotate(() =>
        write<{ recoveryCodes: string[] }>("POST", api.totpConfirm(), { totp }, { public: true }),
      );
      announce("Authenticator app set up");
      onDone(made.recoveryCodes);
    } catch (thrown) {
      setProblem(asProblem(thrown));
      setCode("");
      first.current?.focus();
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className={css.form} onSubmit={(event) => void submit(event)} noValidate aria-label="Authenticator app">
      {problem !== null && <ProblemNotice problem={problem} />}
      {begun !== null && (
        <>
          <p>Scan this with an authenticator app, or type the secret into it. It is shown this once.</p>
          <Qr text={begun.uri} />
          <p className={css.mono} style={{ overflowWrap: "anywhere" }}>
            {begun.secret.replaceAll(/(.{4})(?=.)/g, "$1 ")}
          </p>
          <div className={own.code}>
            <Field
              name="totp-code"
              label="6-digit code"
              hint="The one the app shows now."
              autoComplete="one-time-code"
              value={code}
              onChange={setCode}
              error={error}
              inputRef={first}
            />
          </div>
        </>
      )}
      <div className={css.row}>
        {begun !== null && (
          <Act look="main" size="form" submit busy={busy}>
            Confirm the app
          </Act>
        )}
        <Act size="form" onAct={onCancel}>
          Not now
        </Act>
      </div>
    </form>
  );
}

/** Adds a passkey of this device or a security key. */
export function PasskeyAdd({ address, onDone }: { address: string | null; onDone: Done }) {
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [busy, setBusy] = useState(false);
  const elsewhere = address === null || location.origin !== address;
  const reason = !passkeysHere()
    ? "This browser has no passkeys."
    : address === null
      ? "Passkeys need a name in the address of this instance; it is opened by a number."
      : elsewhere
        ? `Passkeys work at ${address}. Open Probity there.`
        : undefined;
  const add = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const options = await write<PublicKeyCredentialCreationOptionsJSON>("POST", api.passkeyOptions());
      const response = await makePasskey(options);
      const name = `Passkey of ${new Date().toISOString().slice(0, 10)}`;
      const made = await rotate(() => write<{ recoveryCodes: string[] }>("POST", api.passkeys(), { name, response }));
      announce("Passkey added");
      onDone(made.recoveryCodes);
    } catch (thrown) {
      setProblem(asProblem(thrown));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      {problem !== null && <ProblemNotice problem={problem} />}
      <Act size="form" busy={busy} disabledReason={reason} onAct={() => void add()}>
        Add a passkey
      </Act>
      {reason !== undefined && <p className={css.meta}>{reason}</p>}
    </>
  );
}

/** Recovery codes, this once. */
export function RecoveryCodes({ codes, onDone }: { codes: string[]; onDone: () => void }) {
  const queries = useQueryClient();
  const text = `Probity recovery codes, each works once\n\n${codes.join("\n")}\n`;
  return (
    <section className={css.form} aria-labelledby="codes-title">
      <h2 id="codes-title">Your recovery codes</h2>
      <p>
        Each signs you in once when your app or passkey is gone. They are not shown again: keep them outside this
        computer.
      </p>
      <ul className={own.codes}>
        {codes.map((code) => (
          <li key={code} className={css.mono}>
            {code}
          </li>
        ))}
      </ul>
      <div className={css.row}>
        <Act size="form" onAct={() => saveFile(new Blob([text], { type: "text/plain" }), "probity-recovery-codes.txt")}>
          Save as a file
        </Act>
        <Act size="form" onAct={() => void navigator.clipboard.writeText(text).then(() => announce("Codes copied"))}>
          Copy codes
        </Act>
        <Act
          look="main"
          size="form"
          onAct={() => {
            void queries.invalidateQueries();
            onDone();
          }}
        >
          I have kept them
        </Act>
      </div>
    </section>
  );
}
