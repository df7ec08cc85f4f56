import { Act } from "@probity/web/kit/act.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { ProofLine } from "@probity/web/kit/proof-line.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { read, write } from "@probity/web/shell/api.ts";
import { DownloadAct } from "@probity/web/shell/download-act.tsx";
import { PageProblem } from "@probity/web/shell/page-problem.tsx";
import page from "@probity/web/shell/page.module.css";
import { page as shellPage } from "@probity/web/shell/path.ts";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { quoted } from "./certificate-types.ts";
import lab from "./lab.module.css";
import css from "./stability.module.css";
import { StudyEvaluation } from "./study-evaluation.tsx";
import { StudyPulls } from "./study-pulls.tsx";
import { StudyStart } from "./study-start.tsx";
import { kindWord, stabilityApi, stabilityPage, type Study } from "./stability-types.ts";
import { refusedBecause } from "./words.ts";

/** One stability study: its pulls in time, what the results say of the shelf life, the protocol it follows. */
export function StudyPage() {
  const place = usePlace();
  const [ws, id] = [place.params["ws"] ?? "", place.params["id"] ?? ""];
  const queries = useQueryClient();
  const one = useQuery({ queryKey: ["lab-study", id], queryFn: () => read<Study>(stabilityApi.study(id)) });
  const [starting, setStarting] = useState(false);
  const found = one.data;
  useTitle(found?.number ?? "Study");
  const reload = async () => {
    await queries.invalidateQueries({ queryKey: ["lab-study", id] });
    await queries.invalidateQueries({ queryKey: ["lab-studies", ws] });
    await queries.invalidateQueries({ queryKey: ["lab-evaluation", id] });
  };
  const approve = useMutation({
    mutationFn: (draft: Study["protocols"][number]) =>
      write("POST", stabilityApi.protocol(draft.id, "approve"), undefined, { version: draft.version }),
    onSuccess: reload,
  });
  if (one.isError && one.data === undefined)
    return (
      <PageProblem
        title="Stability study"
        error={one.error}
        onRetry={() => void one.refetch()}
        back={<Go to={stabilityPage.list(ws)}>All studies</Go>}
      />
    );
  if (found === undefined)
    return (
      <div className={page.page}>
        <Skeleton heading label="Reading the study" rows={6} />
      </div>
    );
  const draft = found.protocols.find(({ state }) => state === "draft");
  const approved = found.protocols.find(({ state }) => state === "approved");
  const left = approved?.content.batches.filter((lot) => !found.batches.some((batch) => batch.lot === lot)) ?? [];
  const ownDraft =
    draft !== undefined && draft.writtenById === found.you
      ? "You wrote this protocol, and nobody approves their own. Ask another reviewer."
      : undefined;
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1 className={lab.number}>{found.number}</h1>
        <span>{found.title}</span>
        {approved !== undefined && <StatusMark tone="sealed" word={`protocol v${approved.number}`} tinted />}
        <span className={page.row}>
          <DownloadAct path={stabilityApi.studyCsv(id)} name={`study-${found.number}.csv`}>
            Export CSV
          </DownloadAct>
          {left.length > 0 && (
            <Act
              look="main"
              disabledReason={refusedBecause(found.may, "lab.study.start", "technicians")}
              onAct={() => setStarting(true)}
            >
              Start batch
            </Act>
          )}
          <Act
            disabledReason={refusedBecause(found.may, "lab.study.change", "technicians and admins")}
            onAct={() => place.go(stabilityPage.protocol(ws, id))}
          >
            {draft === undefined ? "Write next protocol" : "Change draft"}
          </Act>
        </span>
      </div>
      {approve.isError && <ProblemNotice problem={asProblem(approve.error)} />}
      {draft !== undefined && (
        <Notice
          tone="partial"
          act={
            <Act
              look="main"
              busy={approve.isPending}
              disabledReason={refusedBecause(found.may, "lab.study.approve", "reviewers") ?? ownDraft}
              onAct={() => approve.mutate(draft)}
            >
              {`Approve protocol v${draft.number}`}
            </Act>
          }
        >
          Protocol v{draft.number} is a draft by {draft.writtenBy ?? "Probity"}: {quoted(draft.reason)} Another person
          approves it; then it stays as it is.
        </Notice>
      )}
      {found.batches.length > 0 && <StudyPulls ws={ws} study={found} onChanged={reload} />}
      {found.results.length > 0 && <StudyEvaluation ws={ws} study={found} onChanged={reload} />}
      <section className={css.part}>
        <h2>Protocol</h2>
        {found.protocols.map((protocol) => (
          <div key={protocol.id}>
            <p className={page.meta}>
              v{protocol.number}, {protocol.state}
              {protocol.approvedBy !== null &&
                ` by ${protocol.approvedBy}${protocol.approvedAt === null ? "" : `, ${showTime(protocol.approvedAt)}`}`}
              {protocol.writtenBy !== null && `; written by ${protocol.writtenBy}`}: “{protocol.reason}”
            </p>
            <dl className={lab.facts}>
              {facts(found, protocol.content).map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          </div>
        ))}
      </section>
      <ProofLine
        parts={[
          `v${found.version}`,
          `${found.pulls.length} pulls, ${found.evaluations.length} kept ${found.evaluations.length === 1 ? "evaluation" : "evaluations"}`,
          "an evaluation keeps its results by id and version",
        ]}
      >
        <Go to={shellPage.audit(ws, id)}>Its events in the audit trail</Go>
      </ProofLine>
      {starting && approved !== undefined && (
        <StudyStart
          study={found}
          protocol={approved.content}
          lots={left}
          onClose={() => setStarting(false)}
          onDone={async () => {
            setStarting(false);
            await reload();
          }}
        />
      )}
    </div>
  );
}

function facts(study: Study, content: Study["protocols"][number]["content"]): [string, string][] {
  const { specification } = study;
  return [
    ["Product", `${study.productCode} ${study.product}`],
    ["Batches", content.batches.join(", ")],
    ["Container", content.container],
    ["Orientation", content.orientation === "none" ? "not stated" : content.orientation],
    ["Kept", { room: "at room temperature", refrigerator: "refrigerated", freezer: "frozen" }[content.keeping]],
    ["Window of a pull", `${content.windowBefore} d before to ${content.windowAfter} d after, ${content.zone}`],
    ...(specification === null
      ? []
      : ([["Tests and limits", `${specification.code} v${specification.number}, frozen`]] satisfies [
          string,
          string,
        ][])),
    ...content.conditions.map((each): [string, string] => [
      each.kind === "initial" ? each.title : `${each.title}, ${kindWord[each.kind]}`,
      `${each.months.join(", ")} months, ${each.units} units a pull`,
    ]),
  ];
}
