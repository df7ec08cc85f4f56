import { Act } from "@probity/web/kit/act.tsx";
import { announce } from "@probity/web/kit/announcer.tsx";
import { Choice, Field } from "@probity/web/kit/field.tsx";
import { FileDrop } from "@probity/web/kit/file-drop.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Progress } from "@probity/web/kit/progress.tsx";
import { upload } from "@probity/web/shell/api.ts";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation } from "@tanstack/react-query";
import { useId, useRef, useState } from "react";
import { attachmentApi, type Place, writers } from "./attachment-types.ts";
import css from "./attachment.module.css";
import { refusedBecause } from "./words.ts";

interface Beside {
  place: Place;
  id: string;
  title: string;
  closed?: string | undefined;
}

/** Puts files beside a record: dropped, chosen, or taken with the tablet's camera. */
export function AddFile(props: { beside: readonly Beside[]; may: readonly string[] | undefined; onAdded: () => void }) {
  const name = useId();
  const camera = useRef<HTMLInputElement>(null);
  const [note, setNote] = useState("");
  const [chosen, setChosen] = useState(props.beside[0]?.id ?? "");
  const [sending, setSending] = useState<{ name: string; share: number } | null>(null);
  const to = props.beside.find((each) => each.id === chosen) ?? props.beside[0];
  const add = useMutation({
    mutationFn: async (files: readonly File[]) => {
      if (to === undefined) return;
      for (const file of files) {
        setSending({ name: file.name, share: 0 });
        // oxlint-disable-next-line no-await-in-loop -- one after another, in the order they were chosen
        await upload(attachmentApi.add(to.place, to.id, note.trim() || undefined), file, (share) =>
          setSending({ name: file.name, share }),
        );
        announce(`${file.name} is beside ${to.title}.`);
        props.onAdded();
      }
      setNote("");
    },
    onSettled: () => setSending(null),
  });
  if (to === undefined) return null;
  const refused = to.closed ?? refusedBecause(props.may, ...writers[to.place]);
  const percent = Math.round((sending?.share ?? 0) * 100);
  return (
    <div className={css.add}>
      {add.isError && (
        <div className={css.whole}>
          <ProblemNotice problem={asProblem(add.error)} />
        </div>
      )}
      {refused === undefined && (
        <div className={css.fields}>
          {props.beside.length > 1 && (
            <Choice
              name={`${name}-to`}
              label="Beside"
              value={to.id}
              onChange={setChosen}
              options={props.beside.map((each) => ({ value: each.id, label: each.title }))}
            />
          )}
          <Field name={`${name}-note`} label="What it shows (may stay empty)" value={note} onChange={setNote} />
        </div>
      )}
      {sending === null ? (
        <FileDrop
          single
          look="line"
          accept=".png,.jpg,.jpeg,.pdf,.csv,.txt"
          refused={refused}
          onFiles={(files) => add.mutate(files)}
          more={
            <span className={css.camera}>
              <Act size="row" disabledReason={refused} onAct={() => camera.current?.click()}>
                Take a picture
              </Act>
            </span>
          }
        >
          {refused ?? "Drop a picture, PDF, CSV or text file beside it."}
        </FileDrop>
      ) : (
        <Progress stage={`Sending ${sending.name}`} done={percent} total={100} unit="%" />
      )}
      <input
        ref={camera}
        type="file"
        hidden
        accept="image/*"
        capture="environment"
        aria-label="Camera"
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])];
          event.currentTarget.value = "";
          if (files.length > 0) add.mutate(files);
        }}
      />
    </div>
  );
}
