import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Field } from "@probity/web/kit/field.tsx";
import { KeyHint } from "@probity/web/kit/key-hint.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { toneColour } from "@probity/web/kit/status.ts";
import page from "@probity/web/shell/page.module.css";
import { Go } from "@probity/web/shell/place.tsx";
import { type ClipboardEvent, type KeyboardEvent, memo, useState } from "react";
import lab from "./lab.module.css";
import css from "./result-grid.module.css";
import { labPage } from "./path.ts";
import { ResultFiles } from "./result-files.tsx";
import type { RunMark } from "./run-quality.tsx";
import type { ResultLine, SavedRow } from "./types.ts";
import { type Draft, useEntry } from "./use-entry.ts";
import { verdictLook } from "./words.ts";

interface Props {
  ws: string;
  rows: ResultLine[];
  /** Shown where rows belong to several samples. */
  samples: boolean;
  /** What each row says of its run's quality control, by the result's id. */
  marks?: ReadonlyMap<string, RunMark>;
  /** Why nothing can be entered now. */
  refused?: string | undefined;
  onSaved: (saved: SavedRow[]) => void;
  onStory: (id: string) => void;
}

const kinds: Readonly<Record<string, string>> = { blank: "BLK", control: "CTL", duplicate: "DUP" };

/**
 * The grid results are entered in: type replaces, Enter and arrows go up and down, Tab goes right, Escape restores, a paste
 * from a spreadsheet fills the rows below. The verdict comes with saving, not while typing.
 */
export function ResultGrid(props: Props) {
  const { rows } = props;
  const entry = useEntry(rows, props.onSaved);
  const [why, setWhy] = useState("");
  const entered = rows.filter((row) => row.text !== null).length;

  const keys = (event: KeyboardEvent<HTMLElement>) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      event.preventDefault();
      entry.save();
      return;
    }
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !event.shiftKey) {
      event.preventDefault();
      entry.undo();
      return;
    }
    const cell = cellOf(event.target);
    if (cell === null) return;
    const { row, column } = cell;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "d") {
      copyDown(event, row, column);
      return;
    }
    const select = event.target instanceof HTMLSelectElement;
    if (event.key === "Enter" || (event.key === "ArrowDown" && !select)) go(event, row + 1, column, 1);
    else if (event.key === "ArrowUp" && !select) go(event, row - 1, column, -1);
    else if (event.key === "Escape") {
      const found = rows[row];
      if (found) entry.restore(found.id);
    } else if (event.key === "F2" && event.target instanceof HTMLInputElement) {
      event.preventDefault();
      const end = event.target.value.length;
      event.target.setSelectionRange(end, end);
    }
  };

  /** As in a spreadsheet: the cell takes what stands above it, and the next one has the focus. */
  const copyDown = (event: KeyboardEvent<HTMLElement>, row: number, column: number) => {
    event.preventDefault();
    const [own, above] = [rows[row], rows[row - 1]];
    if (own === undefined || above === undefined || own.input !== above.input) return;
    const field = own.input === "calculated" ? own.fields[column] : undefined;
    const draft = entry.drafts.get(above.id);
    const value =
      field === undefined ? (draft?.text ?? above.text) : (draft?.interim?.[field.key] ?? above.interim[field.key]);
    if (value === undefined || value === null || value === "") return;
    entry.type(own, value, field?.key);
    go(event, row + 1, column, 1);
  };

  /** Cells below and to the right take what a spreadsheet copied, as it stands in it. */
  const paste = (event: ClipboardEvent<HTMLElement>) => {
    const text = event.clipboardData.getData("text/plain").replace(/\r?\n$/, "");
    const cell = cellOf(event.target);
    if (cell === null || !/[\t\n]/.test(text)) return;
    event.preventDefault();
    for (const [down, line] of text.split(/\r?\n/).entries()) {
      const row = rows[cell.row + down];
      if (row === undefined || row.state === "verified" || row.state === "retested" || staysOut(row)) continue;
      const cells = line.split("\t");
      if (row.input !== "calculated") entry.type(row, (cells[0] ?? "").trim());
      else
        for (const [right, value] of cells.entries()) {
          const field = row.fields[cell.column + right];
          if (field) entry.type(row, value.trim(), field.key);
        }
    }
  };

  return (
    <div onKeyDown={keys} onPaste={paste}>
      {entry.problem !== null && <ProblemNotice problem={entry.problem} />}
      <div className={css.box}>
        <table className={css.grid} aria-rowcount={rows.length}>
          <caption className="p-hidden">Results</caption>
          <thead>
            <tr>
              <th className={css.number}>#</th>
              {props.samples && <th>Sample</th>}
              <th>Determination</th>
              <th className={css.number}>Limit</th>
              <th>Entered</th>
              <th className={css.number}>Reported</th>
              <th>Verdict</th>
              <th>
                <span className="p-hidden">Files and history</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              <Line
                key={row.id}
                ws={props.ws}
                row={row}
                index={index}
                samples={props.samples}
                mark={props.marks?.get(row.id)}
                draft={entry.drafts.get(row.id)}
                fault={entry.problem?.fields[row.id]}
                readOnly={props.refused !== undefined}
                onType={entry.type}
                onStory={props.onStory}
              />
            ))}
          </tbody>
        </table>
      </div>
      {rows.some((row) => row.state === "open" || row.state === "entered") && (
        <div className={css.bar}>
          <Act
            look="main"
            busy={entry.busy}
            disabledReason={props.refused ?? (entry.drafts.size === 0 ? "Nothing is touched." : undefined)}
            onAct={entry.save}
          >
            {entry.drafts.size === 0 ? "Save" : `Save ${entry.drafts.size} touched`}
          </Act>
          {entry.drafts.size > 0 && (
            <Act look="quiet" onAct={entry.clear}>
              Restore all
            </Act>
          )}
          <span>
            {entered} of {rows.length} entered
          </span>
          <span className={css.hint}>
            <KeyHint of="Enter" /> down · <KeyHint of="Esc" /> restores · <KeyHint of="Ctrl D" /> copies down ·{" "}
            <KeyHint of="Ctrl Z" /> takes back · <KeyHint of="Ctrl S" /> saves · paste fills down
          </span>
        </div>
      )}
      <Dialog
        open={entry.asking}
        onClose={entry.cancel}
        title={`Change ${entry.changes.length === 1 ? "a saved value" : `${entry.changes.length} saved values`}`}
      >
        <form
          className={page.form}
          onSubmit={(event) => {
            event.preventDefault();
            if (why.trim() !== "") void entry.send(why.trim());
          }}
        >
          <ul>
            {entry.changes.slice(0, 8).map((id) => {
              const row = rows.find((each) => each.id === id);
              return (
                <li key={id} className={css.mono}>
                  {row?.sample ?? row?.name} <span className={css.struck}>{row?.text}</span> →{" "}
                  {entry.drafts.get(id)?.text ?? "calculated anew"}
                </li>
              );
            })}
          </ul>
          <p className={css.hint}>The first value stays on the record, with who entered it and when.</p>
          <Field name="why" label="Why" value={why} onChange={setWhy} hint="Such as: digits swapped when typing." />
          <p>
            <Act
              look="main"
              size="form"
              submit
              busy={entry.busy}
              disabledReason={why.trim() === "" ? "A change says why." : undefined}
            >
              Save with this reason
            </Act>
          </p>
        </form>
      </Dialog>
    </div>
  );
}

const Line = memo(function Line(props: {
  ws: string;
  row: ResultLine;
  index: number;
  samples: boolean;
  mark: RunMark | undefined;
  draft: Draft | undefined;
  fault: string | undefined;
  readOnly: boolean;
  onType: (row: ResultLine, text: string, field?: string) => void;
  onStory: (id: string) => void;
}) {
  const { row, index, draft } = props;
  const kept = row.state === "retested" || row.state === "cancelled";
  const stays = staysOut(row);
  const closed = props.readOnly || stays || (row.state !== "open" && row.state !== "entered");
  const look = row.verdict === null ? null : verdictLook[row.verdict];
  const rail = draft !== undefined ? "var(--p-accent)" : look === null ? "transparent" : toneColour(look.tone).ink;
  const label = `${row.sample ?? row.kind} ${row.name}`;
  const input = (value: string, column: number, touched: boolean, field?: string, name = label) => (
    <input
      className={field === undefined ? css.input : `${css.input} ${css.small}`}
      data-row={index}
      data-column={column}
      data-touched={touched || undefined}
      aria-label={name}
      aria-invalid={props.fault !== undefined}
      inputMode="decimal"
      autoComplete="off"
      spellCheck={false}
      value={value}
      onFocus={(event) => event.currentTarget.select()}
      onChange={(event) => props.onType(row, event.currentTarget.value, field)}
    />
  );
  return (
    <tr data-kept={kept || undefined} style={{ boxShadow: `inset 4px 0 ${rail}` }}>
      <td className={css.number} data-wide-only>
        {index + 1}
      </td>
      {props.samples && (
        <td>
          {row.sample && row.sampleId && row.kind === "sample" ? (
            <Go to={labPage.sample(props.ws, row.sampleId)}>{row.sample}</Go>
          ) : (
            <span className={css.kind}>
              {kinds[row.kind] ?? row.kind} {row.kind === "duplicate" ? row.sample : ""}
            </span>
          )}{" "}
          <span className={css.unit}>{row.point ?? ""}</span>
        </td>
      )}
      <td className={css.name} title={`${row.method.code} v${row.method.number} ${row.method.title}`}>
        {row.name} <span className={css.unit}>{row.unit}</span>
        {row.attempt > 1 && <span className={css.unit}> · retest {row.attempt - 1}</span>}
      </td>
      <td className={`${css.number} ${css.mono} ${css.limit}`}>
        {row.limit}
        {row.guard !== "" && (
          <span className={css.guard} title={row.rule}>
            {row.guard}
          </span>
        )}
      </td>
      <td data-entry>
        {closed && (
          <span
            className={row.input === "calculated" ? `${css.mono} ${lab.exact}` : css.mono}
            title={row.text ?? undefined}
          >
            {row.text ?? ""}
          </span>
        )}
        {!closed && row.input === "number" && input(draft?.text ?? row.text ?? "", 0, draft !== undefined)}
        {!closed && row.input === "text" && row.choices.length > 0 && (
          <select
            className={css.input}
            data-row={index}
            data-column={0}
            data-touched={draft !== undefined || undefined}
            aria-label={label}
            aria-invalid={props.fault !== undefined}
            value={draft?.text ?? row.text ?? ""}
            onChange={(event) => props.onType(row, event.currentTarget.value)}
          >
            <option value="">–</option>
            {row.choices.map((choice) => (
              <option key={choice}>{choice}</option>
            ))}
          </select>
        )}
        {!closed &&
          row.input === "text" &&
          row.choices.length === 0 &&
          input(draft?.text ?? row.text ?? "", 0, draft !== undefined)}
        {!closed && row.input === "calculated" && (
          <span className={css.fields}>
            {row.fields.map((field, column) => (
              <label key={field.key} title={field.unit}>
                {field.name}
                {input(
                  draft?.interim?.[field.key] ?? row.interim[field.key] ?? "",
                  column,
                  draft?.interim?.[field.key] !== undefined,
                  field.key,
                  `${label}, ${field.name}`,
                )}
              </label>
            ))}
          </span>
        )}
        {props.fault !== undefined && <div className={css.fault}>{props.fault}</div>}
      </td>
      <td
        className={`${css.number} ${css.mono} ${kept ? css.struck : ""}`}
        title={row.text === null ? undefined : `entered ${row.text}`}
      >
        {draft === undefined ? (row.reported ?? "") : ""}
      </td>
      <td>
        {draft === undefined && look !== null && (
          <>
            <StatusMark tone={look.tone} word={look.word} />
            {row.verdict !== "in" && row.verdict !== "none" && <span className={css.words}>{row.words}</span>}
            {row.state === "verified" && <span className={css.words}>verified</span>}
            {kept && <span className={css.words}>{row.state}, kept</span>}
            {stays && (
              <button
                type="button"
                className={css.link}
                onClick={() => props.onStory(row.id)}
                title="A value out of specification is not typed over: what replaces it is a retest by an approved plan."
                aria-label={`stays, investigate: ${label}`}
              >
                stays, investigate
              </button>
            )}
          </>
        )}
        {draft === undefined && props.mark !== undefined && (
          <span className={css.words} style={{ color: toneColour(props.mark.tone).ink }}>
            {props.mark.href === null ? props.mark.words : <Go to={props.mark.href}>{props.mark.words}</Go>}
          </span>
        )}
      </td>
      <td>
        {row.text !== null && (
          <button
            type="button"
            className={css.link}
            onClick={() => props.onStory(row.id)}
            aria-label={`History of ${label}`}
          >
            history
          </button>
        )}
        <ResultFiles of={label} files={row.files} onOpen={() => props.onStory(row.id)} />
      </td>
    </tr>
  );
});

/** Out of specification and entered: its investigation decides what becomes of it. */
function staysOut(row: ResultLine): boolean {
  return row.state === "entered" && row.verdict === "out" && row.kind === "sample";
}

function cellOf(target: EventTarget): { row: number; column: number } | null {
  if (!(target instanceof HTMLElement) || target.dataset["row"] === undefined) return null;
  return { row: Number(target.dataset["row"]), column: Number(target.dataset["column"]) };
}

/** The next cell that takes an entry in this direction; beyond the last one nothing moves. */
function go(event: KeyboardEvent<HTMLElement>, row: number, column: number, step: 1 | -1): void {
  event.preventDefault();
  const cells = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-row]")];
  const rows = cells.map((cell) => Number(cell.dataset["row"]));
  const next =
    step === 1 ? Math.min(...rows.filter((each) => each >= row)) : Math.max(...rows.filter((each) => each <= row));
  const own = cells.filter((cell) => Number(cell.dataset["row"]) === next);
  (own.find((cell) => Number(cell.dataset["column"]) === column) ?? own[0])?.focus();
}
