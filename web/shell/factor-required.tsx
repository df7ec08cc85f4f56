import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Act } from "../kit/act.tsx";
import { Notice } from "../kit/notice.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { read, write } from "./api.ts";
import type { Factors } from "./api-types.ts";
import { PasskeyAdd, RecoveryCodes, TotpSetUp } from "./factor-set-up.tsx";
import { api, page } from "./path.ts";
import { usePlace, useTitle } from "./place.tsx";
import { asProblem } from "./problem.ts";
import { sessionKey } from "./session.ts";
import css from "./page.module.css";

/** The only page for a member without the second factor that the workspace requires: set one up, or leave. */
export function FactorRequired({ workspace, onHold }: { workspace: string; onHold: (held: boolean) => void }) {
  useTitle("Second factor needed");
  const place = usePlace();
  const queries = useQueryClient();
  const factors = useQuery({ queryKey: ["factors"], queryFn: () => read<Factors>(api.factors()) });
  const [setting, setSetting] = useState(false);
  const [codes, setCodes] = useState<string[] | null>(null);
  const leave = useMutation({
    mutationFn: () => write("DELETE", api.session()),
    onSuccess: () => {
      queries.clear();
      place.go(page.root());
    },
  });
  const go = () => {
    void queries.invalidateQueries({ queryKey: sessionKey });
    onHold(false);
  };
  const done = (made: string[]) => {
    if (made.length === 0) return go();
    onHold(true);
    setCodes(made);
  };
  return (
    <main id="main" className={css.narrow}>
      <h1>Set up a second factor</h1>
      {codes !== null ? (
        <RecoveryCodes codes={codes} onDone={go} />
      ) : (
        <>
          <Notice tone="partial">{workspace} requires a second factor. Your work is safe. Set one up to go on.</Notice>
          {factors.isError && <ProblemNotice problem={asProblem(factors.error)} />}
          {setting ? (
            <TotpSetUp onDone={done} onCancel={() => setSetting(false)} />
          ) : (
            <div className={css.form}>
              <div>
                <Act look="main" size="form" onAct={() => setSetting(true)}>
                  Set up an authenticator app
                </Act>
              </div>
              <div>
                <PasskeyAdd address={factors.data?.passkeyAddress ?? null} onDone={done} />
              </div>
              <div>
                <Act look="quiet" busy={leave.isPending} onAct={() => leave.mutate()}>
                  Sign out
                </Act>
              </div>
            </div>
          )}
        </>
      )}
    </main>
  );
}
