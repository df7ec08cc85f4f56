import { announce } from "@probity/web/kit/announcer.tsx";
import { write } from "@probity/web/shell/api.ts";
import { type ApiProblem, asProblem } from "@probity/web/shell/problem.ts";
import { useCallback, useEffect, useRef, useState } from "react";
import { labApi } from "./path.ts";
import type { ResultLine, SavedRow } from "./types.ts";

/** What was typed into a row and is not saved. */
export interface Draft {
  text?: string;
  interim?: Record<string, string>;
}
/** What is typed now, and what was before each step, newest last. */
type Entry = {
  readonly drafts: ReadonlyMap<string, Draft>;
  readonly past: readonly { readonly drafts: ReadonlyMap<string, Draft>; readonly cell: string }[];
};
type Answer = { saved: SavedRow[]; untouched: number };

/**
 * What is typed and not yet saved. It begins from what is stored, never from what is reported, and only touched rows are
 * sent: opening and saving without a change sends nothing.
 */
export function useEntry(rows: readonly ResultLine[], onSaved: (saved: SavedRow[]) => void) {
  const [{ drafts, past }, setEntry] = useState<Entry>({ drafts: new Map(), past: [] });
  const setDrafts = useCallback(
    (change: (before: ReadonlyMap<string, Draft>) => ReadonlyMap<string, Draft>, cell = "") =>
      setEntry((before) => {
        // Letters typed into one cell are one step.
        const same = cell !== "" && before.past.at(-1)?.cell === cell;
        const kept = same ? before.past : [...before.past.slice(-99), { drafts: before.drafts, cell }];
        return { drafts: change(before.drafts), past: kept };
      }),
    [],
  );
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState(false);

  const type = useCallback(
    (row: ResultLine, text: string, field?: string) => {
      setDrafts(
        (before) => {
          const after = new Map(before);
          const draft = after.get(row.id) ?? {};
          if (field === undefined) {
            if (text === (row.text ?? "")) after.delete(row.id);
            else after.set(row.id, { text });
            return after;
          }
          const interim = { ...draft.interim, [field]: text };
          if ((row.interim[field] ?? "") === text) delete interim[field];
          if (Object.keys(interim).length === 0) after.delete(row.id);
          else after.set(row.id, { interim });
          return after;
        },
        `${row.id} ${field ?? ""}`,
      );
    },
    [setDrafts],
  );
  const restore = useCallback(
    (id: string) => {
      setDrafts((before) => {
        const after = new Map(before);
        after.delete(id);
        return after;
      });
    },
    [setDrafts],
  );
  /** Takes back what was typed last. */
  const undo = () => {
    announce(past.length === 0 ? "Nothing to take back." : "Taken back.");
    setEntry((before) => {
      const last = before.past.at(-1);
      return last === undefined ? before : { drafts: last.drafts, past: before.past.slice(0, -1) };
    });
  };

  /** Drafts that would change a value that is stored already: each needs to say why. */
  const changes = [...drafts.keys()].filter((id) => (rows.find((row) => row.id === id)?.text ?? null) !== null);

  // An answer that was lost on the way is asked for again under the same key: nothing is saved twice.
  const sent = useRef({ said: "", key: "" });
  const send = async (reason?: string) => {
    const touched = rows.filter((row) => drafts.has(row.id));
    if (touched.length === 0) return;
    setBusy(true);
    setProblem(null);
    try {
      const body = {
        rows: touched.map((row) => ({
          id: row.id,
          version: row.version,
          ...drafts.get(row.id),
          ...(row.text === null || reason === undefined ? {} : { reason }),
        })),
      };
      const said = JSON.stringify(body);
      if (sent.current.said !== said) sent.current = { said, key: crypto.randomUUID() };
      const answer = await write<Answer>("POST", labApi.save(), body, { idempotencyKey: sent.current.key });
      setEntry({ drafts: new Map(), past: [] });
      setAsking(false);
      onSaved(answer.saved);
      const out = answer.saved.filter((each) => each.verdict === "out").length;
      announce(`${answer.saved.length} saved${out > 0 ? `, ${out} out of specification` : ""}.`);
    } catch (error) {
      const told = asProblem(error);
      setProblem(told);
      setAsking(false);
      // What another saved meanwhile is read anew beneath what is typed: it can be compared, and the next saving is based on it.
      if (told.status === 412) onSaved([]);
      announce(told.sentence);
    } finally {
      setBusy(false);
    }
  };
  const save = () => (changes.length > 0 ? setAsking(true) : void send());

  useEffect(() => {
    if (drafts.size === 0) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [drafts.size]);

  return {
    drafts,
    problem,
    busy,
    asking,
    changes,
    type,
    restore,
    undo,
    save,
    send,
    cancel: () => setAsking(false),
    clear: () => setDrafts(() => new Map()),
  };
}
