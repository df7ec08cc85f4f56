import { Act } from "@probity/web/kit/act.tsx";
import { EmptyState } from "@probity/web/kit/empty-state.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showDay } from "@probity/web/kit/time.ts";
import { read } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { FilterRow, useFilters } from "./filter-row.tsx";
import { lotLook, qualityApi, qualityPage, sayKind, type Lot, type Material } from "./instrument-types.ts";
import css from "./lab.module.css";
import { Left } from "./left.tsx";
import { MaterialForm, ReceiveLot } from "./material-form.tsx";
import { MaterialList } from "./material-list.tsx";
import { refusedBecause } from "./words.ts";

type LotList = { items: Lot[]; total: number; may: string[] };

/** Lots of reagents, standards and media: which may be used, until when, and what is left. */
export function Materials() {
  useTitle("Materials");
  const place = usePlace();
  const ws = place.params["ws"] ?? "";
  const filters = useFilters(["status", "material", "q"]);
  const defined = filters.value("view") === "materials";
  const list = useQuery({
    queryKey: ["lab-lots", ws, filters.asked],
    queryFn: () => read<LotList>(qualityApi.lots(filters.asked)),
  });
  const materials = useQuery({
    queryKey: ["lab-materials", ws],
    queryFn: () => read<{ items: Material[] }>(qualityApi.materials()),
  });
  const [open, setOpen] = useState<"material" | "lot" | null>(null);
  const queries = useQueryClient();
  const found = list.data;
  const known = materials.data?.items ?? [];
  const receive = (
    <Act
      look="main"
      size="form"
      disabledReason={
        refusedBecause(found?.may, "lab.lot.handle", "technicians") ??
        (materials.isSuccess && known.length === 0 ? "Define the material first." : undefined)
      }
      onAct={() => setOpen("lot")}
    >
      Receive lot
    </Act>
  );
  const define = (
    <Act disabledReason={refusedBecause(found?.may, "lab.master.change", "admins")} onAct={() => setOpen("material")}>
      Define material
    </Act>
  );
  return (
    <div className={page.page}>
      <div className={page.head}>
        <h1>Materials</h1>
        <span className={page.row}>
          {define} {receive}
        </span>
      </div>
      <p className={page.lead}>
        A lot is used once somebody else than who received it has released it, and until its last day. What was taken,
        and every result it went into, stays on record.
      </p>
      <nav className={css.tabs} aria-label="Materials">
        <Act look="quiet" pressed={!defined} onAct={() => place.query({}, true)}>
          Lots
        </Act>
        <Act look="quiet" pressed={defined} onAct={() => place.query({ view: "materials" }, true)}>
          What is kept
        </Act>
      </nav>
      {defined ? (
        <MaterialList
          ws={ws}
          materials={known}
          pending={materials.isPending}
          lots={found?.items ?? []}
          may={found?.may}
          act={define}
        />
      ) : (
        <Lots ws={ws} list={list} filters={filters} known={known} act={known.length === 0 ? define : receive} />
      )}
      <MaterialForm
        key={open === "material" ? "m1" : "m0"}
        open={open === "material"}
        onClose={() => setOpen(null)}
        onDone={() => {
          setOpen(null);
          void queries.invalidateQueries({ queryKey: ["lab-materials"] });
        }}
      />
      <ReceiveLot
        key={open === "lot" ? "l1" : "l0"}
        open={open === "lot"}
        materials={known}
        onClose={() => setOpen(null)}
        onDone={(id) => place.go(qualityPage.lot(ws, id))}
      />
    </div>
  );
}

/** Lots, filtered. */
function Lots(props: {
  ws: string;
  list: UseQueryResult<LotList>;
  filters: ReturnType<typeof useFilters>;
  known: readonly Material[];
  act: ReactNode;
}) {
  const { ws, list, filters, known } = props;
  const found = list.data;
  return (
    <>
      <FilterRow
        of="lots"
        placeholder="Lot, material, supplier"
        filters={filters}
        choices={[
          {
            name: "status",
            label: "Stands",
            options: Object.entries(lotLook).map(([value, { word }]) => ({ value, label: word })),
          },
          {
            name: "material",
            label: "Material",
            options: known.map((each) => ({ value: each.id, label: `${each.code} ${each.name}` })),
          },
        ]}
        file={{ path: qualityApi.lots({ ...filters.asked, format: "csv" }), name: "lots.csv" }}
      />
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton label="Reading the lots" />}
      {found?.items.length === 0 && (
        <EmptyState act={props.act}>
          {found.total > 0
            ? "No lot matches. Widen the filter."
            : known.length === 0
              ? "No material yet. Define one, such as a buffer or a reference standard; then receive its lots."
              : "No lot yet. Receive one with its certificate; another person releases it."}
        </EmptyState>
      )}
      {found !== undefined && found.items.length > 0 && (
        <>
          <LedgerTable
            caption="Lots"
            rows={found.items}
            rowKey={(each) => each.id}
            tone={(each) => lotLook[each.status].tone}
            columns={[
              {
                id: "lot",
                title: "Lot",
                lead: true,
                cell: (each) => (
                  <>
                    <Go to={qualityPage.lot(ws, each.id)} className={css.number}>
                      {each.number}
                    </Go>{" "}
                    {each.materialName}
                    <div className={page.meta}>
                      {[each.material, sayKind(each.kind), each.supplier, each.content]
                        .filter((part) => part !== null)
                        .join(" · ")}
                    </div>
                  </>
                ),
              },
              {
                id: "status",
                title: "Stands",
                lead: true,
                width: "140px",
                cell: (each) => <StatusMark {...lotLook[each.status]} />,
              },
              {
                id: "last",
                title: "Last day",
                width: "180px",
                cell: (each) => (
                  <span className={each.status === "expired" ? css.late : ""}>
                    {showDay(each.lastDay)}
                    {each.openedAt !== null && <div className={page.meta}>opened {showDay(each.openedAt)}</div>}
                  </span>
                ),
              },
              { id: "left", title: "Left", width: "180px", cell: (each) => <Left lot={each} /> },
              {
                id: "certificate",
                title: "Certificate",
                width: "150px",
                cell: (each) => <span className={page.mono}>{each.certificate}</span>,
              },
            ]}
          />
          <p className={page.muted}>
            {found.items.length === found.total
              ? `${found.total} lots`
              : `${found.items.length} of ${found.total} lots`}
          </p>
        </>
      )}
    </>
  );
}
