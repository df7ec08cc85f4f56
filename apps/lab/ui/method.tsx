import { Act } from "@probity/web/kit/act.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { read } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { inspectApi } from "./inspect-path.ts";
import { linesOfDefinition, linesOfLimits, type LimitLine, type MethodLine } from "./master-types.ts";
import { MethodEditor } from "./method-edit.tsx";
import { labApi, labPage } from "./path.ts";
import { LimitEditor } from "./specification-edit.tsx";
import type { MethodVersion, Specification } from "./types.ts";
import { useMay } from "./use-may.ts";
import { Versions } from "./version-list.tsx";
import { useVersionsAhead } from "./versions-ahead.tsx";
import { refusedBecause } from "./words.ts";

/** A method through its versions: which is in force, what each changed, and the next one. */
export function MethodPage() {
  const place = usePlace();
  const [ws, id] = [place.params["ws"] ?? "", place.params["id"] ?? ""];
  const queries = useQueryClient();
  const key = ["lab-method-versions", id];
  const method = useQuery({
    queryKey: ["lab-method", id],
    queryFn: () => read<{ code: string; title: string }>(inspectApi.master("methods", id)),
  });
  const versions = useQuery({
    queryKey: key,
    retry: false,
    queryFn: async () => (await read<{ items: MethodLine[] }>(inspectApi.versions("methods", id))).items,
  });
  // A method that was just made has no version: its list is not there yet, and the editor is open.
  const none = versions.isError && asProblem(versions.error).status === 404 && method.data !== undefined;
  const [editing, setEditing] = useState(place.search["edit"] === "1");
  const may = useMay();
  const refused = refusedBecause(may, "lab.master.change", "admins");
  const anew = () =>
    [key, ["lab-methods"], ["lab-versions-ahead"]].map((queryKey) => queries.invalidateQueries({ queryKey }));
  useTitle(method.data?.code ?? "Method");
  const list = versions.data ?? [];
  const newest = list[0]?.definition ?? null;
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>{method.data === undefined ? "Method" : `${method.data.code} ${method.data.title}`}</h1>
        <span className={page.row}>
          <Go to={labPage.methods(ws)}>Methods & limits</Go>
          {!editing && !none && (
            <Act look="main" disabledReason={refused} onAct={() => setEditing(true)}>
              New version
            </Act>
          )}
        </span>
      </div>
      {method.isError && <ProblemNotice problem={asProblem(method.error)} onRetry={() => void method.refetch()} />}
      {versions.isError && !none && !method.isError && (
        <ProblemNotice problem={asProblem(versions.error)} onRetry={() => void versions.refetch()} />
      )}
      {versions.isPending && <Skeleton label="Reading its versions" rows={4} />}
      {(editing || none) && (none || newest !== null) && (
        <MethodEditor
          key={list.length}
          id={id}
          from={newest}
          onClose={() => setEditing(false)}
          onMade={() => {
            setEditing(false);
            anew();
          }}
        />
      )}
      {list.length > 0 && (
        <Versions
          noun="method"
          may={may}
          versions={list}
          linesOf={(version) => linesOfDefinition(version.definition)}
          onDecided={anew}
        />
      )}
    </div>
  );
}

/** A specification through its versions, with the limits of the next one. */
export function SpecificationPage() {
  const place = usePlace();
  const [ws, id] = [place.params["ws"] ?? "", place.params["id"] ?? ""];
  const queries = useQueryClient();
  const key = ["lab-specification-versions", id];
  const versions = useQuery({
    queryKey: key,
    queryFn: async () => (await read<{ items: LimitLine[] }>(inspectApi.versions("specifications", id))).items,
  });
  const current = useQuery({
    queryKey: ["lab-specifications", ws],
    queryFn: () => read<{ items: Specification[] }>(labApi.specifications()),
  });
  const methods = useQuery({
    queryKey: ["lab-methods", ws],
    queryFn: () => read<{ items: MethodVersion[] }>(labApi.methods()),
  });
  const [editing, setEditing] = useState(false);
  // One of which no version counts yet stands among those that are ahead.
  const ahead = useVersionsAhead(ws, current.isSuccess);
  const named =
    current.data?.items.find((each) => each.specificationId === id) ?? ahead.data?.find((each) => each.id === id);
  const may = useMay();
  const anew = () =>
    [key, ["lab-specifications"], ["lab-versions-ahead"]].map((queryKey) => queries.invalidateQueries({ queryKey }));
  useTitle(named?.code ?? "Specification");
  const list = versions.data ?? [];
  const known = methods.data?.items ?? [];
  const codeOf = (methodId: string) => known.find((each) => each.methodId === methodId)?.code ?? "";
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>{named === undefined ? "Specification" : `${named.code} ${named.title}`}</h1>
        <span className={page.row}>
          <Go to={labPage.methods(ws)}>Methods & limits</Go>
          {!editing && list.length > 0 && (
            <Act
              look="main"
              disabledReason={refusedBecause(may, "lab.master.change", "admins")}
              onAct={() => setEditing(true)}
            >
              New version
            </Act>
          )}
        </span>
      </div>
      {versions.isError && (
        <ProblemNotice problem={asProblem(versions.error)} onRetry={() => void versions.refetch()} />
      )}
      {versions.isPending && <Skeleton label="Reading its versions" rows={4} />}
      {editing && (
        <LimitEditor
          key={list.length}
          id={id}
          from={list[0]?.limits ?? []}
          methods={known}
          onClose={() => setEditing(false)}
          onMade={() => {
            setEditing(false);
            anew();
          }}
        />
      )}
      {list.length > 0 && (
        <Versions
          noun="specification"
          may={may}
          versions={list}
          linesOf={(version) => linesOfLimits(version.limits, codeOf)}
          onDecided={anew}
        />
      )}
    </div>
  );
}
