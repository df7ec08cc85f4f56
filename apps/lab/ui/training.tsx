import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showDay } from "@probity/web/kit/time.ts";
import { read } from "@probity/web/shell/api.ts";
import { DownloadAct } from "@probity/web/shell/download-act.tsx";
import { Find } from "@probity/web/shell/find.tsx";
import page from "@probity/web/shell/page.module.css";
import { page as shellPage } from "@probity/web/shell/path.ts";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type KeyboardEvent } from "react";
import css from "./instrument.module.css";
import { qualityApi, trainingLook, type Training, type TrainingMatrix } from "./instrument-types.ts";
import { labPage } from "./path.ts";
import { TrainingDialog } from "./training-dialog.tsx";

export interface Cell {
  person: { id: string; name: string };
  method: TrainingMatrix["methods"][number];
}

/** People across methods: who is trained on the version in force, by whom and until when. */
export function TrainingPage() {
  useTitle("Training");
  const place = usePlace();
  const ws = place.params["ws"] ?? "";
  const text = (name: string) => (typeof place.search[name] === "string" ? place.search[name] : "");
  const key = ["lab-training", ws];
  const list = useQuery({ queryKey: key, queryFn: () => read<TrainingMatrix>(qualityApi.trainings()) });
  const [cell, setCell] = useState<Cell | null>(null);
  const queries = useQueryClient();
  const found = list.data;
  const says = (said: string, asked: string) => said.toLowerCase().includes(asked.trim().toLowerCase());
  const people = (found?.people ?? []).filter(({ name }) => says(name, text("q")));
  const methods = (found?.methods ?? []).filter(({ code, title }) => says(`${code} ${title}`, text("method")));
  const of = ({ person, method }: Cell) =>
    (found?.items ?? []).filter((each) => each.personId === person.id && each.methodId === method.methodId);
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>Training</h1>
        <DownloadAct
          look="quiet"
          path={qualityApi.trainings({ q: text("q"), on: text("method"), format: "csv" })}
          name="training.csv"
        >
          Export as CSV
        </DownloadAct>
      </div>
      <p className={page.lead}>
        A training is on a version of a method, counts from when another person recorded it, and ends by its day. Where
        a method asks for it, what somebody untrained entered is held.
      </p>
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton label="Reading the trainings" />}
      {found !== undefined && (found.methods.length === 0 || found.people.length === 0) && (
        <EmptyState
          act={
            found.methods.length === 0 ? (
              <Go to={labPage.methods(ws)}>Open methods and limits</Go>
            ) : (
              <Go to={shellPage.people(ws)}>Open people and access</Go>
            )
          }
        >
          {found.methods.length === 0
            ? "No method is in force yet. Once one is, everybody who enters results stands here beside it."
            : "Nobody here enters results yet. Give somebody the role of technician."}
        </EmptyState>
      )}
      {found !== undefined && found.methods.length > 0 && found.people.length > 0 && (
        <>
          <div className={page.filters} role="search">
            <Find
              label="Filter people by name"
              hint="Person"
              value={text("q")}
              onFind={(q) => place.query({ q, method: text("method") }, true)}
            />
            <Find
              label="Filter methods by code or title"
              hint="Method"
              value={text("method")}
              onFind={(method) => place.query({ q: text("q"), method }, true)}
            />
            <span className={page.muted}>
              {`${people.length} of ${found.people.length} people, ${methods.length} of ${found.methods.length} methods`}
            </span>
          </div>
          {(people.length === 0 || methods.length === 0) && (
            <EmptyState>Nothing matches. Use other words, or fewer.</EmptyState>
          )}
          <div className={css.matrix}>
            <table onKeyDown={walk}>
              <caption className="p-hidden">
                People and the methods they are trained on; arrows walk, Enter opens
              </caption>
              <thead>
                <tr>
                  <th scope="col">Person</th>
                  {methods.map((method) => (
                    <th key={method.id} scope="col">
                      <b>
                        {method.code} v{method.number}
                      </b>
                      {method.title}
                      {method.required && <div>training asked for</div>}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {people.map((person, row) => (
                  <tr key={person.id}>
                    <th scope="row">{person.name}</th>
                    {methods.map((method, column) => {
                      const last = currentOf(of({ person, method }), method.id);
                      return (
                        <td key={method.id}>
                          <button
                            type="button"
                            className={css.cell}
                            data-row={row}
                            data-column={column}
                            tabIndex={row === 0 && column === 0 ? 0 : -1}
                            onClick={() => setCell({ person, method })}
                          >
                            <span className="p-hidden">{`${person.name}, ${method.code} version ${method.number}: `}</span>
                            <Standing last={last} method={method} />
                          </button>
                        </td>
                      );
                    })}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
      {cell !== null && found !== undefined && (
        <TrainingDialog
          cell={cell}
          items={of(cell)}
          you={found.you}
          may={found.may}
          onClose={() => setCell(null)}
          onDone={() => {
            setCell(null);
            void queries.invalidateQueries({ queryKey: key });
          }}
        />
      )}
    </div>
  );
}

/** What counts: a training on the version in force before one on an earlier, the newest first. */
function currentOf(items: readonly Training[], versionId: string): Training | undefined {
  const own = items.filter((each) => each.methodVersionId === versionId);
  return own.find((each) => each.status === "trained" || each.status === "due-soon") ?? own[0] ?? items[0];
}

function Standing({ last, method }: { last: Training | undefined; method: Cell["method"] }) {
  if (last === undefined)
    return method.required ? (
      <StatusMark tone="gap" word="not trained" />
    ) : (
      <StatusMark tone="planned" word="not trained" />
    );
  if (last.methodVersionId !== method.id)
    return (
      <>
        <StatusMark tone={method.required ? "gap" : "none"} word={`only v${last.methodVersion}`} />
        <small>not on version {method.number}</small>
      </>
    );
  return (
    <>
      <StatusMark {...trainingLook[last.status]} />
      <small>{last.status === "revoked" ? "" : `until ${showDay(last.validUntil)}`}</small>
    </>
  );
}

/** Arrows walk from cell to cell; Tab leaves. */
function walk(event: KeyboardEvent<HTMLElement>): void {
  const target = event.target;
  const steps: Readonly<Record<string, readonly [number, number]>> = {
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
  };
  const step = steps[event.key];
  if (step === undefined || !(target instanceof HTMLElement) || target.dataset["row"] === undefined) return;
  const [row, column] = [Number(target.dataset["row"]) + step[0], Number(target.dataset["column"]) + step[1]];
  const next = event.currentTarget.querySelector<HTMLElement>(`[data-row="${row}"][data-column="${column}"]`);
  if (next === null) return;
  event.preventDefault();
  target.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}
