import { latestProbes, type Kernel, type ProbeRecord } from "@probity/kernel";
import { catalogueHash } from "./catalogue.ts";
import type { Control } from "./control.ts";
import { promises } from "./promise.ts";
import { statusOf, type ControlStatus } from "./status.ts";

export type StatedControl = {
  readonly id: string;
  readonly promise: string;
  readonly group: string;
  readonly title: string;
  readonly status: ControlStatus;
  readonly reason: string;
  readonly evidence: readonly {
    readonly probe: string;
    readonly title: string;
    readonly kind: string;
    readonly outcome: string;
    readonly at: string;
    readonly detail: string;
  }[];
  /** Parts of the promise that no probe touches yet. */
  readonly notProbed: readonly string[];
  readonly standards: readonly string[];
  readonly yourPart: string;
  readonly maxAgeMinutes: number | null;
};
export type TrustStatement = {
  readonly host: string;
  readonly computedAt: string;
  readonly version: string;
  readonly summary: Readonly<Record<ControlStatus, number>>;
  readonly controls: readonly StatedControl[];
  readonly catalogueHash: string;
  readonly threatModel: readonly string[];
};

/** Who could still lie, and how it would be noticed: said on the page, as plainly as the rest. */
export const threatModel: readonly string[] = [
  "Each status is computed from the newest results of probes that ran on this instance; there is no address and no screen by which anyone, its operator included, can type, hide or reorder one.",
  "A page cannot drift by neglect: a result that grows old turns its control stale, and a control without a probe is listed as planned.",
  "This instance is its own witness. Whoever owns its code and its signing key could change the probes, or sign a statement that is not true.",
  "Against that, compare catalogueHash with the one your release names, keep the published key and earlier statements, and test the instance yourself with two accounts of your own: npx probity probe URL.",
  "Probes act in two scratch workspaces and read the catalogue over all of them; a fault that touches one real workspace alone, and leaves the catalogue as it should be, would not be seen by them.",
  "A probe shows that its attack failed at the time stated. It does not show that every other attack would.",
  "This is no certification, no audit opinion and no legal advice.",
];

/** The statement as of now, from results alone. Every promise is listed, in the catalogue's order. */
export async function computeStatement(
  kernel: Pick<Kernel, "door">,
  options: { controls: readonly Control[]; publicUrl: string; version: string },
  now = new Date(),
): Promise<TrustStatement> {
  const names = options.controls.flatMap((control) =>
    control.probes.map((probe) => ({ control: control.id, probe: probe.id })),
  );
  const results = await latestProbes(kernel, names);
  return stateOf(results, options, now);
}

/** The same as a pure function of the results: nothing else can make a control active. */
export function stateOf(
  results: readonly ProbeRecord[],
  options: { controls: readonly Control[]; publicUrl: string; version: string },
  now: Date,
): TrustStatement {
  const stated = promises.map(({ id, group, title, text }): StatedControl => {
    const control = options.controls.find((each) => each.id === id);
    const own = results.filter((result) => result.control === id);
    const { status, reason } = statusOf({
      probes: control?.probes.map((probe) => probe.id),
      results: own,
      maxAgeMinutes: control?.maxAgeMinutes ?? 0,
      off: control?.off?.(options),
      now,
    });
    return {
      id,
      promise: text,
      group,
      title: control?.title ?? title,
      status,
      reason: [reason, notProbedSentence(control)].filter((part) => part !== "").join(" "),
      evidence: (control?.probes ?? []).flatMap((probe) =>
        own
          .filter((result) => result.probe === probe.id)
          .map(({ outcome, at, detail }) => ({
            probe: probe.id,
            title: probe.title,
            kind: probe.kind,
            outcome,
            at: at.toISOString(),
            detail,
          })),
      ),
      notProbed: control?.notProbed ?? [],
      standards: control?.standards ?? [],
      yourPart: control?.yourPart ?? "",
      maxAgeMinutes: control?.maxAgeMinutes ?? null,
    };
  });
  const summary: Record<ControlStatus, number> = { active: 0, degraded: 0, stale: 0, off: 0, planned: 0 };
  for (const { status } of stated) summary[status] += 1;
  return {
    host: new URL(options.publicUrl).host,
    computedAt: now.toISOString(),
    version: options.version,
    summary,
    controls: stated,
    catalogueHash: catalogueHash(options.controls),
    threatModel,
  };
}

function notProbedSentence(control: Control | undefined): string {
  return control === undefined || control.notProbed.length === 0
    ? ""
    : `Parts without a probe: ${control.notProbed.join("; ")}.`;
}
