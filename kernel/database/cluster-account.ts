import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { ClusterError, errorCode } from "./cluster-error.ts";

/** The unprivileged account PostgreSQL runs under when we are root; it refuses to run as root itself. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Where data goes when the chosen folder lies under a folder that only root may enter, such as /root. */
export const CLEAR_PLACE = "/var/lib/probity";

/** initdb looks its own uid up by name, so only accounts in /etc/passwd will do. Ours first, when an operator made one. */
const CANDIDATES = ["probity", "nobody"];

/**
 * The account to run PostgreSQL under, or undefined when this process is not root (then it runs as ourselves).
 * @param dataOwner who owns the existing data folder: kept, so an account added later changes nothing.
 */
export function chooseAccount(dataOwner?: { readonly uid: number; readonly gid: number }): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  if (dataOwner !== undefined && dataOwner.uid !== 0) {
    return { name: `of user id ${dataOwner.uid}`, uid: dataOwner.uid, gid: dataOwner.gid };
  }
  const accounts = readAccounts();
  for (const name of CANDIDATES) {
    const account = accounts.find((each) => each.name === name && each.uid !== 0);
    if (account !== undefined) return account;
  }
  throw new ClusterError(
    "PostgreSQL does not run as root, and this machine has neither an account named probity nor nobody. Nothing was started. " +
      "Add one with `useradd --system probity`, or start Probity as an ordinary user.",
  );
}

function readAccounts(): Account[] {
  return readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .flatMap((line) => {
      const [name, , uid, gid] = line.split(":");
      return name === undefined || uid === undefined || gid === undefined
        ? []
        : [{ name, uid: Number(uid), gid: Number(gid) }];
    });
}

/** The nearest folder at or above `path` that `account` may not enter, or undefined when the way is clear. */
export function closedFolder(path: string, account: Account): string | undefined {
  let folder = nearestReal(path);
  let closed: string | undefined;
  for (;;) {
    const { mode, uid, gid } = statSync(folder);
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) closed = folder;
    const parent = dirname(folder);
    if (parent === folder) return closed;
    folder = parent;
  }
}

function nearestReal(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    return nearestReal(dirname(path));
  }
}
