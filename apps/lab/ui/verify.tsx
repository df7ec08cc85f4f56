import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { SignatureInFull, SignatureSet } from "@probity/web/kit/sign-block.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { read, write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { PolicyLimit } from "@probity/web/shell/policy-limit.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { SignDialog } from "@probity/web/shell/sign-dialog.tsx";
import type { SigningView } from "@probity/web/shell/sign-types.ts";
import { sayCheck, signedTime } from "@probity/web/shell/sign-words.ts";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { labApi } from "./path.ts";
import type { Verification, VerifyBy } from "./types.ts";
import css from "./verify.module.css";

/**
 * Verifies a sample or worksheet: who may sign looks at the list and signs it; who may not yet proves themselves, where the
 * workspace lets them.
 */
export function VerifyAct(props: {
  words: string;
  /** Address of the sample or worksheet in the API. */
  of: string;
  version: number;
  by: VerifyBy;
  look?: "main" | "plain";
  refused: string | undefined;
  onDone: () => void;
}) {
  const [list, setList] = useState<{ one: string; view: SigningView } | null>(null);
  const act = useMutation({
    mutationFn: async () => {
      const options = { version: props.version };
      if (props.by !== "signature") {
        await write("POST", `${props.of}/verify`, undefined, options);
        return null;
      }
      const made = await write<{ id: string }>("POST", `${props.of}/verification`, undefined, options);
      const one = labApi.verification(made.id);
      return { one, view: await read<SigningView>(`${one}/signing`) };
    },
    onSuccess: (made) => (made === null ? props.onDone() : setList(made)),
  });
  const step = list?.view.steps[0];
  const unsigned =
    props.by === "refused"
      ? "Verified by signature alone here, and your identity is not verified for signing. Ask an admin, or another reviewer."
      : undefined;
  return (
    <>
      <Act
        look={props.look ?? "main"}
        busy={act.isPending}
        disabledReason={props.refused ?? unsigned}
        onAct={() => act.mutate()}
      >
        {props.by === "signature" ? `${props.words} and sign` : props.words}
      </Act>
      {act.isError && (
        <Dialog open title="Not verified" onClose={() => act.reset()}>
          <ProblemNotice problem={asProblem(act.error)} />
        </Dialog>
      )}
      {list !== null && step !== undefined && (
        <SignDialog
          one={list.one}
          view={list.view}
          step={step}
          onClose={() => setList(null)}
          onSigned={() => {
            setList(null);
            props.onDone();
          }}
        />
      )}
    </>
  );
}

/** Who put their name to these results, as a document bears it; earlier ones stay, with what became of them. */
export function Verifications({ items }: { items: readonly Verification[] }) {
  const [open, setOpen] = useState<string | null>(null);
  if (items.length === 0) return null;
  return (
    <section aria-label="Signatures">
      <h2>Signatures</h2>
      <ul className={css.set}>
        {items.map((each) => (
          <li key={each.id} className={css.one} data-past={each.standing === 0 || undefined}>
            <span className={css.name}>{each.by ?? "A former member"}</span>
            <span>{each.signature?.meaning ?? "Verified with a fresh proof, not signed"}</span>
            <time className={page.meta} dateTime={each.at}>
              {signedTime(each.signature?.signedAt ?? each.at)}
            </time>
            <span className={css.stand}>
              <StatusMark
                tone={each.standing === 0 ? "none" : each.signature === null ? "partial" : "sealed"}
                word={sayStanding(each)}
              />
              <span className={page.meta}>{each.of}</span>
              {each.signature === null ? (
                <PolicyLimit name="lab.unsignedVerification" />
              ) : (
                <Act look="quiet" onAct={() => setOpen(each.id)}>
                  Check it
                </Act>
              )}
            </span>
          </li>
        ))}
      </ul>
      {open !== null && <Checked id={open} onClose={() => setOpen(null)} />}
    </section>
  );
}

function sayStanding(each: Verification): string {
  const results = `${each.results} result${each.results === 1 ? "" : "s"}`;
  if (each.standing === each.results) return results;
  return each.standing === 0
    ? `${results}, unlocked since: counts for the earlier version`
    : `${each.standing} of ${results} stand as signed`;
}

/** One signature with what binds it: the bytes, the leaf, and whether they still agree. */
function Checked({ id, onClose }: { id: string; onClose: () => void }) {
  const one = labApi.verification(id);
  const view = useQuery({ queryKey: ["signing", one], queryFn: () => read<SigningView>(`${one}/signing`) });
  const signatures = view.data?.steps.flatMap((step) => step.signatures) ?? [];
  return (
    <Dialog open title={view.data?.title ?? "Signature"} onClose={onClose} size={600}>
      {view.isPending && <Skeleton label="Comparing signature, bytes and log" rows={3} />}
      {view.isError && <ProblemNotice problem={asProblem(view.error)} />}
      <SignatureSet>
        {signatures.map((each) => (
          <SignatureInFull
            key={each.id}
            signature={{
              id: each.id,
              printedName: each.printedName,
              meaning: each.meaning,
              at: signedTime(each.signedAt),
              reason: each.reason,
            }}
            check={sayCheck(each)}
            version={each.version}
            recordHash={each.recordHash}
            earlier={false}
          />
        ))}
      </SignatureSet>
    </Dialog>
  );
}
