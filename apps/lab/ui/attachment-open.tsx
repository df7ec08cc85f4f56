import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { bytes, saveFile, write } from "@probity/web/shell/api.ts";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { attachmentApi, type Attachment } from "./attachment-types.ts";
import css from "./attachment.module.css";

const pictures: Readonly<Record<string, string>> = { png: "image/png", jpeg: "image/jpeg" };

/** Opens a file by a link of one hour, which leaves its leaf: a picture in the page, anything else as a download. */
export function OpenFile({ file }: { file: Attachment }) {
  const [shown, setShown] = useState<{ url: string; blob: Blob } | null>(null);
  const type = pictures[file.kind];
  const open = useMutation({
    mutationFn: async () => {
      const link = await write<{ url: string }>("POST", attachmentApi.open(file.id));
      return new Blob([await bytes(link.url)], { type: type ?? "application/octet-stream" });
    },
    onSuccess: (blob) => {
      if (type === undefined) saveFile(blob, file.name);
      else setShown({ url: URL.createObjectURL(blob), blob });
    },
  });
  useEffect(() => () => (shown === null ? undefined : URL.revokeObjectURL(shown.url)), [shown]);
  return (
    <>
      <Act
        label={`${type === undefined ? "Save" : "Open"} ${file.name}`}
        busy={open.isPending}
        disabledReason={
          file.covered ? "Covered by the blind. It opens when the sample is revealed or unblinded." : undefined
        }
        onAct={() => open.mutate()}
      >
        {type === undefined ? "Save" : "Open"}
      </Act>
      {open.isError && (
        <Dialog open above title="The file was not opened" onClose={() => open.reset()}>
          <ProblemNotice problem={asProblem(open.error)} onRetry={() => open.mutate()} />
        </Dialog>
      )}
      {shown !== null && (
        <Dialog open above size={880} title={file.name} onClose={() => setShown(null)}>
          <img className={css.picture} src={shown.url} alt={file.note ?? file.name} />
          <p className={css.below}>
            <span className={css.full}>sha-256 {file.sha256}</span>
            <Act onAct={() => saveFile(shown.blob, file.name)}>Save</Act>
          </p>
        </Dialog>
      )}
    </>
  );
}
