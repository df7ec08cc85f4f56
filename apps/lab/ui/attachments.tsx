import { Act } from "@probity/web/kit/act.tsx";
import { announce } from "@probity/web/kit/announcer.tsx";
import { Field } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { read, write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { AddFile } from "./attachment-add.tsx";
import { OpenFile } from "./attachment-open.tsx";
import { attachmentApi, type Attachment, type Filter, type Place, sayBytes, writers } from "./attachment-types.ts";
import css from "./attachment.module.css";
import { refusedBecause } from "./words.ts";

interface Props {
  /** Which files are listed. */
  filter: Filter;
  /** Which records a file may be put beside here; the first is chosen. None: they are only shown. */
  beside: readonly { place: Place; id: string; title: string; closed?: string | undefined }[];
  may: readonly string[] | undefined;
  empty: string;
  /** Said where a file shows what somebody must not know yet. */
  warning?: string | undefined;
  level?: 2 | 3;
}

/** Files beside a record: print-outs, chromatograms, photos. Struck out they stay, with the reason. */
export function Attachments(props: Props) {
  const queries = useQueryClient();
  const key = ["lab-attachments", props.filter];
  const files = useQuery({
    queryKey: key,
    queryFn: () => read<{ items: Attachment[] }>(attachmentApi.list(props.filter)),
  });
  // A result says how many files are beside it wherever it is listed.
  const changed = () => {
    for (const shown of ["lab-attachments", "lab-sample", "lab-worksheet"])
      void queries.invalidateQueries({ queryKey: [shown] });
  };
  const items = files.data?.items ?? [];
  const Heading = props.level === 3 ? "h3" : "h2";
  return (
    <section className={css.box}>
      <Heading>Files</Heading>
      {files.isPending && <Skeleton label="Looking for files" rows={1} />}
      {files.isError && <ProblemNotice problem={asProblem(files.error)} onRetry={() => void files.refetch()} />}
      {files.isSuccess && items.length === 0 && <p className={page.muted}>{props.empty}</p>}
      {items.length > 0 && (
        <ul className={css.list}>
          {items.map((file) => (
            <Line
              key={file.id}
              file={file}
              refused={
                props.beside.find((each) => each.id === file.ofId)?.closed ??
                refusedBecause(props.may, ...writers[file.place])
              }
              // What is beside another record is struck out there.
              strikes={props.beside.some((each) => each.id === file.ofId)}
              told={props.beside.length !== 1 || props.beside[0]?.id !== file.ofId}
              onChanged={changed}
            />
          ))}
        </ul>
      )}
      {props.warning !== undefined && props.beside.length > 0 && <p className={page.meta}>{props.warning}</p>}
      {props.beside.length > 0 && <AddFile beside={props.beside} may={props.may} onAdded={changed} />}
    </section>
  );
}

function Line(props: {
  file: Attachment;
  refused: string | undefined;
  strikes: boolean;
  told: boolean;
  onChanged: () => void;
}) {
  const { file } = props;
  const [asking, setAsking] = useState(false);
  const [why, setWhy] = useState("");
  const strike = useMutation({
    mutationFn: () => write("POST", attachmentApi.strike(file.place, file.ofId, file.id), { reason: why.trim() }),
    onSuccess: () => {
      announce(`${file.name} is struck out and stays to be read.`);
      setAsking(false);
      props.onChanged();
    },
  });
  const struck = file.struckReason !== null;
  return (
    <li data-struck={struck || undefined}>
      <span className={css.kind} data-kind={file.kind} aria-hidden>
        {file.kind === "jpeg" ? "jpg" : file.kind}
      </span>
      <div className={css.said}>
        {struck ? <s className={css.name}>{file.name}</s> : <b className={css.name}>{file.name}</b>}
        {file.note !== null && <span> {file.note}</span>}
        <div className={page.meta}>
          {props.told && `beside ${file.of} · `}
          {sayBytes(file.bytes)} · {file.broughtIn ? "brought in by" : "added by"} {file.by ?? "Probity"},{" "}
          <time dateTime={file.at}>{showTime(file.at)}</time>
          {" · "}
          <span className={css.hash} title={`sha-256 ${file.sha256}`}>
            sha-256 {file.sha256.slice(0, 12)}…
          </span>
          {file.leaf !== null && ` · leaf ${file.leaf}`}
        </div>
        {file.struckReason !== null && (
          <div className={css.struck}>
            Struck out by {file.struckBy ?? "Probity"}, {file.struckAt !== null && showTime(file.struckAt)}: “
            {file.struckReason}”
          </div>
        )}
        {strike.isError && <ProblemNotice problem={asProblem(strike.error)} />}
        {asking && (
          <form
            className={css.ask}
            onSubmit={(event) => {
              event.preventDefault();
              if (why.trim() !== "") strike.mutate();
            }}
          >
            <Field
              name={`strike-${file.id}`}
              label={`Strike out ${file.name}, because`}
              value={why}
              onChange={setWhy}
              hint="It stays to be read, with this reason."
            />
            <div className={css.acts}>
              <Act
                look="danger"
                submit
                busy={strike.isPending}
                disabledReason={why.trim() === "" ? "Striking out says why." : undefined}
              >
                Strike out
              </Act>
              <Act look="quiet" onAct={() => setAsking(false)}>
                Keep it
              </Act>
            </div>
          </form>
        )}
      </div>
      <div className={css.acts}>
        <OpenFile file={file} />
        {!struck && props.strikes && !asking && (
          <Act
            look="quiet"
            label={`Strike out ${file.name}`}
            disabledReason={props.refused}
            onAct={() => setAsking(true)}
          >
            Strike out
          </Act>
        )}
      </div>
    </li>
  );
}
