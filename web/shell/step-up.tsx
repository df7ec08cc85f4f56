import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { Act } from "../kit/act.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { Field } from "../kit/field.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { read, rotate, whenStepUp, write } from "./api.ts";
import { apps } from "./apps.ts";
import type { Factors } from "./api-types.ts";
import { goElsewhere } from "./elsewhere.ts";
import { askPasskey, passkeysHere } from "./factor-passkey.ts";
import { api } from "./path.ts";
import { type ApiProblem, asProblem, type StepUpAct } from "./problem.ts";
import { sayAct } from "./step-up-words.ts";
import css from "./page.module.css";

type Asked = { act: StepUpAct; answer: (grant: string | null) => void };

/** Asks for a fresh proof when an act needs one, and sends the act again. What was entered beneath stays. */
export function StepUp() {
  const [asked, setAsked] = useState<Asked | null>(null);
  useEffect(() => {
    whenStepUp((act) => new Promise((answer) => setAsked({ act, answer })));
    return () => whenStepUp(async () => null);
  }, []);
  const close = (grant: string | null) => {
    asked?.answer(grant);
    setAsked(null);
  };
  return (
    <Dialog open={asked !== null} onClose={() => close(null)} title="Confirm it is you" above>
      {asked !== null && <Proof act={asked.act} onGrant={close} />}
    </Dialog>
  );
}

function Proof({ act, onGrant }: { act: StepUpAct; onGrant: (grant: string | null) => void }) {
  const { action, subject, workspace } = act;
  const provider = useQuery({
    queryKey: ["step-up-provider", workspace],
    queryFn: () => read<{ name: string | null }>(api.stepUpProviderOf(workspace ?? "")),
    enabled: workspace !== null,
  });
  const name = provider.data?.name ?? null;
  const factors = useQuery({ queryKey: ["factors"], queryFn: () => read<Factors>(api.factors()) });
  const [way, setWay] = useState<"password" | "totp">("password");
  const [text, setText] = useState("");
  const [error, setError] = useState<string>();
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [busy, setBusy] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  const away = useRef(new AbortController());
  useEffect(() => () => away.current.abort(), []);
  useEffect(() => {
    // After the dialog has taken the focus in.
    const wait = setTimeout(() => first.current?.focus(), 50);
    return () => clearTimeout(wait);
  }, [way]);
  const prove = async (proof: () => Promise<object>) => {
    setBusy(true);
    setProblem(null);
    try {
      const given = await proof();
      const made = await rotate(() =>
        write<{ grant: string }>("POST", api.stepUp(), { action, subject, workspace, proof: given }, { public: true }),
      );
      onGrant(made.grant);
    } catch (thrown) {
      setProblem(asProblem(thrown));
      setText("");
      setBusy(false);
      first.current?.focus();
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const clean = text.replaceAll(/\s/g, "");
    const wrong =
      way === "totp" && !/^\d{6}$/.test(clean)
        ? "Enter the 6 digits your authenticator app shows."
        : text === ""
          ? "Enter your password."
          : undefined;
    setError(wrong);
    if (wrong === undefined) void prove(async () => (way === "totp" ? { totp: clean } : { password: text }));
  };
  const elsewhere = async (workspace: string) => {
    setBusy(true);
    setProblem(null);
    try {
      const path = api.stepUpProvider();
      const begin = () =>
        write<{ url: string; id: string; grant: string }>("POST", path, { action, subject, workspace });
      // The second window comes back with a new token of this session.
      const made = await rotate(() => goElsewhere(begin, away.current.signal));
      onGrant(made.grant);
    } catch (thrown) {
      if (away.current.signal.aborted) return;
      setProblem(asProblem(thrown));
      setBusy(false);
    }
  };
  const said = sayAct(
    act,
    apps.map((app) => app.confirms),
  );
  const hasPasskey = (factors.data?.passkeys.length ?? 0) > 0 && passkeysHere();
  const hasTotp = factors.data?.totp !== null && factors.data !== undefined;
  if (name !== null && workspace !== null) {
    return (
      <div className={css.form}>
        <p>
          You are about to <b>{said}</b>. {name} asks who you are in a second window; what you entered here stays.
        </p>
        {problem !== null && <ProblemNotice problem={problem} />}
        <div className={css.row}>
          <Act look="main" size="form" busy={busy} onAct={() => void elsewhere(workspace)}>
            {`Confirm with ${name}`}
          </Act>
          <Act size="form" onAct={() => onGrant(null)}>
            Not now
          </Act>
        </div>
      </div>
    );
  }
  return (
    <form className={css.form} onSubmit={submit} noValidate>
      <p>
        You are about to <b>{said}</b>. The proof counts for this act alone.
      </p>
      {problem !== null && <ProblemNotice problem={problem} />}
      <Field
        key={way}
        name="step-up"
        label={way === "password" ? "Your password" : "6-digit code"}
        kind={way === "password" ? "password" : "text"}
        autoComplete={way === "password" ? "current-password" : "one-time-code"}
        value={text}
        onChange={setText}
        error={error}
        inputRef={first}
      />
      <div className={css.row}>
        <Act look="main" size="form" submit busy={busy}>
          Confirm
        </Act>
        {hasPasskey && (
          <Act
            size="form"
            onAct={() =>
              void prove(async () => ({
                passkey: await askPasskey(
                  await write<PublicKeyCredentialRequestOptionsJSON>("POST", api.stepUpPasskey(), undefined, {
                    public: true,
                  }),
                ),
              }))
            }
          >
            Use a passkey
          </Act>
        )}
        {hasTotp && (
          <Act
            look="quiet"
            onAct={() => {
              setWay(way === "password" ? "totp" : "password");
              setText("");
              setError(undefined);
            }}
          >
            {way === "password" ? "Use the authenticator app" : "Use the password"}
          </Act>
        )}
        <Act size="form" onAct={() => onGrant(null)}>
          Not now
        </Act>
      </div>
    </form>
  );
}
