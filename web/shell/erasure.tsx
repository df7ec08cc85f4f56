import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { Choice, Field } from "../kit/field.tsx";
import { Notice } from "../kit/notice.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { showTime } from "../kit/time.ts";
import { read, saveFile, write } from "./api.ts";
import type { Member } from "./api-types.ts";
import { api } from "./path.ts";
import { asProblem } from "./problem.ts";
import own from "./audit.module.css";
import css from "./page.module.css";

export interface Receipt {
  id: string;
  subject: string;
  executedAt: string;
  basis: string;
  erased: { what: string; count: number }[];
  kept: string[];
  backupsUntil: string;
}
interface Preview {
  person: { id: string; name: string; email: string; member: boolean; active: boolean };
  obstacles: { rule: string; detail: string }[];
  erased: { what: string; count: number }[];
  kept: string[];
  backupsUntil: string;
}

const rules: Readonly<Record<string, (detail: string) => string>> = {
  legal_hold: (detail) => `A legal hold covers them: “${detail}”. Release it first.`,
  signed_records: (detail) =>
    `They signed ${detail} records, and a signed record keeps its signer's printed name (21 CFR 11.50, 11.70). They can be erased when those are retired.`,
};

/** The receipt with its proof as a file of its own: whoever has it verifies it without this server. */
export async function saveReceipt(receipt: Pick<Receipt, "id">): Promise<void> {
  const text = `${JSON.stringify(await read<unknown>(api.erasureProof(receipt.id)), null, 2)}\n`;
  saveFile(new Blob([text], { type: "application/json" }), `erasure-${receipt.id}.proof.json`);
}

/** Forgets a member, of today or before: who it is, then what there is of them. */
export function Erasure(props: { people: readonly Member[]; onClose: () => void }) {
  const [id, setId] = useState("");
  return (
    <EraseDialog address={id === "" ? null : api.erasureOf(id)} onClose={props.onClose}>
      <Choice
        name="person"
        label="Person"
        value={id}
        onChange={setId}
        options={[
          { value: "", label: "Choose …" },
          ...props.people
            .filter((person) => !person.email.endsWith("@erased.invalid"))
            .map((person) => ({ value: person.id, label: `${person.name}, ${person.email}` })),
        ]}
      />
    </EraseDialog>
  );
}

/** Forgets somebody whom a record of an app names, such as a customer's contact. */
export function EraseNamed(props: { id: string; onErased: () => void; onClose: () => void }) {
  return <EraseDialog address={api.erasureOutside(props.id)} onErased={props.onErased} onClose={props.onClose} />;
}

/** What there is of somebody, on what ground it goes; then the receipt. */
function EraseDialog(props: {
  /** Where they are erased; null while nobody is chosen. */
  address: string | null;
  children?: ReactNode;
  onErased?: () => void;
  onClose: () => void;
}) {
  const { address } = props;
  const queries = useQueryClient();
  const [basis, setBasis] = useState("");
  const [typed, setTyped] = useState({ address, text: "" });
  const preview = useQuery({
    queryKey: ["erasure", address],
    queryFn: () => read<Preview>(address ?? ""),
    enabled: address !== null,
  });
  const erase = useMutation({
    mutationFn: () => write<Receipt>("POST", address ?? "", { basis }),
    onSuccess: async () => {
      announce("The person is erased");
      props.onErased?.();
      await queries.invalidateQueries({ queryKey: ["retention"] });
      await queries.invalidateQueries({ queryKey: ["erasures"] });
      await queries.invalidateQueries({ queryKey: ["people"] });
    },
  });
  const save = useMutation({ mutationFn: saveReceipt });
  const found = preview.data;
  const said = typed.address === address ? typed.text : "";
  const [obstacle] = found?.obstacles ?? [];
  const reason =
    address === null
      ? "Choose a person first."
      : found === undefined
        ? "Wait until it is known what there is."
        : obstacle !== undefined
          ? "A rule keeps them."
          : basis.trim() === ""
            ? "Say on what ground."
            : said !== found.person.email
              ? "Type their address to confirm."
              : undefined;
  if (erase.data !== undefined) {
    const receipt = erase.data;
    return (
      <Dialog open title="Erased" onClose={props.onClose} size={560}>
        <div className={css.form}>
          <Notice tone="covered">
            Nothing here names this person any more. The log still proves itself; it says which fields were closed.
          </Notice>
          <Counted items={receipt.erased} />
          {save.isError && <ProblemNotice problem={asProblem(save.error)} />}
          <p className={css.muted}>Backups will have forgotten them on {showTime(receipt.backupsUntil)}.</p>
          <div className={css.row}>
            <Act look="main" size="form" busy={save.isPending} onAct={() => save.mutate(receipt)}>
              Download the receipt
            </Act>
            <Act size="form" onAct={props.onClose}>
              Close
            </Act>
          </div>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog open title="Erase a person" onClose={props.onClose} size={560}>
      <div className={css.form}>
        {props.children}
        {preview.isPending && address !== null && <Skeleton rows={3} label="Looking what there is" />}
        {preview.isError && <ProblemNotice problem={asProblem(preview.error)} />}
        {found !== undefined && obstacle !== undefined && (
          <Notice tone="gap">{rules[obstacle.rule]?.(obstacle.detail) ?? obstacle.detail}</Notice>
        )}
        {found !== undefined && obstacle === undefined && (
          <>
            {props.children === undefined && (
              <p>
                <b>{found.person.name}</b> <span className={css.muted}>{found.person.email}</span>
              </p>
            )}
            {found.person.active && (
              <Notice tone="partial">
                They are a member today: their access ends at once, with their sessions and keys.
              </Notice>
            )}
            {!found.person.member && (
              <Notice tone="partial">
                They have no account here. What was sent to them by link opens no more from then on.
              </Notice>
            )}
            <div>
              <b>What goes, for good</b>
              <Counted
                items={[
                  ...found.erased,
                  ...(found.person.member
                    ? [{ what: "Account with sessions and factors, where they belong nowhere else", count: 1 }]
                    : []),
                ]}
              />
            </div>
            <div>
              <b>What stays</b>
              <ul className={own.list}>
                {found.kept.map((line) => (
                  <li key={line}>{line}</li>
                ))}
                <li>Backups, until {showTime(found.backupsUntil)}.</li>
              </ul>
            </div>
            <Field
              name="basis"
              label="On what ground"
              hint="Kept in the receipt and in the log. Name the request, not the person."
              value={basis}
              onChange={setBasis}
            />
            <Field
              name="typed"
              label={`Type ${found.person.email} to confirm`}
              value={said}
              onChange={(text) => setTyped({ address, text })}
              autoComplete="off"
            />
          </>
        )}
        {erase.isError && <ProblemNotice problem={asProblem(erase.error)} />}
        <div className={css.row}>
          <Act look="danger" size="form" busy={erase.isPending} disabledReason={reason} onAct={() => erase.mutate()}>
            Erase for good
          </Act>
          <Act size="form" onAct={props.onClose}>
            Cancel
          </Act>
        </div>
      </div>
    </Dialog>
  );
}

function Counted({ items }: { items: readonly { what: string; count: number }[] }) {
  return (
    <dl className={css.numbers}>
      {items.map(({ what, count }) => (
        <div key={what}>
          <dt>{what}</dt>
          <dd>{count}</dd>
        </div>
      ))}
    </dl>
  );
}
