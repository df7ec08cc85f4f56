import { Act } from "@probity/web/kit/act.tsx";
import { Choice, Field } from "@probity/web/kit/field.tsx";
import { KeyHint } from "@probity/web/kit/key-hint.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { read, write } from "@probity/web/shell/api.ts";
import type { Page } from "@probity/web/shell/api-types.ts";
import { type EditedField, useEdited } from "@probity/web/shell/edited.tsx";
import page from "@probity/web/shell/page.module.css";
import { usePlace, useTitle } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { labApi } from "./path.ts";
import { ConditionRows, readMonths, usual, type ConditionText } from "./protocol-conditions.tsx";
import css from "./stability.module.css";
import { stabilityApi, stabilityPage, type Protocol, type Study } from "./stability-types.ts";
import type { Named, Specification } from "./types.ts";

/** Writes a protocol by keyboard: a new study's first, the draft of one, or the next version of an approved one. */
export function ProtocolPage() {
  const id = usePlace().params["id"];
  const one = useQuery({
    queryKey: ["lab-study", id],
    queryFn: () => read<Study>(stabilityApi.study(id ?? "")),
    enabled: id !== undefined,
  });
  if (id === undefined) return <Editor study={null} />;
  if (one.isError) return <ProblemNotice problem={asProblem(one.error)} onRetry={() => void one.refetch()} />;
  if (one.data === undefined)
    return (
      <div className={page.page}>
        <Skeleton heading label="Reading the protocol" rows={6} />
      </div>
    );
  return <Editor study={one.data} />;
}

function Editor({ study }: { study: Study | null }) {
  const place = usePlace();
  const ws = place.params["ws"] ?? "";
  const queries = useQueryClient();
  const last = study?.protocols[0];
  const draft = last?.state === "draft" ? last : undefined;
  useTitle(study === null ? "New study" : `Protocol of ${study.number}`);
  const products = useQuery({ queryKey: ["lab-products", ws], queryFn: () => read<Page<Named>>(labApi.products()) });
  const specifications = useQuery({
    queryKey: ["lab-specifications", ws],
    queryFn: () => read<{ items: Specification[] }>(labApi.specifications()),
  });
  const [product, setProduct] = useState(study?.productId ?? "");
  const [specification, setSpecification] = useState(study?.specification?.id ?? "");
  const [title, setTitle] = useState(study?.title ?? "");
  const [reason, setReason] = useState(draft?.reason ?? "");
  const [head, setHead] = useState(last?.content ?? blank());
  const [lots, setLots] = useState(last?.content.batches.join(", ") ?? "");
  const [assays, setAssays] = useState(last?.content.assays.join(", ") ?? "assay");
  const [rows, setRows] = useState<ConditionText[]>(last === undefined ? usual() : typed(last.content.conditions));
  const listed = (text: string) =>
    text
      .split(",")
      .map((each) => each.trim())
      .filter((each) => each !== "");
  const content: Protocol = {
    ...head,
    batches: listed(lots),
    assays: listed(assays),
    conditions: rows.map((row) => ({ ...row, months: readMonths(row.months) ?? [], units: Number(row.units) })),
  };
  const now = (protocol: Draft | undefined): Opened => ({
    version: protocol?.version ?? 0,
    reason: protocol?.reason ?? "",
    content: protocol?.content ?? head,
  });
  const mine: Opened = { version: 0, reason, content };
  const edited = useEdited<Opened>(
    now(draft),
    async () =>
      now((await read<Study>(stabilityApi.study(study?.id ?? ""))).protocols.find(({ id }) => id === draft?.id)),
    [
      ...told.map(({ label, of, take }) => ({
        label,
        of,
        mine: of(mine),
        take: (_: string, theirs: Opened) => setHead((before) => take(before, theirs.content)),
      })),
      { label: "Batches", of: batchesOf, mine: batchesOf(mine), take: setLots },
      { label: "Assays", of: assaysOf, mine: assaysOf(mine), take: setAssays },
      {
        label: "Conditions",
        of: conditionsOf,
        mine: conditionsOf(mine),
        take: (_, theirs) => setRows(typed(theirs.content.conditions)),
      },
      { label: "Why", of: (each) => each.reason, mine: reason, take: setReason },
    ] satisfies EditedField<Opened>[],
  );
  const save = useMutation({
    mutationFn: async () => {
      const said = { specificationId: specification, content, reason: reason.trim() };
      if (study === null)
        return (
          await write<{ id: string }>("POST", stabilityApi.studies(), {
            productId: product,
            title: title.trim(),
            ...said,
          })
        ).id;
      if (draft === undefined) await write("POST", stabilityApi.study(study.id, "protocols"), said);
      else await write("PUT", stabilityApi.protocol(draft.id), said, { version: edited.base.version });
      return study.id;
    },
    onError: edited.onError,
    onSuccess: async (id) => {
      await queries.invalidateQueries({ queryKey: ["lab-study", id] });
      await queries.invalidateQueries({ queryKey: ["lab-studies", ws] });
      place.go(stabilityPage.one(ws, id));
    },
  });
  const missing = faultOf(product, specification, title, reason, rows, content);
  const own = (specifications.data?.items ?? []).filter(({ productId }) => productId === product);
  const pulls = content.conditions.reduce((sum, { months }) => sum + months.length, 0);
  const units = content.conditions.reduce((sum, each) => sum + each.months.length * (each.units || 0), 0);
  const submit = () => {
    if (missing === undefined && !save.isPending) save.mutate();
  };
  return (
    <div className={page.reading}>
      <div className={page.head}>
        <h1>{study === null ? "New study" : `Protocol of ${study.number}`}</h1>
        <span className={page.muted}>
          {study === null
            ? ""
            : draft === undefined
              ? `next version, v${(last?.number ?? 0) + 1}`
              : `draft v${draft.number}`}
        </span>
      </div>
      <p className={page.lead}>
        A draft until another person approves it. Then it is frozen, and every batch keeps the version it was started
        under.
      </p>
      <form
        className={css.editor}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            submit();
          }
        }}
      >
        {save.isError && edited.told(save.error)}
        <div className={css.pair}>
          {study === null && (
            <>
              <Choice
                name="study-product"
                label="Product"
                value={product}
                options={[
                  { value: "", label: "choose" },
                  ...(products.data?.items ?? []).map((item) => ({
                    value: item.id,
                    label: `${item.code}  ${item.name}`,
                  })),
                ]}
                onChange={(chosen) => {
                  setProduct(chosen);
                  setSpecification(
                    specifications.data?.items.find((each) => each.productId === chosen)?.specificationId ?? "",
                  );
                }}
              />
              <Field name="study-title" label="Title" value={title} onChange={setTitle} />
            </>
          )}
          <Choice
            name="study-specification"
            label="Tests and limits"
            value={specification}
            options={[
              { value: "", label: "choose" },
              ...own.map((item) => ({
                value: item.specificationId,
                label: `${item.code} v${item.number}  ${item.title}`,
              })),
            ]}
            onChange={setSpecification}
          />
          <Field
            name="study-lots"
            label="Batches"
            hint="Three at least for a shelf life; comma between."
            value={lots}
            onChange={setLots}
          />
          <Field
            name="study-container"
            label="Container"
            value={head.container}
            onChange={(container) => setHead({ ...head, container })}
          />
          <Choice
            name="study-orientation"
            label="Orientation"
            value={head.orientation}
            options={(["upright", "inverted", "horizontal", "none"] as const).map((value) => ({
              value,
              label: value === "none" ? "not stated" : value,
            }))}
            onChange={(orientation) => setHead({ ...head, orientation })}
          />
          <Choice
            name="study-keeping"
            label="Meant to be kept"
            value={head.keeping}
            options={[
              { value: "room", label: "at room temperature" },
              { value: "refrigerator", label: "refrigerated" },
              { value: "freezer", label: "frozen" },
            ]}
            onChange={(keeping) => setHead({ ...head, keeping })}
          />
          <Field
            name="study-before"
            label="Window opens, days before"
            value={String(head.windowBefore)}
            onChange={(text) => setHead({ ...head, windowBefore: wholeOf(text) })}
          />
          <Field
            name="study-after"
            label="Window closes, days after"
            value={String(head.windowAfter)}
            onChange={(text) => setHead({ ...head, windowAfter: wholeOf(text) })}
          />
          <Field
            name="study-zone"
            label="Time zone"
            value={head.zone}
            onChange={(zone) => setHead({ ...head, zone })}
          />
          <Field
            name="study-assays"
            label="Assays"
            hint="5 % from the initial value is significant change."
            value={assays}
            onChange={setAssays}
          />
        </div>
        <section className={css.part}>
          <h2>Conditions and time points</h2>
          <ConditionRows rows={rows} onChange={setRows} />
          <p className={page.meta}>
            <KeyHint of="Enter" /> in a row adds the next one, <KeyHint of="Ctrl+Enter" /> saves. A batch is pulled{" "}
            {pulls} times and needs {units} units.
          </p>
        </section>
        <Field name="study-reason" label="Why" hint="Kept with this version." value={reason} onChange={setReason} />
        <div>
          <Act look="main" size="form" submit busy={save.isPending} disabledReason={missing}>
            {study === null ? "Save draft and open study" : "Save draft"}
          </Act>
        </div>
      </form>
    </div>
  );
}

type Draft = Study["protocols"][number];
/** A draft as the form was opened on it. */
type Opened = { readonly version: number; readonly reason: string; readonly content: Protocol };
const batchesOf = ({ content }: Opened) => content.batches.join(", ");
const assaysOf = ({ content }: Opened) => content.assays.join(", ");
const conditionsOf = ({ content }: Opened) =>
  content.conditions.map((each) => `${each.title}: ${each.months.join(", ")} × ${each.units}`).join("; ");
const told = [
  ["Container", "container"] as const,
  ["Orientation", "orientation"] as const,
  ["Meant to be kept", "keeping"] as const,
  ["Window opens", "windowBefore"] as const,
  ["Window closes", "windowAfter"] as const,
  ["Time zone", "zone"] as const,
].map(([label, name]) => ({
  label,
  of: ({ content }: Opened) => String(content[name]),
  take: (before: Protocol, theirs: Protocol): Protocol => ({ ...before, [name]: theirs[name] }),
}));

function typed(conditions: Protocol["conditions"]): ConditionText[] {
  return conditions.map((each) => ({ ...each, months: each.months.join(", "), units: String(each.units) }));
}

function faultOf(
  product: string,
  specification: string,
  title: string,
  reason: string,
  rows: readonly ConditionText[],
  content: Protocol,
): string | undefined {
  if (product === "" || specification === "") return "Choose the product and its tests and limits.";
  if (title.trim() === "") return "Give the study a title.";
  if (content.batches.length === 0) return "Name the batches.";
  if (content.container.trim() === "") return "Name the container.";
  const wrong = rows.find(
    (row) => readMonths(row.months) === null || !/^[1-9]\d{0,3}$/.test(row.units) || row.title.trim() === "",
  );
  if (wrong !== undefined)
    return `${wrong.title === "" ? "A condition" : wrong.title} needs a name, months such as 3, 6, 9 and units.`;
  return reason.trim() === "" ? "Say why." : undefined;
}

const wholeOf = (text: string) => (/^\d{1,2}$/.test(text.trim()) ? Number(text) : 0);
function blank(): Protocol {
  return {
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    keeping: "room",
    container: "",
    orientation: "upright",
    windowBefore: 7,
    windowAfter: 14,
    assays: [],
    batches: [],
    conditions: [],
  };
}
