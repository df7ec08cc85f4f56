import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { Choice, Field } from "../kit/field.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { readPublic, write } from "./api.ts";
import type { LogKeys } from "./ledger-types.ts";
import { api } from "./path.ts";
import { asProblem } from "./problem.ts";
import { CopyLine } from "./sso-copy.tsx";
import pageCss from "./page.module.css";
import css from "./ledger.module.css";

type Added = { id: string; secret: string | null };

function useAdd() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Record<string, string>) => write<Added>("POST", api.anchorTargets(), body),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["anchors"] }),
  });
}

/** Adds a witness: what its operator needs from here, and what is needed from them. */
export function AddWitness({ onClose }: { onClose: () => void }) {
  const keys = useQuery({ queryKey: ["log-keys"], queryFn: () => readPublic<LogKeys>(api.logKeys()) });
  const add = useAdd();
  const [name, setName] = useState("");
  const [address, setAddress] = useState("");
  const [vkey, setVkey] = useState("");
  const [errors, setErrors] = useState<{ name?: string; address?: string; vkey?: string }>({});
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const found: typeof errors = {};
    if (name.trim() === "") found.name = "Name who runs the witness.";
    if (!/^https?:\/\/\S+$/.test(address.trim()))
      found.address = "Enter its address, such as https://witness.example.org.";
    if (!/^\S+\+[0-9a-f]{8}\+\S+$/.test(vkey.trim()))
      found.vkey = "Enter its key: a name, a plus, eight digits, a plus, a key.";
    setErrors(found);
    if (Object.keys(found).length > 0) return;
    add.mutate(
      { kind: "witness", name: name.trim(), address: address.trim(), vkey: vkey.trim() },
      {
        onSuccess: () => {
          announce("Witness added; it is asked now");
          onClose();
        },
      },
    );
  };
  return (
    <Dialog open onClose={onClose} title="Add a witness" size={600}>
      <form className={pageCss.form} noValidate onSubmit={submit}>
        <p>
          A witness runs elsewhere, remembers the size it saw last, and cosigns only what continues it. It sees no entry
          and no name, only that the log grew. Give its operator these two lines:
        </p>
        {keys.data !== undefined && (
          <dl className={css.give}>
            <CopyLine label="The log" value={keys.data.platform} />
            <CopyLine label="Its key" value={keys.data.vkeys[0] ?? ""} />
          </dl>
        )}
        {keys.isError && <ProblemNotice problem={asProblem(keys.error)} />}
        {add.isError && <ProblemNotice problem={asProblem(add.error)} />}
        <Field name="witness-name" label="Who runs it" value={name} onChange={setName} error={errors.name} />
        <Field
          name="witness-address"
          label="Its address"
          value={address}
          onChange={setAddress}
          error={errors.address}
          hint="add-checkpoint is put behind it"
        />
        <Field
          name="witness-key"
          label="Its key"
          value={vkey}
          onChange={setVkey}
          error={errors.vkey}
          hint="name+id+key, as npx probity witness prints it"
        />
        <div className={pageCss.row}>
          <Act look="main" size="form" submit busy={add.isPending}>
            Add the witness
          </Act>
          <Act size="form" onAct={onClose}>
            Leave it
          </Act>
        </div>
      </form>
    </Dialog>
  );
}

/** Adds an address that gets copies: a mailbox, or a program that keeps them. */
export function AddAddress({ sendsMail, hours, onClose }: { sendsMail: boolean; hours: number; onClose: () => void }) {
  const add = useAdd();
  const [kind, setKind] = useState<"mail" | "webhook">("mail");
  const [name, setName] = useState("");
  const [address, setAddress] = useState("");
  const [errors, setErrors] = useState<{ name?: string; address?: string }>({});
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const found: typeof errors = {};
    if (name.trim() === "") found.name = "Name who keeps the copies.";
    if (kind === "mail" ? !/^\S+@\S+\.\S+$/.test(address.trim()) : !/^https?:\/\/\S+$/.test(address.trim()))
      found.address =
        kind === "mail" ? "Enter an address such as audit@example.org." : "Enter an address that begins with https.";
    setErrors(found);
    if (Object.keys(found).length === 0) add.mutate({ kind, name: name.trim(), address: address.trim() });
  };
  const made = add.data;
  return (
    <Dialog open onClose={onClose} title="Add an address" size={520}>
      {made === undefined ? (
        <form className={pageCss.form} noValidate onSubmit={submit}>
          <p>
            The newest checkpoint is sent every {hours === 24 ? "day" : `${hours} hours`} when the log has grown. Choose
            somebody who would not change it for you: an auditor, a customer, another department.
          </p>
          {add.isError && <ProblemNotice problem={asProblem(add.error)} />}
          <Choice
            name="copy-kind"
            label="How"
            value={kind}
            onChange={setKind}
            options={[
              { value: "mail", label: "By mail" },
              { value: "webhook", label: "To a program, by signed webhook" },
            ]}
          />
          <Field name="copy-name" label="Who keeps them" value={name} onChange={setName} error={errors.name} />
          <Field
            name="copy-address"
            label={kind === "mail" ? "Mail address" : "Address"}
            kind={kind === "mail" ? "email" : "text"}
            value={address}
            onChange={setAddress}
            error={errors.address}
            {...(kind === "mail" && !sendsMail
              ? { hint: "This server sends no mail: copies wait in the outbox until somebody hands them on." }
              : {})}
          />
          <div className={pageCss.row}>
            <Act look="main" size="form" submit busy={add.isPending}>
              Add the address
            </Act>
            <Act size="form" onAct={onClose}>
              Leave it
            </Act>
          </div>
        </form>
      ) : (
        <Secret secret={made.secret} onClose={onClose} text="The address was added; its first copy leaves now." />
      )}
    </Dialog>
  );
}

/** Shown once: what a receiver checks our signatures with. */
export function Secret({ secret, text, onClose }: { secret: string | null; text: string; onClose: () => void }) {
  return (
    <div className={pageCss.form}>
      <p>{text}</p>
      {secret !== null && (
        <>
          <p>
            Every message is signed as Standard Webhooks. Put this secret where the receiver keeps its own; it is not
            shown again.
          </p>
          <p className={pageCss.mono} style={{ overflowWrap: "anywhere" }}>
            {secret}
          </p>
        </>
      )}
      <div className={pageCss.row}>
        {secret !== null && (
          <Act
            look="main"
            size="form"
            onAct={() => void navigator.clipboard.writeText(secret).then(() => announce("Secret copied"))}
          >
            Copy secret
          </Act>
        )}
        <Act size="form" onAct={onClose}>
          Done
        </Act>
      </div>
    </div>
  );
}
