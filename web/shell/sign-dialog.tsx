import { type FormEvent, useEffect, useRef, useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { Choice, Field } from "../kit/field.tsx";
import { Notice } from "../kit/notice.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { write } from "./api.ts";
import { goElsewhere } from "./elsewhere.ts";
import { askPasskey, passkeysHere } from "./factor-passkey.ts";
import { type ApiProblem, asProblem } from "./problem.ts";
import type { SigningChallenge, SigningStep, SigningView } from "./sign-types.ts";
import { shortHash } from "./sign-words.ts";
import page from "./page.module.css";
import css from "./sign.module.css";

interface Props {
  /** The record's address in the API. */
  one: string;
  view: SigningView;
  step: SigningStep;
  onClose: () => void;
  onSigned: () => void;
}

/** Signs a record: what exactly, with which meaning, then who. Nothing is preset, and no key sends it by itself. */
export function SignDialog(props: Props) {
  const [challenge, setChallenge] = useState<SigningChallenge | null>(null);
  const [meaning, setMeaning] = useState("");
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const again = (found: ApiProblem) => {
    setChallenge(null);
    setProblem(found);
  };
  return (
    <Dialog open title={titleOf(props.step.title, props.view.title)} onClose={props.onClose} size={560}>
      <div className={page.form}>
        {problem !== null && <ProblemNotice problem={problem} />}
        {challenge === null ? (
          <What {...props} meaning={meaning} onMeaning={setMeaning} onChallenge={setChallenge} onProblem={setProblem} />
        ) : (
          <Who {...props} challenge={challenge} meaning={meaning} onAgain={again} onProblem={setProblem} />
        )}
      </div>
    </Dialog>
  );
}

function What(
  props: Props & {
    meaning: string;
    onMeaning: (meaning: string) => void;
    onChallenge: (challenge: SigningChallenge) => void;
    onProblem: (problem: ApiProblem | null) => void;
  },
) {
  const { view, step, meaning } = props;
  const [code, setCode] = useState("");
  const [reason, setReason] = useState("");
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const wrong =
      meaning === ""
        ? "Choose what your signature means."
        : step.reason === "required" && code === "" && reason.trim() === ""
          ? "Give a reason."
          : undefined;
    setError(wrong);
    if (wrong !== undefined) return;
    setBusy(true);
    props.onProblem(null);
    const given =
      step.reason === "none"
        ? {}
        : { reasonCode: code === "" ? null : code, reason: reason.trim() === "" ? null : reason.trim() };
    try {
      const path = `${props.one}/signing/challenge`;
      const body = { step: step.id, meaning, ...given };
      props.onChallenge(await write<SigningChallenge>("POST", path, body, { version: view.version }));
    } catch (thrown) {
      props.onProblem(asProblem(thrown));
      setBusy(false);
    }
  };
  return (
    <form className={page.form} onSubmit={(event) => void submit(event)} noValidate>
      <dl className={css.facts}>
        {view.facts.map((fact) => (
          <Fact key={fact.label} label={fact.label} value={fact.value} />
        ))}
        <dt>Version, bytes</dt>
        <dd>
          version {view.signedVersion},{" "}
          <span className={css.hash} title={view.recordHash ?? ""}>
            sha-256 {shortHash(view.recordHash ?? "")}
          </span>
        </dd>
      </dl>
      <fieldset className={css.meanings} aria-describedby={error === undefined ? undefined : "sign-error"}>
        <legend>Your signature means</legend>
        {step.meanings.map((each) => (
          <label key={each}>
            <input
              type="radio"
              name="sign-meaning"
              checked={meaning === each}
              onChange={() => {
                props.onMeaning(each);
                setError(undefined);
              }}
            />
            {each}
          </label>
        ))}
      </fieldset>
      {step.reason !== "none" && (
        <>
          {step.reasons.length > 0 && (
            <Choice
              name="sign-code"
              label="Reason"
              value={code}
              options={[
                { value: "", label: step.reason === "required" ? "Choose one, or write it" : "None" },
                ...step.reasons.map((each) => ({ value: each.code, label: each.label })),
              ]}
              onChange={setCode}
            />
          )}
          <Field
            name="sign-reason"
            label="In words"
            hint={step.reason === "required" ? "" : "Where there is more to say"}
            value={reason}
            onChange={setReason}
          />
        </>
      )}
      {error !== undefined && (
        <p id="sign-error" role="alert" className={css.error}>
          {error}
        </p>
      )}
      <div className={page.row}>
        <Act look="main" size="form" submit busy={busy}>
          Go on to sign
        </Act>
        <Act size="form" onAct={props.onClose}>
          Cancel
        </Act>
      </div>
    </form>
  );
}

function Fact({ label, value }: { label: string; value: string }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </>
  );
}

interface Leaving {
  url: string;
  id: string;
}

/** What happens in the second window, and how it stands. */
function ProviderAsks(props: { name: string; asked: "not" | "waiting" | "confirmed"; onAgain: () => void }) {
  const { name, asked } = props;
  if (asked === "confirmed") {
    return <Notice tone="covered">{name} has just confirmed that it is you. Sign below.</Notice>;
  }
  if (asked === "not") {
    return <p className={page.muted}>{name} asks who you are in a second window. Nothing entered here is lost.</p>;
  }
  return (
    <Notice
      tone="partial"
      act={
        <Act look="quiet" onAct={props.onAgain}>
          Open it again
        </Act>
      }
    >
      Waiting for {name}. Sign in there, in the second window, with your own account.
    </Notice>
  );
}

function Who(
  props: Props & {
    challenge: SigningChallenge;
    meaning: string;
    onAgain: (problem: ApiProblem) => void;
    onProblem: (problem: ApiProblem | null) => void;
  },
) {
  const { challenge } = props;
  const { needed, password: hasPassword, totp: hasTotp, passkey: hasPasskey, provider } = challenge.components;
  const [userName, setUserName] = useState("");
  const [password, setPassword] = useState("");
  const [totp, setTotp] = useState("");
  const [busy, setBusy] = useState(false);
  const [asked, setAsked] = useState<"not" | "waiting" | "confirmed">("not");
  const away = useRef<AbortController>(null);
  useEffect(() => () => away.current?.abort(), []);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const wait = setTimeout(() => first.current?.focus(), 50);
    return () => clearTimeout(wait);
  }, []);
  const all = needed === "all";
  const byPasskey = hasPasskey && challenge.passkeyHere && passkeysHere();
  const send = async (proof: () => Promise<object>) => {
    setBusy(true);
    props.onProblem(null);
    try {
      await write("POST", `${props.one}/signatures`, { challenge: challenge.challenge, ...(await proof()) });
      announce("Signed");
      props.onSigned();
    } catch (thrown) {
      const problem = asProblem(thrown);
      setPassword("");
      setTotp("");
      setBusy(false);
      // A challenge that is gone is begun again; a wrong proof is tried again.
      if (problem.code === "signing.refused" || problem.code === "signing.components_missing") props.onProblem(problem);
      else props.onAgain(problem);
    }
  };
  const ask = async () => {
    const gone = new AbortController();
    away.current?.abort();
    away.current = gone;
    setAsked("waiting");
    props.onProblem(null);
    try {
      const path = `${props.one}/signing/provider`;
      await goElsewhere(() => write<Leaving>("POST", path, { challenge: challenge.challenge }), gone.signal);
      setAsked("confirmed");
    } catch (thrown) {
      if (gone.signal.aborted) return;
      setAsked("not");
      props.onProblem(asProblem(thrown));
    }
  };
  const byProvider = provider !== null && !byPasskey;
  const ready = hasPassword || asked === "confirmed";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!ready) return;
    void send(async () => ({
      ...(all && hasPassword ? { userName: userName.trim() } : {}),
      ...(password === "" ? {} : { password }),
      ...(totp === "" ? {} : { totp: totp.replaceAll(/\s/g, "") }),
    }));
  };
  return (
    <form className={page.form} onSubmit={submit} noValidate>
      <p className={css.words}>
        “{props.meaning}”, signed by {challenge.printedName}
      </p>
      <p className={page.muted}>
        Version {challenge.signedVersion}, <span className={css.hash}>sha-256 {shortHash(challenge.recordHash)}</span>.
        The server sets the time.
      </p>
      {!hasPassword && !byPasskey && provider === null && (
        <Notice tone="partial">
          Your account has neither a password nor a passkey that works here. Set one up on your account page to sign.
        </Notice>
      )}
      {provider !== null && !hasPassword && <ProviderAsks name={provider} asked={asked} onAgain={() => void ask()} />}
      {provider !== null && asked === "confirmed" && all && hasTotp && (
        <Field
          name="sign-totp"
          label="6-digit code of your app"
          autoComplete="one-time-code"
          value={totp}
          onChange={setTotp}
        />
      )}
      {hasPassword && (
        <>
          {all && (
            <Field
              name="sign-user"
              label="Your e-mail address"
              kind="email"
              autoComplete="off"
              value={userName}
              onChange={setUserName}
              inputRef={first}
            />
          )}
          <Field
            name="sign-password"
            label="Your password"
            hint={all ? "" : "One component is enough within this series of signatures"}
            kind="password"
            autoComplete="current-password"
            value={password}
            onChange={setPassword}
            {...(all ? {} : { inputRef: first })}
          />
          {all && hasTotp && (
            <Field
              name="sign-totp"
              label="6-digit code of your app"
              autoComplete="one-time-code"
              value={totp}
              onChange={setTotp}
            />
          )}
        </>
      )}
      <p className={page.muted}>Equal to your handwritten signature.</p>
      <div className={page.row}>
        {provider !== null && asked === "not" && (
          <Act look={byProvider ? "main" : "plain"} size="form" onAct={() => void ask()}>
            {`Confirm with ${provider}`}
          </Act>
        )}
        {ready && (
          <Act look="main" size="form" submit busy={busy}>
            {`Sign as ${challenge.printedName}`}
          </Act>
        )}
        {byPasskey && (
          <Act
            size="form"
            onAct={() =>
              void send(async () => ({
                passkey: await askPasskey(
                  await write<PublicKeyCredentialRequestOptionsJSON>("POST", `${props.one}/signing/passkey-options`, {
                    challenge: challenge.challenge,
                  }),
                ),
              }))
            }
          >
            Sign with a passkey
          </Act>
        )}
        <Act size="form" onAct={props.onClose}>
          Cancel
        </Act>
      </div>
    </form>
  );
}

/** The step and what is signed; said once where the record bears the name of the step. */
function titleOf(step: string, record: string): string {
  return record.toLowerCase().startsWith(step.toLowerCase()) ? record : `${step}: ${record}`;
}
