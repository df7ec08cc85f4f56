import { Act } from "@probity/web/kit/act.tsx";
import { StatusShape } from "@probity/web/kit/status-mark.tsx";
import { read } from "@probity/web/shell/api.ts";
import type { Page } from "@probity/web/shell/api-types.ts";
import page from "@probity/web/shell/page.module.css";
import { usePlace } from "@probity/web/shell/place.tsx";
import { useQuery } from "@tanstack/react-query";
import { inspectPage } from "./inspect-path.ts";
import css from "./lab.module.css";
import { labApi, labPage } from "./path.ts";
import type { MethodVersion, Named, Specification } from "./types.ts";
import { useMay } from "./use-may.ts";
import { useVersionsAhead } from "./versions-ahead.tsx";
import { refusedBecause } from "./words.ts";

const steps = [
  {
    key: "product",
    title: "A product",
    about: "What is tested: a water, a raw material, a finished product.",
    act: "Add a product",
    tab: "products",
  },
  {
    key: "method",
    title: "A method",
    about: "How it is determined: in which unit, to how many decimals, by which calculation.",
    act: "Add a method",
    tab: "methods",
  },
  {
    key: "limits",
    title: "Its limits",
    about: "What the product may be, by which method. A sample is registered with them.",
    act: "Add a specification",
    tab: "limits",
  },
] as const;
type Step = (typeof steps)[number]["key"];

/** What a laboratory lacks before its first sample can be registered; null once it lacks nothing, or while it is not known. */
export function useNextStep(ws: string, wanted = true): Step | null {
  const products = useQuery({
    queryKey: ["lab-products", ws],
    queryFn: () => read<Page<Named>>(labApi.products()),
    enabled: wanted,
  });
  const methods = useQuery({
    queryKey: ["lab-methods", ws],
    queryFn: () => read<{ items: MethodVersion[] }>(labApi.methods()),
    enabled: wanted,
  });
  const limits = useQuery({
    queryKey: ["lab-specifications", ws],
    queryFn: () => read<{ items: Specification[] }>(labApi.specifications()),
    enabled: wanted,
  });
  if (products.data?.items.length === 0) return "product";
  if (products.data !== undefined && methods.data?.items.length === 0) return "method";
  if (methods.data !== undefined && limits.data?.items.length === 0) return "limits";
  return null;
}

/** The way to the first sample: what is there, and the one act that comes next. */
export function FirstSteps({ ws, next }: { ws: string; next: Step }) {
  const place = usePlace();
  const refused = refusedBecause(useMay(), "lab.master.change", "admins");
  const at = steps.findIndex(({ key }) => key === next);
  // One that was begun, or that waits for somebody else, is gone on with; no second one is made.
  const kind = next === "method" ? "method" : "specification";
  const begun = useVersionsAhead(ws).data?.find((each) => next !== "product" && each.kind === kind);
  return (
    <section className={css.steps} aria-labelledby="first-steps">
      <h2 id="first-steps">What comes before the first sample</h2>
      <ol>
        {steps.map((step, index) => (
          <li key={step.key} data-next={index === at || undefined} aria-current={index === at ? "step" : undefined}>
            <StatusShape tone={index < at ? "covered" : index === at ? "partial" : "planned"} />
            <span>
              <b>{step.title}</b>
              {index < at && <span className="p-hidden"> is there</span>}
              <span className={page.muted}>{step.about}</span>
            </span>
            {index === at && begun !== undefined && (
              <Act
                look="main"
                size="form"
                onAct={() => place.go(inspectPage[kind](ws, begun.id))}
              >{`Go on with ${begun.code}`}</Act>
            )}
            {index === at && begun === undefined && (
              <Act
                look="main"
                size="form"
                disabledReason={refused}
                onAct={() => place.go(`${labPage.methods(ws)}?tab=${step.tab}&new=1`)}
              >
                {step.act}
              </Act>
            )}
          </li>
        ))}
      </ol>
      <p className={page.muted}>Then samples are registered one by one, in a batch, or from a file.</p>
    </section>
  );
}
