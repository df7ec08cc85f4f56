import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { Choice } from "../kit/field.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { downloadLines } from "./api.ts";
import { api, page } from "./path.ts";
import { Go } from "./place.tsx";
import { PolicyLimit } from "./policy-limit.tsx";
import { asProblem } from "./problem.ts";
import css from "./audit.module.css";
import pageCss from "./page.module.css";

type Format = "bundle" | "csv" | "ocsf";
type Range = "quarter" | "all" | "filters";
const formats = [
  {
    value: "bundle",
    title: "Bundle with proofs",
    about: "Every event with what opens it, under a signed checkpoint. Anybody can check it, without this server.",
  },
  { value: "csv", title: "CSV", about: "For people and spreadsheets. Proves nothing by itself." },
  { value: "ocsf", title: "OCSF", about: "One event a line, for a SIEM." },
] as const;
const day = 86_400_000;

/** Takes the audit trail away: in which form, how much of it, and what the file will be able to claim. */
export function AuditExport(props: { filter: Readonly<Record<string, string>>; onClose: () => void }) {
  const { from, to, ...selecting } = props.filter;
  const dated = from !== undefined || to !== undefined;
  const filtered = Object.keys(selecting).length > 0;
  const [format, setFormat] = useState<Format>("bundle");
  const [range, setRange] = useState<Range>(filtered || dated ? "filters" : "quarter");
  const [progress, setProgress] = useState<{ lines: number; of: number | null } | null>(null);
  const chosen = (now: number): Readonly<Record<string, string>> => {
    if (range === "filters") return props.filter;
    return range === "all" ? {} : { from: new Date(now - 90 * day + 60_000).toISOString() };
  };
  const isSelection = range === "filters" && filtered;
  const take = useMutation({
    mutationFn: () =>
      downloadLines(api.exportEvents({ ...chosen(Date.now()), format }), "audit-log", (lines, of) =>
        setProgress({ lines, of }),
      ),
    onSuccess: () => {
      announce("The export is saved");
      props.onClose();
    },
    onSettled: () => setProgress(null),
  });
  return (
    <Dialog open title="Export the audit trail" onClose={props.onClose} size={560}>
      <div className={pageCss.form}>
        <fieldset className={css.formats}>
          <legend>Form</legend>
          {formats.map(({ value, title, about }) => (
            <label key={value} aria-label={title} className={css.format} data-chosen={format === value || undefined}>
              <input type="radio" name="format" checked={format === value} onChange={() => setFormat(value)} />
              <span>
                <b>{title}</b>
                <span className={pageCss.meta}>{about}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <Choice<Range>
          name="range"
          label="How much"
          value={range}
          onChange={setRange}
          options={[
            { value: "quarter", label: "The last 90 days" },
            { value: "all", label: "All of it" },
            ...(filtered || dated
              ? [{ value: "filters" as const, label: filtered ? "What the filters leave" : "The days chosen" }]
              : []),
          ]}
        />
        <p className={css.claim} data-selection={isSelection || undefined}>
          {isSelection ? (
            <>
              <b>A selection.</b> It can&rsquo;t show that nothing was left out, and says so; it counts what it leaves
              out{format === "bundle" && ", and proves each event"}.
            </>
          ) : format === "bundle" ? (
            <>
              <b>Complete.</b> The file proves that no event of its range is missing or changed.{" "}
              <Go to={page.verify()}>Where to check it</Go>
            </>
          ) : (
            <>
              <b>All events of the range.</b> Only the bundle can prove that.
            </>
          )}
        </p>
        <p className={pageCss.meta}>
          The export is an event of its own. More than <PolicyLimit name="export.confirmDays" /> of the whole trail asks
          who you are first.
        </p>
        {take.isError && <ProblemNotice problem={asProblem(take.error)} />}
        {progress !== null && (
          <div role="status" className={pageCss.muted}>
            {progress.lines.toLocaleString("en")} lines
            {progress.of !== null && ` of about ${progress.of.toLocaleString("en")}`}
            <progress
              className={css.progress}
              max={progress.of ?? undefined}
              value={Math.min(progress.lines, progress.of ?? 0)}
            />
          </div>
        )}
        <div className={pageCss.row}>
          <Act look="main" size="form" busy={take.isPending} onAct={() => take.mutate()}>
            Export
          </Act>
          <Act size="form" onAct={props.onClose}>
            Cancel
          </Act>
        </div>
      </div>
    </Dialog>
  );
}
