import { showDay, showTime } from "@probity/web/kit/time.ts";
import page from "@probity/web/shell/page.module.css";
import { Go } from "@probity/web/shell/place.tsx";
import type { ReactNode } from "react";
import { inspectPage } from "./inspect-path.ts";
import css from "./lab.module.css";
import type { Sample } from "./types.ts";

/** What is known of a sample beside its results, and what of it was corrected. */
export function Facts({ sample, ws }: { sample: Sample; ws: string }) {
  const facts: [string, ReactNode][] = [
    ["Product", sample.blinded ? "blinded" : `${sample.productCode} ${sample.product}`],
    [
      "Sampling point",
      sample.blinded ? "sealed" : sample.point === null ? "–" : `${sample.point} ${sample.pointName ?? ""}`,
    ],
    ["Lot", sample.blinded ? "sealed" : (sample.lot ?? "–")],
    [
      "Specification",
      sample.blinded
        ? "sealed"
        : sample.specification === null
          ? "none"
          : `${sample.specification} v${sample.specificationNumber ?? ""}, frozen`,
    ],
    ...(sample.studyId === null
      ? []
      : ([
          [
            "Stability study",
            <>
              <Go to={inspectPage.study(ws, sample.studyId)}>{sample.study ?? ""}</Go>, {sample.studyCondition},{" "}
              {sample.studyMonths === 1 ? "1 month" : `${sample.studyMonths ?? ""} months`}
            </>,
          ],
        ] satisfies [string, ReactNode][])),
    [
      "Sampled",
      sample.sampledAt === null
        ? "–"
        : `${showTime(sample.sampledAt)}${sample.sampledBy === null ? "" : `, ${sample.sampledBy}`}`,
    ],
    ["Registered", `${showTime(sample.registeredAt)}, ${sample.registeredBy ?? "Probity"}`],
    [
      "Received",
      sample.receivedAt === null ? "–" : `${showTime(sample.receivedAt)}, ${sample.receivedBy ?? "Probity"}`,
    ],
    ["Condition", sample.condition ?? "–"],
    ["Place", sample.place ?? "–"],
    ["Due", sample.dueOn === null ? "–" : showDay(sample.dueOn)],
    ...(sample.remark === null ? [] : ([["Remark", sample.remark]] satisfies [string, ReactNode][])),
    ...(sample.importedFrom === null
      ? []
      : ([["From file", `${sample.importedFrom}, sha-256 ${sample.importedHash?.slice(0, 12) ?? ""}…`]] satisfies [
          string,
          ReactNode,
        ][])),
    ...(sample.broughtIn
      ? ([["Times", "as stated where it was brought in from"]] satisfies [string, ReactNode][])
      : []),
  ];
  return (
    <>
      <dl className={css.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {sample.corrections.map((each) => (
        <p key={each.id} className={page.meta}>
          {each.changes.map(({ field, before, after }) => `${field}: ${before ?? "–"} → ${after ?? "–"}`).join("; ")} ·{" "}
          {each.by ?? "Probity"}, {showTime(each.at)}: “{each.reason}”
        </p>
      ))}
    </>
  );
}
