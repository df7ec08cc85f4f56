import { Type } from "typebox";
import { defineRoute, type Kernel, type Route } from "@probity/kernel";
import { controls as everyControl } from "./catalogue.ts";
import type { Control } from "./control.ts";
import { contactUri, securityText } from "./security-text.ts";
import { computeStatement, type TrustStatement } from "./statement.ts";
import { openTrustKey, signed } from "./trust-key.ts";

export type TrustOptions = {
  /** PROBITY_HOME: where keys/trust.key lies. */
  readonly home: string;
  /** The origin people use, without a trailing slash. */
  readonly publicUrl: string;
  readonly version: string;
  /** An e-mail address or a URI; undefined where none is configured. */
  readonly securityContact?: string | undefined;
  readonly controls?: readonly Control[];
};

/** Many readers at once cost one computation; a red result shows within this time. */
const keepMilliseconds = 2_000;

/** What anybody may read of this instance's controls: the signed statement, its key, and whom to tell of a weakness. */
export function trustRoutes(kernel: Kernel, options: TrustOptions): Route[] {
  const key = openTrustKey(options.home, kernel.rootKey);
  const { publicUrl, version, controls = everyControl } = options;
  let kept: { at: number; statement: Promise<TrustStatement & { signature: object }> } | undefined;
  const current = () => {
    if (kept === undefined || Date.now() - kept.at > keepMilliseconds) {
      const statement = computeStatement(kernel, { controls, publicUrl, version }).then((made) => signed(made, key));
      kept = { at: Date.now(), statement };
      statement.catch(() => (kept = undefined));
    }
    return kept.statement;
  };
  return [
    defineRoute({
      method: "GET",
      path: "/trust.json",
      summary: "Every control of this instance with its status and evidence, signed",
      tag: "trust",
      permission: "public",
      answers: {
        200: Type.Object({ host: Type.String(), computedAt: Type.String(), controls: Type.Array(Type.Unknown()) }),
      },
      handle: async () => ({ body: await current() }),
    }),
    defineRoute({
      method: "GET",
      path: "/.well-known/security.txt",
      summary: "Whom to tell of a weakness (RFC 9116)",
      tag: "trust",
      permission: "public",
      answers: { 200: "text/plain" },
      handle: async () => {
        const contact = options.securityContact === undefined ? undefined : contactUri(options.securityContact);
        return { body: securityText({ publicUrl, contact, now: new Date() }), type: "text/plain; charset=utf-8" };
      },
    }),
  ];
}
