import { randomUUID } from "node:crypto";
import { defineControl, type ProbeContext } from "../control.ts";
import { allOf } from "./outcome.ts";

/** Takes calls out of the budget of an address that is nobody's, and counts those that were given. */
async function given({ kernel }: ProbeContext, source: string, calls: number): Promise<number> {
  const { attempts, windowMinutes } = kernel.accountLimits.registration;
  const answers = await Promise.all(
    Array.from({ length: calls }, () =>
      kernel.door.callFunction({
        sql: "select granted from kernel.lease_budget($1, $2, $3, $4, 1)",
        parameters: ["registration", source, windowMinutes * 60, attempts],
      }),
    ),
  );
  return answers.reduce((sum, [row]) => sum + Number(row?.["granted"] ?? 0), 0);
}

export const signInLimit = defineControl({
  id: "IDN-06",
  standards: ["SOC 2 CC6.6", "OWASP ASVS 6.3.1", "OWASP API4:2023"],
  yourPart: "Name your proxies (PROBITY_TRUSTED_PROXIES), or all who come through them share one address.",
  notProbed: ["the limit of sign-ins, which IDN-05 proves for an address"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "registrations",
      kind: "scratch",
      title: "One address gets as many registrations as the limit, however many it tries at once",
      run: async (context) => {
        const found = await Promise.all([1, 2, 3].map(() => given(context, `probe ${randomUUID()}`, 1)));
        return allOf("each new address gets its first one", [
          [found.every((each) => each === 1), "an address that never tried was refused"],
        ]);
      },
      negative: async (context) => {
        const tries = 30;
        const { attempts } = context.kernel.accountLimits.registration;
        const taken = await given(context, `probe ${randomUUID()}`, tries);
        return allOf(`of ${tries} at once from one address ${attempts} were let in`, [
          // A window that ends between two of them begins a new count.
          [taken === attempts, `${taken} of ${tries} registrations at once were let in`],
        ]);
      },
    },
  ],
});
