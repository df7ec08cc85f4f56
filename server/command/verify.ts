/** `npx probity verify FILE`: the offline verifier; no server, database or network. */
import { runVerify } from "@probity/verify/command";

/** Runs the command. Returns the exit code. */
export function run(args: string[]): Promise<number> {
  return runVerify(args, "npx probity verify");
}
