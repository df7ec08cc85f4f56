import type { Kernel, ProbeDatabase, Scratch } from "@probity/kernel";
import type { ProbeHttp } from "./http.ts";
import { promises } from "./promise.ts";
import type { ScratchDocument } from "./scratch-document.ts";

/** How a probe comes to know: over every tenant's catalogue, by reading, by acting in a scratch tenant, or by a person's dated word. */
export type ProbeKind = "catalogue" | "read-only" | "scratch" | "attestation";

/** What one half of a probe found. `detail` is public: it names no tenant, person, path or secret. */
export type ProbeOutcome = { readonly held: boolean; readonly detail: string };

/** Everything a probe may use: the public HTTP API, the database as its roles see it, and the folder of sealed files. Never a handler. */
export type ProbeContext = {
  readonly kernel: Kernel;
  readonly http: ProbeHttp;
  readonly database: ProbeDatabase;
  readonly scratch: Scratch;
  /** A document uploaded over HTTP into scratch tenant A for this run, with a marker no one else knows. */
  document(): Promise<ScratchDocument>;
  /** Where sealed files lie; undefined when they lie in a bucket. */
  readonly filesFolder: string | undefined;
  /** Where this machine reaches the instance, for what no HTTP client would send. */
  readonly probeUrl: string;
  /** The origin people use; tells whether HTTPS is promised. */
  readonly publicUrl: string;
  readonly securityContact: string | undefined;
  readonly transport: ProbeTransport | undefined;
};

/** Where this machine reaches the instance's HTTPS and, where there is one, its plain port; and the lowest version allowed. */
export type ProbeTransport = {
  readonly secureUrl: string;
  readonly plainUrl?: string;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
};

/**
 * One test of a promise. `run` shows that what is allowed works, or that the state is as promised; `negative` really attempts
 * what the promise guards against, which must be refused. Both must hold: a guard that refuses everybody proves nothing,
 * and one that was never attacked proves nothing either.
 */
export type Probe = {
  readonly id: string;
  readonly kind: ProbeKind;
  readonly title: string;
  readonly run: (context: ProbeContext) => Promise<ProbeOutcome>;
  readonly negative: (context: ProbeContext) => Promise<ProbeOutcome>;
};

export type Control = {
  /** The promise's id: one control a promise. */
  readonly id: string;
  readonly title: string;
  /** Clauses of standards this control serves. */
  readonly standards: readonly string[];
  /** What stays the customer's or operator's own part. */
  readonly yourPart: string;
  /** Parts of the promise that no probe touches yet, each as a clause; shown beside the status. */
  readonly notProbed: readonly string[];
  /** A result older than this says nothing about now. */
  readonly maxAgeMinutes: number;
  /** A sentence saying that configuration switched the control off; undefined while it is on. */
  readonly off?: (context: { readonly publicUrl: string }) => string | undefined;
  readonly probes: readonly [Probe, ...Probe[]];
};

/**
 * Declares how one promise is proved.
 * @throws when the promise does not exist, or two probes bear one name: a typing slip would hide a control.
 */
export function defineControl(
  declared: Omit<Control, "title" | "notProbed"> & { title?: string; notProbed?: readonly string[] },
): Control {
  const promise = promises.find((each) => each.id === declared.id);
  if (promise === undefined) throw new Error(`Control ${declared.id} is for no promise`);
  if (new Set(declared.probes.map((probe) => probe.id)).size !== declared.probes.length)
    throw new Error(`Control ${declared.id} has two probes of one name`);
  return { title: promise.title, notProbed: [], ...declared };
}
