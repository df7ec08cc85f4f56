import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { Choice } from "../kit/field.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { showTime } from "../kit/time.ts";
import { write } from "./api.ts";
import { Secret } from "./ledger-add.tsx";
import type { Stream } from "./ledger-types.ts";
import { api } from "./path.ts";
import { asProblem } from "./problem.ts";
import css from "./ledger.module.css";
import pageCss from "./page.module.css";

const overlaps = [
  { value: "24", label: "signs too for a day" },
  { value: "168", label: "signs too for a week" },
  { value: "0", label: "ends at once, as after a leak" },
] as const;

/** Another secret for a webhook, shown once; for the overlap both sign. `list`: what is read anew when it is made. */
export function NewSecret(props: { name: string; path: string; list: "streams" | "anchors"; onClose: () => void }) {
  const { name, path, list, onClose } = props;
  const queries = useQueryClient();
  const [overlap, setOverlap] = useState<(typeof overlaps)[number]["value"]>("24");
  const rotate = useMutation({
    mutationFn: () =>
      write<{ secret: string; previousUntil: string | null }>("POST", path, { overlapHours: Number(overlap) }),
    onSuccess: () => queries.invalidateQueries({ queryKey: [list] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    rotate.mutate();
  };
  const made = rotate.data;
  return (
    <Dialog open onClose={onClose} title={`A new secret for ${name}`} size={560}>
      {made === undefined ? (
        <form className={pageCss.form} noValidate onSubmit={submit}>
          {rotate.isError && <ProblemNotice problem={asProblem(rotate.error)} />}
          <Choice name="overlap" label="The old secret" value={overlap} onChange={setOverlap} options={[...overlaps]} />
          <div className={pageCss.row}>
            <Act look="main" size="form" submit busy={rotate.isPending}>
              Make a new secret
            </Act>
            <Act size="form" onAct={onClose}>
              Leave it
            </Act>
          </div>
        </form>
      ) : (
        <Secret
          secret={made.secret}
          onClose={onClose}
          text={
            made.previousUntil === null
              ? "Every message is signed by this secret alone from now on."
              : `Until ${showTime(made.previousUntil)} every message is signed by both, then by this one alone.`
          }
        />
      )}
    </Dialog>
  );
}

/** The certificate a syslog stream shows; its key goes in here and is never seen again. */
export function NewCertificate({ stream, onClose }: { stream: Stream; onClose: () => void }) {
  const queries = useQueryClient();
  const [certificate, setCertificate] = useState("");
  const [key, setKey] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const put = useMutation({
    mutationFn: (client: { certificate: string; key: string } | null) =>
      write("PUT", api.streamAct(stream.id, "certificate"), { client }),
    onSuccess: (_, client) => {
      announce(client === null ? `${stream.name} is shown no certificate` : `${stream.name} is shown this certificate`);
      onClose();
      return queries.invalidateQueries({ queryKey: ["streams"] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const missing = certificate.trim() === "" || key.trim() === "";
    setWrong(missing ? "Paste the certificate and its key." : null);
    if (!missing) put.mutate({ certificate, key });
  };
  const shown = stream.certificate;
  return (
    <Dialog open onClose={onClose} title={`The certificate ${stream.name} is shown`} size={600}>
      <form className={pageCss.form} noValidate onSubmit={submit}>
        {put.isError && <ProblemNotice problem={asProblem(put.error)} />}
        {shown === null ? (
          <p>None is shown. A receiver that asks who calls takes nothing until there is one it knows.</p>
        ) : (
          <div>
            <p>
              Now: {shown.subject}, until {showTime(shown.until)}.
            </p>
            <p className={`${pageCss.meta} ${pageCss.mono}`} style={{ overflowWrap: "anywhere" }}>
              SHA-256 {shown.fingerprint}
            </p>
          </div>
        )}
        <PemField
          name="certificate"
          label="Certificate"
          hint="PEM; the stream’s own first, then those that lead to its authority"
          value={certificate}
          onChange={setCertificate}
        />
        <PemField
          name="key"
          label="Its key"
          hint="PEM without a passphrase. It is sealed and never shown again."
          value={key}
          onChange={setKey}
        />
        {wrong !== null && <p className={css.wrong}>{wrong}</p>}
        <div className={pageCss.row}>
          <Act look="main" size="form" submit busy={put.isPending}>
            Show this one
          </Act>
          {shown !== null && (
            <Act size="form" onAct={() => put.mutate(null)}>
              Show none
            </Act>
          )}
          <Act size="form" onAct={onClose}>
            Leave it
          </Act>
        </div>
      </form>
    </Dialog>
  );
}

/** A PEM text that is pasted. */
export function PemField(props: {
  name: string;
  label: string;
  hint?: string;
  value: string;
  onChange: (value: string) => void;
}) {
  return (
    <label className={css.pasted} htmlFor={props.name}>
      <b>{props.label}</b>
      {props.hint !== undefined && <span className={pageCss.meta}>{props.hint}</span>}
      <textarea
        id={props.name}
        className={css.pem}
        rows={3}
        spellCheck={false}
        autoComplete="off"
        value={props.value}
        onChange={(event) => props.onChange(event.currentTarget.value)}
      />
    </label>
  );
}
