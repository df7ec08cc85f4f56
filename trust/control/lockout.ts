import { randomUUID } from "node:crypto";
import { defineControl, type ProbeContext } from "../control.ts";
import { allOf } from "./outcome.ts";

const guesses = 60;

/** What a sign-in asks the database first, with keys of the probe's own: nobody's account or address is counted. */
async function claim({ kernel }: ProbeContext, source: string, account: string): Promise<boolean> {
  const [row] = await kernel.door.callFunction({
    sql: "select allowed from kernel.begin_sign_in($1, $2, $3, $4, $5, make_interval(mins => $6))",
    parameters: [
      kernel.system("").token,
      source,
      account,
      `${account}@probe.invalid`,
      kernel.accountLimits.signIn.attempts,
      kernel.accountLimits.signIn.windowMinutes,
    ],
  });
  return row?.["allowed"] === true;
}

async function counted(context: ProbeContext, keys: (index: number) => [source: string, account: string]) {
  const used = Array.from({ length: guesses }, (_, index) => keys(index));
  try {
    const answers = await Promise.all(used.map(([source, account]) => claim(context, source, account)));
    return answers.filter((allowed) => allowed).length;
  } finally {
    await context.kernel.identityPool.query("delete from identity.sign_in_guard where key = any ($1)", [
      [...new Set(used.flat())],
    ]);
  }
}

const key = (): string => `probe-${randomUUID()}`;

export const lockout = defineControl({
  id: "IDN-05",
  standards: ["SOC 2 CC6.1", "ISO 27001 A.8.5", "OWASP ASVS 6.3.1", "OWASP ASVS 6.3.8", "NIST SP 800-63B-4 §3.2.2"],
  yourPart: "Tell your admin when you are told of a lock that was not your own tries.",
  notProbed: [
    "the time a refusal takes (npm run bench sign-in-oracle measures it)",
    "the mail to the account's person",
  ],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "parallel-guesses",
      kind: "scratch",
      title:
        "Of guesses at once, as many as the limit are looked at: per account from anywhere, and per source at any account",
      run: async (context) => {
        const apart = await counted(context, () => [key(), key()]);
        return allOf("sign-ins of different people from different places don't lock each other out", [
          [apart === guesses, `${guesses - apart} of ${guesses} tries of different people were refused`],
        ]);
      },
      negative: async (context) => {
        const [account, source] = [key(), key()];
        const limit = context.kernel.accountLimits.signIn.attempts;
        const atOne = await counted(context, () => [key(), account]);
        const fromOne = await counted(context, () => [source, key()]);
        return allOf(
          `of ${guesses} parallel guesses at one account, and of ${guesses} from one source, ${limit} each`,
          [
            [atOne === limit, `${atOne} of ${guesses} parallel guesses at one account were looked at`],
            [fromOne === limit, `${fromOne} of ${guesses} parallel guesses from one source were looked at`],
          ],
        );
      },
    },
  ],
});
