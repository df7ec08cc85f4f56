import { Act } from "@probity/web/kit/act.tsx";
import { Choice } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { read, write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { Go, usePlace } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery } from "@tanstack/react-query";
import {
  certificateApi,
  certificatePage,
  standingLook,
  type CertificateLine,
  type Customer,
} from "./certificate-types.ts";
import css from "./certificate.module.css";
import type { Sample } from "./types.ts";
import { refusedBecause } from "./words.ts";

/** Whose a sample is can be said until it is verified. */
const open: readonly string[] = ["registered", "received", "tested"];

/** A sample's certificates, and whose it is. */
export function SampleCertificates({ sample, ws, onChange }: { sample: Sample; ws: string; onChange: () => void }) {
  const place = usePlace();
  const list = useQuery({
    queryKey: ["lab-certificates", ws, "sample", sample.id, sample.version],
    queryFn: () => read<{ items: CertificateLine[] }>(certificateApi.list({ sample: sample.id })),
  });
  const customers = useQuery({
    queryKey: ["lab-customers", ws],
    queryFn: () => read<{ items: Customer[] }>(certificateApi.customers()),
  });
  const prepare = useMutation({
    mutationFn: () => write<{ id: string }>("POST", certificateApi.ofSample(sample.id), {}),
    onSuccess: ({ id }) => place.go(certificatePage.one(ws, id)),
  });
  const give = useMutation({
    mutationFn: (customerId: string | null) =>
      write("POST", certificateApi.sampleCustomer(sample.id), { customerId }, { version: sample.version }),
    onSuccess: onChange,
  });
  const items = (list.data?.items ?? []).filter((each) => each.standing !== "discarded");
  const draft = items.find((each) => each.standing === "draft");
  const standing = items.find((each) => each.standing === "current" || each.standing === "reopened");
  const refused =
    refusedBecause(sample.may, "lab.certificate.prepare", "reviewers") ??
    (sample.state !== "published"
      ? "Only a published sample gets a certificate."
      : draft !== undefined
        ? `${draft.number} is prepared. Sign or discard it.`
        : standing !== undefined
          ? `${standing.number} stands. Amend it there.`
          : undefined);
  const told = sample.publications.length > 0;
  const known = customers.data?.items ?? [];
  const whose = known.find((each) => each.id === sample.customerId);
  const mayGive = !sample.blinded && sample.may.includes("lab.customer.change") && !told && open.includes(sample.state);
  return (
    <>
      <h2>Customer</h2>
      {mayGive && known.length > 0 ? (
        <Choice
          quiet
          name="sample-customer"
          label="Whose sample it is"
          value={sample.customerId ?? ""}
          options={[{ value: "", label: "None" }, ...known.map((each) => ({ value: each.id, label: each.name }))]}
          onChange={(value) => give.mutate(value === "" ? null : value)}
        />
      ) : (
        <p>
          {whose === undefined ? (
            <span className={page.muted}>
              {sample.blinded ? "Sealed until it is revealed." : "None: nobody outside sees it."}
            </span>
          ) : (
            <Go to={certificatePage.customer(ws, whose.id)}>{whose.name}</Go>
          )}
        </p>
      )}
      {give.isError && <ProblemNotice problem={asProblem(give.error)} />}
      <div className={css.line}>
        <h2>Certificates</h2>
        <Act busy={prepare.isPending} disabledReason={refused} onAct={() => prepare.mutate()}>
          Prepare certificate
        </Act>
      </div>
      {prepare.isError && <ProblemNotice problem={asProblem(prepare.error)} />}
      <ul className={css.lines}>
        {items.map((each) => (
          <li key={each.id}>
            <span className={css.line}>
              <Go to={certificatePage.one(ws, each.id)} className={css.number}>
                {each.number}
              </Go>
              <StatusMark {...standingLook[each.standing]} />
            </span>
            <span className={page.meta}>
              {each.issuedAt === null ? `prepared ${showTime(each.preparedAt)}` : `issued ${showTime(each.issuedAt)}`}
              {each.reason !== null && ` · “${each.reason}”`}
            </span>
          </li>
        ))}
        {list.isSuccess && items.length === 0 && <li className={page.muted}>None yet.</li>}
      </ul>
    </>
  );
}
