import { useState } from "react";
import { Act } from "../kit/act.tsx";
import { FileDrop } from "../kit/file-drop.tsx";
import { Notice } from "../kit/notice.tsx";
import { Progress } from "../kit/progress.tsx";
import { asset } from "../shell/path.ts";
import { PdfResult } from "./pdf-result.tsx";
import { Result } from "./result.tsx";
import { useVerification } from "./use-verification.ts";
import pageCss from "../shell/page.module.css";
import css from "./verify.module.css";

const fingerprint = /^([0-9a-f]{2}:?){31}[0-9a-f]{2}$/i;

/** Verifies an export, a proof or a sealed PDF here, in the browser. The file stays on this machine. */
export function Verify() {
  const [keys, setKeys] = useState("");
  const [checkpoint, setCheckpoint] = useState("");
  const { state, start, clear } = useVerification();
  const begin = (file: File | undefined) => {
    if (file === undefined) return;
    const lines = keys
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
    start({
      file,
      keys: lines.filter((line) => !fingerprint.test(line)),
      fingerprints: lines.filter((line) => fingerprint.test(line)),
      checkpoint: checkpoint.trim() === "" ? "" : `${checkpoint.trim()}\n`,
    });
  };
  const able = window.isSecureContext;
  return (
    <div className={pageCss.reading}>
      <header className={css.head}>
        <h1>Verify a file</h1>
        <p className={pageCss.lead}>
          An export of the audit trail, a proof, or a sealed PDF. It is checked by this browser and sent to nobody, this
          server included: the page’s own policy lets it connect nowhere.
        </p>
      </header>
      {!able && (
        <Notice tone="gap" urgent>
          This page was opened over plain http, so the browser gives it no means to check signatures. Your file is
          untouched. Open it over https, or download the verifier beneath.
        </Notice>
      )}
      {state.kind === "working" && (
        <div className={css.working}>
          <Progress
            stage={`Reading ${state.file.name}`}
            done={kibibytes(state.bytes)}
            total={kibibytes(state.file.size)}
            unit="KiB"
          />
          <p className={pageCss.meta} role="status">
            {state.leaves.toLocaleString("en")} leaves so far
          </p>
          <div>
            <Act onAct={clear}>Stop</Act>
          </div>
        </div>
      )}
      {state.kind === "done" && (
        <>
          {state.answer.kind === "verdict" && (
            <Result name={state.file.name} verdict={state.answer.verdict} leaves={state.answer.leaves} />
          )}
          {state.answer.kind === "pdf" && (
            <PdfResult name={state.file.name} report={state.answer.report} attachments={state.answer.attachments} />
          )}
          {state.answer.kind === "usage" && (
            <Notice tone="partial" urgent>
              {state.answer.text}. Nothing was verified, and the file is untouched. Correct the key or the checkpoint
              beneath, then verify again.
            </Notice>
          )}
          {state.answer.kind === "failed" && (
            <Notice tone="gap" urgent>
              {state.answer.text}. Nothing was verified, and the file is untouched. Try again, or with the downloaded
              verifier.
            </Notice>
          )}
        </>
      )}
      {state.kind !== "working" && (
        <FileDrop
          look={state.kind === "done" ? "line" : "page"}
          accept=".jsonl,.json,.ndjson,.pdf,.tlog-proof"
          single
          refused={able ? undefined : "This page was opened over plain http"}
          onFiles={(files) => begin(files[0])}
        >
          {state.kind === "done" ? "Another file" : "Drop the file here."}
        </FileDrop>
      )}
      <details className={css.own} open={state.kind === "done" && state.answer.kind === "usage"}>
        <summary>What you trust already</summary>
        <div className={css.fields}>
          <Lines
            id="keys"
            label="Verifier keys and fingerprints of certificates, one a line"
            hint="Of the log, its platform log, witnesses, or a PDF’s seal, from somewhere else than the file. Without one, the file’s own key is taken on first use."
            rows={2}
            value={keys}
            onChange={setKeys}
          />
          <Lines
            id="checkpoint"
            label="A checkpoint you kept"
            hint="The log must continue it: that finds a history that was rewritten or cut."
            rows={5}
            value={checkpoint}
            onChange={setCheckpoint}
          />
          {state.kind === "done" && (
            <div>
              <Act look="main" onAct={() => begin(state.file)}>
                Verify {state.file.name} again
              </Act>
            </div>
          )}
        </div>
      </details>
      <section className={css.alone} aria-labelledby="alone">
        <h2 id="alone">Rely on nobody’s page</h2>
        <p>
          This page came from the server whose word it checks. The same verifier is one file without dependencies: read
          it, keep it, run it on a machine of your own.
        </p>
        <p className={css.command}>
          <code>node probity-verify.mjs FILE --key KEY</code>
          <a href={asset.verifier()} download>
            Download probity-verify.mjs
          </a>
        </p>
      </section>
    </div>
  );
}

function Lines(props: {
  id: string;
  label: string;
  hint: string;
  rows: number;
  value: string;
  onChange: (value: string) => void;
}) {
  return (
    <div className={css.lines}>
      <label htmlFor={props.id}>{props.label}</label>
      <p id={`${props.id}-hint`} className={pageCss.meta}>
        {props.hint}
      </p>
      <textarea
        id={props.id}
        aria-describedby={`${props.id}-hint`}
        rows={props.rows}
        spellCheck={false}
        value={props.value}
        onChange={(event) => props.onChange(event.currentTarget.value)}
      />
    </div>
  );
}

function kibibytes(bytes: number): number {
  return Math.ceil(bytes / 1024);
}
