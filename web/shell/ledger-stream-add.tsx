import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Act } from "../kit/act.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { Choice, Field } from "../kit/field.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { write } from "./api.ts";
import { Secret } from "./ledger-add.tsx";
import { PemField } from "./ledger-stream-renew.tsx";
import { api } from "./path.ts";
import { asProblem } from "./problem.ts";
import css from "./ledger.module.css";
import pageCss from "./page.module.css";

/** Adds a stream: where to, in which words, from when on, and whether names travel. */
export function AddStream({ size, onClose }: { size: number; onClose: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [kind, setKind] = useState<"webhook" | "syslog">("webhook");
  const [address, setAddress] = useState("");
  const [authority, setAuthority] = useState("");
  const [certificate, setCertificate] = useState("");
  const [key, setKey] = useState("");
  const [format, setFormat] = useState<"json" | "ocsf">("json");
  const [from, setFrom] = useState<"now" | "beginning">("now");
  const [personal, setPersonal] = useState(false);
  const [errors, setErrors] = useState<{ name?: string; address?: string; key?: string }>({});
  const add = useMutation({
    mutationFn: () =>
      write<{ id: string; secret: string | null }>("POST", api.streams(), {
        name: name.trim(),
        kind,
        address: address.trim(),
        ...(kind === "syslog" && authority.trim() !== "" ? { authority } : {}),
        ...(kind === "syslog" && certificate.trim() !== "" ? { client: { certificate, key } } : {}),
        format,
        personal,
        from,
      }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["streams"] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const found: typeof errors = {};
    if (name.trim() === "") found.name = "Name the receiver.";
    if (kind === "webhook" ? !/^https?:\/\/\S+$/.test(address.trim()) : !/^\S+:\d{1,5}$/.test(address.trim()))
      found.address =
        kind === "webhook"
          ? "Enter an address that begins with https."
          : "Enter host:port, such as logs.example.org:6514.";
    if (kind === "syslog" && (certificate.trim() === "") !== (key.trim() === ""))
      found.key = "A certificate is shown with its key: paste both, or neither.";
    setErrors(found);
    if (Object.keys(found).length === 0) add.mutate();
  };
  return (
    <Dialog open onClose={onClose} title="Add a stream" size={560}>
      {add.data === undefined ? (
        <form className={pageCss.form} noValidate onSubmit={submit}>
          {add.isError && <ProblemNotice problem={asProblem(add.error)} />}
          <Field name="stream-name" label="Name" value={name} onChange={setName} error={errors.name} />
          <Choice
            name="stream-kind"
            label="How"
            value={kind}
            onChange={setKind}
            options={[
              { value: "webhook", label: "HTTPS webhook, each message signed" },
              { value: "syslog", label: "Syslog over TLS (RFC 5424, 5425)" },
            ]}
          />
          <Field
            name="stream-address"
            label={kind === "webhook" ? "Address" : "Host and port"}
            value={address}
            onChange={setAddress}
            error={errors.address}
          />
          {kind === "syslog" && (
            <>
              <PemField
                name="stream-authority"
                label="Certificate authority"
                hint="PEM. Empty: the public ones are believed."
                value={authority}
                onChange={setAuthority}
              />
              <PemField
                name="stream-certificate"
                label="Certificate to show"
                hint="PEM, for a receiver that asks who calls. Empty: none is shown."
                value={certificate}
                onChange={setCertificate}
              />
              {certificate.trim() !== "" && (
                <PemField
                  name="stream-key"
                  label="Its key"
                  hint="PEM without a passphrase. It is sealed and never shown again."
                  value={key}
                  onChange={setKey}
                />
              )}
              {errors.key !== undefined && <p className={css.wrong}>{errors.key}</p>}
            </>
          )}
          <Choice
            name="stream-format"
            label="Format"
            value={format}
            onChange={setFormat}
            options={[
              { value: "json", label: "JSON: the entry and what stands in it" },
              { value: "ocsf", label: "OCSF 1.1: classes a SIEM knows" },
            ]}
          />
          <Choice
            name="stream-from"
            label="Begins with"
            value={from}
            onChange={setFrom}
            options={[
              { value: "now", label: "what happens from now on" },
              { value: "beginning", label: `the first entry there is (${size.toLocaleString("en-GB")} by now)` },
            ]}
          />
          <label className={css.check}>
            <input type="checkbox" checked={personal} onChange={(event) => setPersonal(event.currentTarget.checked)} />
            <span>
              Names and addresses of people travel along
              <span className={pageCss.meta}> · what the receiver has can't be erased from here</span>
            </span>
          </label>
          <div className={pageCss.row}>
            <Act look="main" size="form" submit busy={add.isPending}>
              Add the stream
            </Act>
            <Act size="form" onAct={onClose}>
              Leave it
            </Act>
          </div>
        </form>
      ) : (
        <Secret secret={add.data.secret} onClose={onClose} text="The stream was added and begins now." />
      )}
    </Dialog>
  );
}
