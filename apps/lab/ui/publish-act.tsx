import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { read, write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import css from "./lab.module.css";
import { labApi } from "./path.ts";
import type { Sample, Specification } from "./types.ts";
import { refusedBecause } from "./words.ts";

/**
 * Publishes a verified sample against the limits it was registered with and any other of its product that is chosen now: no
 * result is changed by it. Where its product has no other there is nothing to ask.
 */
export function PublishAct({ sample, onDone }: { sample: Sample; onDone: () => void }) {
  const queries = useQueryClient();
  const ofProduct = {
    queryKey: ["lab-specifications-of", sample.productId],
    queryFn: () => read<{ items: Specification[] }>(labApi.specifications(sample.productId)),
  };
  const list = useQuery(ofProduct);
  const [open, setOpen] = useState(false);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const publish = useMutation({
    mutationFn: () =>
      write(
        "POST",
        labApi.sample(sample.id, "publish"),
        { specificationIds: [...chosen] },
        { version: sample.version },
      ),
    onSuccess: () => {
      setOpen(false);
      onDone();
    },
  });
  const othersOf = (found: { items: Specification[] } | undefined) =>
    (found?.items ?? []).filter(({ specificationId }) => specificationId !== sample.specificationId);
  const others = othersOf(list.data);
  // Whoever is quicker than the list waits for it: without it nobody knows whether there is something to ask.
  const begin = useMutation({
    mutationFn: () => queries.ensureQueryData(ofProduct),
    onSuccess: (found) => (othersOf(found).length === 0 ? publish.mutate() : setOpen(true)),
    onError: () => setOpen(true),
  });
  const own =
    sample.specification === null ? "No limits" : `${sample.specification} v${sample.specificationNumber ?? ""}`;
  return (
    <>
      <Act
        look="main"
        busy={begin.isPending || (publish.isPending && !open)}
        disabledReason={refusedBecause(sample.may, "lab.sample.publish", "reviewers")}
        onAct={() => begin.mutate()}
      >
        Publish
      </Act>
      {publish.isError && !open && <ProblemNotice problem={asProblem(publish.error)} />}
      <Dialog open={open} onClose={() => setOpen(false)} title={`Publish ${sample.number}`}>
        <form
          className={page.form}
          onSubmit={(event) => {
            event.preventDefault();
            publish.mutate();
          }}
        >
          {publish.isError && <ProblemNotice problem={asProblem(publish.error)} />}
          {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
          <p className={page.muted}>
            It is told how the results stand against these limits. What one asks for and nobody determined is told as
            that.
          </p>
          <div className={css.waiting} role="group" aria-label="Held against">
            <label>
              <input type="checkbox" checked disabled />
              <span className={css.number}>{own}</span>
              <span>as registered, frozen</span>
              <span />
            </label>
            {others.map((each) => (
              <label key={each.specificationId}>
                <input
                  type="checkbox"
                  checked={chosen.has(each.specificationId)}
                  onChange={() =>
                    setChosen((before) => {
                      const after = new Set(before);
                      if (!after.delete(each.specificationId)) after.add(each.specificationId);
                      return after;
                    })
                  }
                />
                <span className={css.number}>{`${each.code} v${each.number}`}</span>
                <span>{each.title}</span>
                <span />
              </label>
            ))}
          </div>
          <div>
            <Act look="main" size="form" submit busy={publish.isPending}>
              {chosen.size === 0
                ? "Publish"
                : `Publish against ${chosen.size + (sample.specification === null ? 0 : 1)}`}
            </Act>
          </div>
        </form>
      </Dialog>
    </>
  );
}
