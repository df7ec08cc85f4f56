import { Act } from "@probity/web/kit/act.tsx";
import { announce } from "@probity/web/kit/announcer.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { read } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { Go } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { qualityApi, qualityPage, sayKind, type Kept, type Lot, type Material } from "./instrument-types.ts";
import css from "./master.module.css";
import { MaterialForm } from "./material-form.tsx";
import { refusedBecause } from "./words.ts";

/** What the laboratory keeps, whatever lot of it: how it is stored and counted, and whether it is time to order. */
export function MaterialList(props: {
  ws: string;
  materials: readonly Material[];
  pending: boolean;
  lots: readonly Lot[];
  may: readonly string[] | undefined;
  /** The act that defines the first one. */
  act: ReactNode;
}) {
  const [changing, setChanging] = useState<Material | null>(null);
  const [told, setTold] = useState<Material | null>(null);
  const queries = useQueryClient();
  if (props.pending) return <Skeleton label="Reading the materials" />;
  if (props.materials.length === 0)
    return (
      <EmptyState act={props.act}>
        No material yet. Define one, such as a buffer or a reference standard; then receive its lots.
      </EmptyState>
    );
  const lotsOf = (material: Material) => props.lots.filter((lot) => lot.materialId === material.id);
  return (
    <>
      <LedgerTable
        caption="Materials"
        rows={[...props.materials]}
        rowKey={(each) => each.id}
        tone={(each) => (isShort(each, lotsOf(each)) ? "partial" : null)}
        columns={[
          {
            id: "material",
            title: "Material",
            lead: true,
            cell: (each) => (
              <>
                <b className={page.mono}>{each.code}</b> {each.name}
                <div className={page.meta}>{sayKind(each.kind)}</div>
              </>
            ),
          },
          {
            id: "kept",
            title: "Kept",
            cell: (each) => (
              <>
                {each.storage ?? "–"}
                {each.afterOpeningDays !== null && (
                  <div className={page.meta}>{each.afterOpeningDays} days after opening</div>
                )}
              </>
            ),
          },
          {
            id: "usable",
            title: "May be used",
            lead: true,
            width: "200px",
            cell: (each) => (
              <Go to={`${qualityPage.materials(props.ws)}?material=${each.id}`}>
                <span className={page.mono}>
                  {sumOf(each, lotsOf(each))} {each.unit}
                </span>
              </Go>
            ),
          },
          {
            id: "order",
            title: "Order",
            width: "170px",
            cell: (each) =>
              each.reorderAt === null ? (
                <span className={page.muted}>no order point</span>
              ) : (
                <>
                  <span className={page.meta}>order below</span>{" "}
                  <span className={page.mono}>
                    {each.reorderAt} {each.unit}
                  </span>{" "}
                  {isShort(each, lotsOf(each)) && <StatusMark tone="partial" word="now" />}
                </>
              ),
          },
          {
            id: "act",
            title: "Change",
            quiet: true,
            end: true,
            width: "170px",
            cell: (each) => (
              <span className={page.row}>
                <Act look="quiet" label={`History of ${each.code}`} onAct={() => setTold(each)}>
                  History
                </Act>
                <Act
                  look="quiet"
                  label={`Change ${each.code}`}
                  disabledReason={refusedBecause(props.may, "lab.master.change", "admins")}
                  onAct={() => setChanging(each)}
                >
                  Change
                </Act>
              </span>
            ),
          },
        ]}
      />
      {changing !== null && (
        <MaterialForm
          open
          known={changing}
          named={lotsOf(changing).length > 0}
          onClose={() => setChanging(null)}
          onDone={() => {
            announce(`${changing.code} is changed.`);
            setChanging(null);
            for (const key of ["lab-materials", "lab-lots", "lab-material-history"])
              void queries.invalidateQueries({ queryKey: [key] });
          }}
        />
      )}
      {told !== null && <MaterialHistory material={told} onClose={() => setTold(null)} />}
    </>
  );
}

/** How much of its lots may be used, counted in its unit. */
function sumOf(material: Material, lots: readonly Lot[]): number {
  const usable = lots.filter((lot) => lot.unit === material.unit && ["usable", "due-soon"].includes(lot.status));
  return Number(usable.reduce((sum, lot) => sum + Number(lot.left), 0).toPrecision(12));
}
function isShort(material: Material, lots: readonly Lot[]): boolean {
  return material.reorderAt !== null && sumOf(material, lots) < material.reorderAt;
}

const fieldWords: Readonly<Record<string, string>> = {
  code: "Code",
  name: "Name",
  kind: "Kind",
  unit: "Counted in",
  afterOpeningDays: "Days after opening",
  storage: "Storage",
  reorderAt: "Order at",
  deleted: "Taken off the list",
};

/** Every version of a material, newest first: who changed what, and why. */
function MaterialHistory({ material, onClose }: { material: Material; onClose: () => void }) {
  const history = useQuery({
    queryKey: ["lab-material-history", material.id],
    queryFn: () => read<{ items: Kept[] }>(qualityApi.material(material.id, "history")),
  });
  return (
    <Dialog open onClose={onClose} title={`${material.code} ${material.name}, every version`} size={640}>
      {history.isPending && <Skeleton label="Reading its versions" rows={4} />}
      {history.isError && <ProblemNotice problem={asProblem(history.error)} />}
      {(history.data?.items ?? []).toReversed().map((version) => (
        <section key={version.version} aria-label={`Version ${version.version}`} className={css.kept}>
          <p>
            <b className={page.mono}>v{version.version}</b> {version.reason !== null && <>“{version.reason}” </>}
            <span className={page.meta}>
              {version.actor.name ?? "Probity"}, {showTime(version.at)}
            </span>
          </p>
          <table className={css.diff}>
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col">Before</th>
                <th scope="col">After</th>
              </tr>
            </thead>
            <tbody>
              {version.changes.map((change) => (
                <tr key={change.field}>
                  <th scope="row">{fieldWords[change.field] ?? change.field}</th>
                  <td>{change.before === null ? <i>nothing</i> : <del>{String(change.before)}</del>}</td>
                  <td>{change.after === null ? <i>nothing</i> : <ins>{String(change.after)}</ins>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ))}
    </Dialog>
  );
}
