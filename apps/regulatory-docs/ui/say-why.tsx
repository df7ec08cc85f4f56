import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Field } from "@probity/web/kit/field.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import css from "@probity/web/shell/page.module.css";
import { type FormEvent, useState } from "react";
import type { Upload } from "./use-uploads.ts";

/** Files that replace what a signed report stands on: they wait until somebody says why, once for all of them. */
export function SayWhy({ waiting, onSaid }: { waiting: readonly Upload[]; onSaid: (reason: string) => void }) {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const [wrong, setWrong] = useState<string>();
  if (waiting.length === 0) return null;
  const one = waiting.length === 1 ? waiting[0]?.file.name : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (reason.trim() === "") return setWrong("Say why, in a few words.");
    setOpen(false);
    setReason("");
    onSaid(reason.trim());
  };
  return (
    <>
      <Notice tone="partial" act={<Act onAct={() => setOpen(true)}>Say why</Act>}>
        <b>{one === undefined ? `${waiting.length} files replace documents` : `${one} replaces a document`}</b> that a
        signed report stands on. Nothing of {one === undefined ? "them" : "it"} was stored, and the report stays as it
        was signed. Say why, and {one === undefined ? "they become" : "it becomes"} the next revision.
      </Notice>
      <Dialog
        open={open}
        onClose={() => setOpen(false)}
        title={one === undefined ? `Why ${waiting.length} documents change` : `Why ${one} changes`}
      >
        <form className={css.form} noValidate onSubmit={submit}>
          <p>
            {one === undefined
              ? "The reason stands beside each new revision, "
              : "The reason stands beside the new revision, "}
            in the audit trail and for good. The signed report keeps the revision it read.
          </p>
          {one === undefined && (
            <ul>
              {waiting.map(({ key, file }) => (
                <li key={key}>{file.name}</li>
              ))}
            </ul>
          )}
          <Field name="revision-reason" label="Why" value={reason} onChange={setReason} error={wrong} />
          <div className={css.row}>
            <Act look="main" size="form" submit>
              {one === undefined ? "Replace the documents" : "Replace the document"}
            </Act>
            <Act size="form" onAct={() => setOpen(false)}>
              Not now
            </Act>
          </div>
        </form>
      </Dialog>
    </>
  );
}
