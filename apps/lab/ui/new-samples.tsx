import { Act } from "@probity/web/kit/act.tsx";
import { DateField } from "@probity/web/kit/date-field.tsx";
import { dayFault } from "@probity/web/kit/day.ts";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Choice, ErrorSummary, Field } from "@probity/web/kit/field.tsx";
import { Notice } from "@probity/web/kit/notice.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { ownZone } from "@probity/web/kit/time.ts";
import { read, write } from "@probity/web/shell/api.ts";
import type { Page } from "@probity/web/shell/api-types.ts";
import page from "@probity/web/shell/page.module.css";
import { Go } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { certificateApi } from "./certificate-types.ts";
import css from "./lab.module.css";
import { labApi, labPage } from "./path.ts";
import type { MethodVersion, Named, Sample, Specification } from "./types.ts";

const lotMost = 60;

interface Props {
  ws: string;
  open: boolean;
  /** The sample that the new ones are like; the address keeps it. */
  like: string | undefined;
  onLike: (id: string) => void;
  onClose: () => void;
  onMade: (ids: string[]) => void;
}

/** One sample or a batch of the same kind: numbers are given without gaps, limits frozen as they are now. */
export function NewSamples(props: Props) {
  const { like } = props;
  const model = useQuery({
    queryKey: ["lab-sample", like],
    queryFn: () => read<Sample>(labApi.sample(like ?? "")),
    enabled: props.open && like !== undefined,
  });
  if (like !== undefined && model.data === undefined)
    return (
      <Dialog open={props.open} onClose={props.onClose} title="Register samples">
        {model.isError ? (
          <ProblemNotice problem={asProblem(model.error)} />
        ) : (
          <Skeleton label="Reading the sample it is like" rows={6} />
        )}
      </Dialog>
    );
  return <RegisterForm key={like ?? ""} {...props} from={like === undefined ? undefined : model.data} />;
}

/** As many days ahead as the other was when it was registered. */
function dueLike(from: Sample | undefined): string {
  if (!from?.dueOn) return "";
  const days = Math.round((Date.parse(from.dueOn) - Date.parse(from.registeredAt.slice(0, 10))) / 86_400_000);
  return days < 0 ? "" : new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

function RegisterForm(props: Props & { from: Sample | undefined }) {
  const { ws, from } = props;
  const products = useQuery({
    queryKey: ["lab-products", ws],
    queryFn: () => read<Page<Named>>(labApi.products()),
    enabled: props.open,
  });
  const points = useQuery({
    queryKey: ["lab-points", ws],
    queryFn: () => read<Page<Named>>(labApi.points()),
    enabled: props.open,
  });
  const [product, setProduct] = useState(from?.blinded ? "" : (from?.productId ?? ""));
  const [specification, setSpecification] = useState(from?.specificationId ?? "");
  const limits = useQuery({
    queryKey: ["lab-specifications-of", product],
    queryFn: () => read<{ items: Specification[] }>(labApi.specifications(product)),
    enabled: props.open && product !== "",
  });
  const customers = useQuery({
    queryKey: ["lab-customers", ws],
    queryFn: () => read<{ items: Named[] }>(certificateApi.customers()),
    enabled: props.open,
  });
  // What is shown is what is sent: of several, nothing is chosen behind the form.
  const held =
    specification || ((limits.data?.items.length ?? 0) > 1 ? (limits.data?.items[0]?.specificationId ?? "") : "");
  const [customer, setCustomer] = useState(from?.customerId ?? "");
  const [by, setBy] = useState(from?.sampledBy ?? "");
  const [remark, setRemark] = useState("");
  const [point, setPoint] = useState(from?.pointId ?? "");
  const [lot, setLot] = useState("");
  const [count, setCount] = useState("1");
  const [due, setDue] = useState(dueLike(from));
  const [sampled, setSampled] = useState("");
  const [priority, setPriority] = useState<"routine" | "urgent">(from?.priority ?? "routine");
  const [blinded, setBlinded] = useState(false);
  // A sample without a specification was asked for methods of its own; they are asked for again.
  const methods = useQuery({
    queryKey: ["lab-methods", ws],
    queryFn: () => read<{ items: MethodVersion[] }>(labApi.methods()),
    enabled: props.open && from !== undefined && from.specificationId === null,
  });
  const codes = [...new Set(from?.specificationId === null ? from.results.map((row) => row.method.code) : [])];
  const tests = product === from?.productId ? codes : [];
  const methodIds = (methods.data?.items ?? []).flatMap((each) => (tests.includes(each.code) ? [each.methodId] : []));
  const last = useMutation({
    mutationFn: () => read<{ id: string | null }>(labApi.lastSample()),
    onSuccess: ({ id }) => id !== null && props.onLike(id),
  });
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const queries = useQueryClient();
  const make = useMutation({
    mutationFn: () =>
      write<{ items: { id: string }[] }>("POST", labApi.samples(), {
        samples: Array.from({ length: Number(count) }, () => ({
          productId: product,
          samplingPointId: point || null,
          ...(held === "" ? {} : { specificationId: held }),
          ...(methodIds.length === 0 ? {} : { methodIds }),
          customerId: customer || null,
          sampledBy: by.trim() || null,
          remark: remark.trim() || null,
          lot: lot.trim() || null,
          priority,
          dueOn: due || null,
          sampledAt: sampled === "" ? null : new Date(sampled).toISOString(),
          blinded,
        })),
      }),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: ["lab-samples"] });
      props.onMade(made.items.map((item) => item.id));
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const many = Number(count);
    const [noTime, noDay] = [dayFault(sampled, { time: true }), dayFault(due)];
    const found = {
      ...(product === "" ? { "new-product": "Choose what was sampled." } : {}),
      ...(lot.trim().length > lotMost
        ? { "new-lot": `A lot has at most ${lotMost} characters; this one has ${lot.trim().length}.` }
        : {}),
      ...(noTime === undefined ? {} : { "new-sampled": noTime }),
      ...(noDay === undefined ? {} : { "new-due": noDay }),
      ...(Number.isInteger(many) && many >= 1 && many <= 500 ? {} : { "new-count": "Register 1 to 500 at once." }),
    };
    setWrong(found);
    if (Object.keys(found).length === 0) make.mutate();
  };
  const options = (items: readonly Named[] | undefined, none: string) => [
    { value: "", label: none },
    ...(items ?? []).map((item) => ({ value: item.id, label: `${item.code}  ${item.name}` })),
  ];
  return (
    <Dialog open={props.open} onClose={props.onClose} title="Register samples">
      <form className={page.form} onSubmit={submit} noValidate>
        {make.isError && <ProblemNotice problem={asProblem(make.error)} />}
        <ErrorSummary errors={wrong} focus />
        {from === undefined ? (
          <p className={page.row}>
            <Act busy={last.isPending} onAct={() => last.mutate()}>
              Repeat the last
            </Act>
            <span className={page.muted}>
              {last.data?.id === null
                ? "You registered none in the last 90 days."
                : "All but what names the one sample: lot, time and remark."}
            </span>
          </p>
        ) : (
          <Notice tone="none">
            {from.blinded
              ? `${from.number} is blinded: what it is stays sealed, so nothing of it is repeated.`
              : `Like ${from.number}. Lot, time of sampling and remark are left to you.`}
            {tests.length > 0 && ` Tested by ${tests.join(", ")}.`}
          </Notice>
        )}
        {last.isError && <ProblemNotice problem={asProblem(last.error)} />}
        {products.data?.items.length === 0 && (
          <Notice tone="partial" act={<Go to={`${labPage.methods(ws)}?tab=products&new=1`}>Add a product</Go>}>
            No product yet. A sample is of a product, and is tested by its limits.
          </Notice>
        )}
        {products.isError && (
          <ProblemNotice problem={asProblem(products.error)} onRetry={() => void products.refetch()} />
        )}
        <Choice
          name="new-product"
          label="Product"
          value={product}
          options={options(
            // What a blinded sample shows in place of its product is none to choose.
            products.data?.items.filter((item) => item.code !== "BLINDED"),
            "choose",
          )}
          onChange={(chosen) => {
            setProduct(chosen);
            setSpecification("");
          }}
        />
        {(limits.data?.items.length ?? 0) > 1 && (
          <Choice
            name="new-specification"
            label="Held against"
            value={held}
            options={(limits.data?.items ?? []).map((each) => ({
              value: each.specificationId,
              label: `${each.code} v${each.number}  ${each.title}`,
            }))}
            onChange={setSpecification}
          />
        )}
        <Choice
          name="new-point"
          label="Sampling point"
          value={point}
          options={options(points.data?.items, "none")}
          onChange={setPoint}
        />
        <Field name="new-lot" label="Lot" value={lot} onChange={setLot} error={wrong["new-lot"]} />
        <DateField
          name="new-sampled"
          label="Sampled at"
          time
          hint={`Your time, ${ownZone}. May stay empty.`}
          value={sampled}
          onChange={setSampled}
          error={wrong["new-sampled"]}
        />
        <DateField
          name="new-due"
          label="Due on"
          hint="May stay empty."
          value={due}
          onChange={setDue}
          error={wrong["new-due"]}
        />
        <Choice
          name="new-priority"
          label="Priority"
          value={priority}
          options={[
            { value: "routine", label: "routine" },
            { value: "urgent", label: "urgent" },
          ]}
          onChange={setPriority}
        />
        {(customers.data?.items.length ?? 0) > 0 && (
          <Choice
            name="new-customer"
            label="Customer"
            value={customer}
            options={[
              { value: "", label: "none" },
              ...(customers.data?.items ?? []).map((each) => ({ value: each.id, label: each.name })),
            ]}
            onChange={setCustomer}
          />
        )}
        <Field name="new-by" label="Sampled by" value={by} onChange={setBy} hint="May stay empty." />
        <Field name="new-remark" label="Remark" value={remark} onChange={setRemark} hint="May stay empty." />
        <Field
          name="new-count"
          label="How many"
          value={count}
          onChange={setCount}
          hint="A batch gets numbers in a row."
          error={wrong["new-count"]}
        />
        <label className={css.blind}>
          <input type="checkbox" checked={blinded} onChange={(event) => setBlinded(event.currentTarget.checked)} />
          <span>
            Blinded
            <span className={page.meta}>
              What it is, its point, lot and customer are sealed until it is verified. Its number alone is told.
            </span>
          </span>
        </label>
        <div>
          <Act look="main" size="form" submit busy={make.isPending}>
            {Number(count) > 1 ? `Register ${count} samples` : "Register sample"}
          </Act>
        </div>
      </form>
    </Dialog>
  );
}
