import { Act } from "@probity/web/kit/act.tsx";
import { announce } from "@probity/web/kit/announcer.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { read, write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { Go } from "@probity/web/shell/place.tsx";
import { PolicyLimit } from "@probity/web/shell/policy-limit.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { SignDialog } from "@probity/web/shell/sign-dialog.tsx";
import type { SigningView } from "@probity/web/shell/sign-types.ts";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import lab from "./lab.module.css";
import { labApi, labPage } from "./path.ts";
import type { ResultLine, SampleLine } from "./types.ts";
import css from "./verify-selected.module.css";
import { verdictLook } from "./words.ts";

/** What one act would verify of several samples, and what it leaves out. */
interface Listed {
  id: string;
  version: number;
  count: number;
  way: "signature" | "step-up";
  samples: { id: string; number: string }[];
  results: (ResultLine & { sample: string; sampleId: string })[];
  leftOut: { id: string; number: string; why: string }[];
}

/**
 * Verifies several samples by one act: every result is shown as it stands, what can't be verified is told with its reason, and
 * what is signed is exactly what is shown. Whatever changes meanwhile refuses the whole.
 */
export function VerifySelected(props: {
  ws: string;
  samples: readonly SampleLine[];
  onClose: () => void;
  onDone: () => void;
}) {
  const { ws, samples } = props;
  const list = useQuery({
    queryKey: ["lab-verify-selected", samples.map(({ id, version }) => `${id} ${version}`).join()],
    queryFn: () =>
      write<Listed>("POST", labApi.verifications(), {
        samples: samples.map(({ id, version }) => ({ id, version })),
      }),
    retry: false,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  const found = list.data;
  const [view, setView] = useState<SigningView | null>(null);
  const one = labApi.verification(found?.id ?? "");
  const act = useMutation({
    mutationFn: async (of: Listed) => {
      if (of.way === "signature") return setView(await read<SigningView>(`${one}/signing`));
      await write("POST", labApi.verifySelected(of.id), undefined, { version: of.version });
      done(of);
    },
  });
  const done = (of: Listed) => {
    announce(
      `${said(of.samples.length)} verified.${of.leftOut.length === 0 ? "" : ` ${of.leftOut.length} left out, as told.`}`,
    );
    props.onDone();
  };
  const step = view?.steps[0];
  return (
    <>
      <Dialog open={view === null} title={`Verify ${said(samples.length)}`} size={760} onClose={props.onClose}>
        <div className={page.form}>
          {list.isPending && <Skeleton label="Reading what waits for verification" rows={4} />}
          {list.isError && <ProblemNotice problem={asProblem(list.error)} />}
          {act.isError && <ProblemNotice problem={asProblem(act.error)} onRetry={() => void list.refetch()} />}
          {found !== undefined && (
            <>
              {found.leftOut.length > 0 && (
                <section aria-label="Left out" className={css.left}>
                  <p>
                    {found.samples.length} of {samples.length} can be verified now. Left out, and as they were:
                  </p>
                  <ul>
                    {found.leftOut.map((each) => (
                      <li key={each.id}>
                        <Go to={labPage.sample(ws, each.id)} className={lab.number}>
                          {each.number}
                        </Go>
                        <span>{each.why}</span>
                      </li>
                    ))}
                  </ul>
                </section>
              )}
              <div className={css.box} role="region" aria-label="Results that are verified" tabIndex={0}>
                <table className={css.table}>
                  <caption className="p-hidden">Results that are verified</caption>
                  <thead>
                    <tr>
                      <th>Sample</th>
                      <th>Determination</th>
                      <th>Entered</th>
                      <th>Limit</th>
                      <th>Verdict</th>
                      <th>By</th>
                    </tr>
                  </thead>
                  <tbody>
                    {found.results.map((row, index) => (
                      <tr key={row.id} data-first={row.sampleId !== found.results[index - 1]?.sampleId || undefined}>
                        <td className={lab.number}>
                          {row.sampleId === found.results[index - 1]?.sampleId ? "" : row.sample}
                        </td>
                        <td>
                          {row.name}
                          {row.kind === "duplicate" && <span className={page.meta}> duplicate</span>}
                          {row.attempt > 1 && <span className={page.meta}> retest {row.attempt - 1}</span>}
                        </td>
                        <td className={page.mono}>
                          <span
                            className={row.input === "calculated" ? lab.exact : undefined}
                            title={row.text ?? undefined}
                          >
                            {row.text}
                          </span>{" "}
                          <span className={page.meta}>{row.unit}</span>
                          {row.reason !== null && <span className={css.changed}>changed: {row.reason}</span>}
                        </td>
                        <td className={page.mono}>{row.limit}</td>
                        <td>
                          {row.verdict !== null && (
                            <StatusMark tone={verdictLook[row.verdict].tone} word={verdictLook[row.verdict].word} />
                          )}
                        </td>
                        <td className={page.meta}>{row.enteredBy}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
              <p className={page.muted}>
                {found.way === "signature"
                  ? "One signature stands for exactly these values. Whatever changes before you sign refuses the whole."
                  : "One fresh proof stands for exactly these values. Whatever changes meanwhile refuses the whole. "}
                {found.way === "step-up" && <PolicyLimit name="lab.unsignedVerification" />}
              </p>
              <p className={page.row}>
                <Act look="main" size="form" busy={act.isPending} onAct={() => act.mutate(found)}>
                  {`Verify ${said(found.samples.length)}${found.way === "signature" ? " and sign" : ""}`}
                </Act>
                <span className={page.muted}>
                  {found.count} result{found.count === 1 ? "" : "s"}
                </span>
              </p>
            </>
          )}
        </div>
      </Dialog>
      {found !== undefined && view !== null && step !== undefined && (
        <SignDialog
          one={one}
          view={view}
          step={step}
          onClose={() => setView(null)}
          onSigned={() => {
            setView(null);
            done(found);
          }}
        />
      )}
    </>
  );
}

function said(count: number): string {
  return count === 1 ? "1 sample" : `${count} samples`;
}
