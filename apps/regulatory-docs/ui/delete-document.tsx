import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Field } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { write } from "@probity/web/shell/api.ts";
import css from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { docsApi } from "./path.ts";
import type { DocumentRecord } from "./types.ts";

/** Asks before a document goes, and says what goes with it and what stays. */
export function DeleteDocument(props: {
  document: DocumentRecord;
  onClose: () => void;
  onDeleted: () => Promise<unknown>;
}) {
  const { document, onClose, onDeleted } = props;
  const [reason, setReason] = useState("");
  const remove = useMutation({
    mutationFn: () =>
      write("DELETE", docsApi.documentAway(document.id, reason.trim()), undefined, { version: document.version }),
    onSuccess: async () => {
      onClose();
      await onDeleted();
    },
  });
  return (
    <Dialog open onClose={onClose} title={`Delete ${document.name}`}>
      <div className={css.form}>
        <p>
          All its revisions and download links go with it. Runs made with it keep their quotes, and the audit trail
          keeps that it was there. This cannot be undone.
        </p>
        <Field name="delete-reason" label="Why it goes" value={reason} onChange={setReason} />
        {remove.isError && <ProblemNotice problem={asProblem(remove.error)} />}
        <div className={css.row}>
          <Act size="form" onAct={onClose}>
            Keep it
          </Act>
          <Act
            look="danger"
            size="form"
            busy={remove.isPending}
            disabledReason={reason.trim() === "" ? "The reason is not given yet." : undefined}
            onAct={() => remove.mutate()}
          >
            Delete document
          </Act>
        </div>
      </div>
    </Dialog>
  );
}
