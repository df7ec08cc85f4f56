import { type ReactNode, useState } from "react";
import { announce } from "../kit/announcer.tsx";
import { Notice } from "../kit/notice.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import css from "./page.module.css";
import { asProblem } from "./problem.ts";

/**
 * One field of a form over a record: what the record has there and what is typed, in words a reader can compare, and how the
 * form takes what the record has now.
 */
export interface EditedField<T> {
  readonly label: string;
  readonly of: (record: T) => string;
  /** Null where no single field of the form holds it: it is only told. */
  readonly mine: string | null;
  readonly take: (value: string, now: T) => void;
}
type Overtaken<T> = { readonly before: T; readonly now: T; readonly kept: ReadonlySet<string> };

/** A long form is saved at its end, and says at its beginning what became of it. */
function intoView(notice: HTMLElement | null): void {
  notice?.scrollIntoView({ block: "center" });
}

/**
 * The record a form was opened on. What is read anew beneath an open form is not what its writer saw, so saving says the
 * version of `base`. Where somebody else was first (412), theirs is read and becomes the base: fields nobody touched here take
 * their value, what was typed stays, and the notice says which is which. The next saving stands on theirs.
 */
export function useEdited<T extends { readonly version: number }>(
  opened: T,
  reread: () => Promise<T>,
  fields: readonly EditedField<T>[],
) {
  const [base, setBase] = useState(opened);
  const [overtaken, setOvertaken] = useState<Overtaken<T> | null>(null);
  const onError = async (error: unknown) => {
    if (asProblem(error).status !== 412) return;
    const now = await reread();
    const kept = new Set<string>();
    for (const { label, of, mine, take } of fields) {
      if (of(now) === of(base)) continue;
      if (mine === null) continue;
      if (mine === of(base)) take(of(now), now);
      else kept.add(label);
    }
    setOvertaken({ before: base, now, kept });
    setBase(now);
    announce("Changed meanwhile. What you typed is still here.");
  };
  /** What to say of a refusal. */
  const told = (error: unknown): ReactNode =>
    asProblem(error).status === 412 && overtaken !== null ? (
      <Notice tone="partial" urgent>
        <span ref={intoView} />
        <strong>Changed meanwhile.</strong> Somebody saved version {overtaken.now.version} while you edited version{" "}
        {overtaken.before.version}. Nothing of yours was saved, and all you typed is still here. Compare, then save
        again.
        <ul className={css.meanwhile}>
          {fields
            .filter(({ of }) => of(overtaken.before) !== of(overtaken.now))
            .map(({ label, of, mine }) => (
              <li key={label}>
                {label}: <s>{of(overtaken.before) || "empty"}</s> → <b>{of(overtaken.now) || "empty"}</b>
                {mine === null
                  ? "."
                  : overtaken.kept.has(label)
                    ? ". Yours is kept; saving puts it in place of theirs."
                    : ", taken over."}
              </li>
            ))}
        </ul>
      </Notice>
    ) : (
      <ProblemNotice problem={asProblem(error)} />
    );
  return { base, onError, told };
}
