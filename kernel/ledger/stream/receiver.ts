import type { ClientCertificate } from "./client-certificate.ts";

/** Where events go, with what it takes to send them: the secret is opened for the call and kept nowhere. */
export type Receiver = {
  readonly kind: "webhook" | "syslog";
  /** An https address, or host:port. */
  readonly address: string;
  /** PEM of the one authority believed, for syslog; null believes the public ones. */
  readonly authority: string | null;
  /** `whsec_…`, the newest first: each signs; webhooks alone. */
  readonly secrets: readonly string[];
  /** What is shown to a receiver that asks who calls; syslog alone. */
  readonly client: ClientCertificate | null;
};

/** One message: its id is the same each time it is sent. */
export type Message = { readonly id: string; readonly body: string };

/**
 * What a receiver said. `taken`: it has them. `refused`: it will not have these, whatever the hour (400, 413, 422).
 * `gone`: it wants nothing any more (410). `failed`: anything that may be otherwise later.
 */
export type Delivery =
  | { readonly state: "taken" }
  | { readonly state: "refused" | "gone" | "failed"; readonly problem: string };

/** What the operator allows beyond the public internet. */
export type Outside = {
  /** Origins that may lie in a private network; a syslog receiver is named by https://host:port. */
  readonly trustedOrigins?: readonly string[];
  readonly timeoutSeconds?: number;
};
