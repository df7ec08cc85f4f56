/** `npx probity doctor [--json]`: whether the database keeps tenants apart, and what of its settings to change. */
import { existsSync, lstatSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  examine,
  ledgerStatus,
  readPostmasterFile,
  reconcileAsOwner,
  rules,
  shapesOf,
  startCluster,
  type Examination,
  type LedgerStatus,
  type RecordShape,
  type Remark,
} from "@probity/kernel";
import { enabledApps } from "../apps.ts";
import { readConfig, type Config } from "../config.ts";

const usage = `Usage: npx probity doctor [--json]

Examines the database of this instance and changes nothing: whether tenants are apart, and whether the audit log and the
tables say the same. Exit code 1 when one of the two is not so, else 0.
`;

/** The database a doctor may look into. */
export interface Patient {
  /** The way in, as pg's ClientConfig. */
  readonly admin: Parameters<typeof examine>[0];
  /** Whether a server runs on it now. */
  readonly serving: boolean;
  /** Folder of the embedded cluster; undefined for an external database. */
  readonly folder: string | undefined;
  close(): Promise<void>;
}

/** Runs the command. Returns the exit code: 0 all is well, 1 tenants are not apart or log and tables disagree, 2 wrong use. */
export async function run(args: string[]): Promise<number> {
  let json = false;
  try {
    json = parseArgs({ args, options: { json: { type: "boolean" } } }).values.json ?? false;
  } catch {
    process.stderr.write(usage);
    return 2;
  }
  const config = readConfig();
  const patient = await openForDoctor(config);
  try {
    const shapes: readonly RecordShape[] = shapesOf(enabledApps(config).flatMap((app) => app.records));
    const examination = await examine(patient.admin, { shapes, serving: patient.serving });
    const remarks = [
      ...examination.remarks,
      ...permissionRemarks(config, patient.folder),
      ...logRemarks(await ledgerStatus(patient.admin)),
    ];
    const compared = await reconcileAsOwner(patient.admin);
    process.stdout.write(
      json
        ? `${JSON.stringify(report(examination, remarks, compared), null, 2)}\n`
        : text(examination, remarks, compared),
    );
    return isSafe(examination) && compared.findings.length === 0 ? 0 : 1;
  } finally {
    await patient.close();
  }
}

/**
 * Opens the database without migrating it: the external one; the embedded one beside a server that runs on it; or the
 * embedded one started for as long as the examination takes.
 */
export async function openForDoctor(config: Pick<Config, "databaseUrl" | "home">): Promise<Patient> {
  const nothing = async () => undefined;
  if (config.databaseUrl !== undefined) {
    return { admin: { connectionString: config.databaseUrl }, serving: true, folder: undefined, close: nothing };
  }
  const folder = join(config.home, "postgres");
  const place = placeOf(folder);
  if (!existsSync(join(place, "data", "PG_VERSION"))) {
    throw new Error(
      `There is no database in ${folder} yet. Nothing was changed. Start Probity once with npm start, then run the doctor again.`,
    );
  }
  const running = readPostmasterFile(join(place, "data"));
  if (running?.ready === true && isAlive(running.pid)) {
    const password = readFileSync(join(folder, "superuser.password"), "utf8").trim();
    const host = running.socketFolder === "" ? "127.0.0.1" : running.socketFolder;
    return {
      admin: { host, port: running.port, user: "postgres", password, database: "probity" },
      serving: true,
      folder,
      close: nothing,
    };
  }
  const cluster = await startCluster({ folder });
  return {
    admin: { ...cluster.adminConfig, database: "probity" },
    serving: false,
    folder,
    close: () => cluster.stop(),
  };
}

/** Where the cluster really lies: a link `moved` leads out of folders that only root may enter. */
function placeOf(folder: string): string {
  const pointer = join(folder, "moved");
  return lstatSync(pointer, { throwIfNoEntry: false })?.isSymbolicLink() === true ? readlinkSync(pointer) : folder;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** A log that is not signed as it grows. */
function logRemarks({ condition, reason, halted, behindMs }: LedgerStatus): Remark[] {
  const object = "log";
  const id = `log-${condition.replaceAll("_", "-")}`;
  switch (condition) {
    case "rolled_back":
      return [
        {
          id,
          object,
          detail: `ROLLED_BACK: ${halted.length} logs are behind what was signed, and are signed no further`,
          fix: "Run npx probity ledger resume; two owners declare what was lost.",
        },
      ];
    case "damaged":
      return [
        { id, object, detail: `leaves of ${halted.length} logs are missing`, fix: "Restore a backup that has them." },
      ];
    case "signer_away":
      return [{ id, object, detail: reason ?? "the signer can't be reached", fix: "Start it, or put its key back." }];
    case "never":
      return [];
    default:
      return behindMs < 60_000
        ? []
        : [
            {
              id: "log-behind",
              object,
              detail: `no checkpoint covers what happened ${Math.round(behindMs / 1000)} s ago`,
              fix: "See that a server runs, and end transactions that have been open for long.",
            },
          ];
  }
}

/** Secrets and data may be read by their owner alone. */
function permissionRemarks(config: Config, folder: string | undefined): Remark[] {
  if (process.platform === "win32") return [];
  const keyFile = config.kms.kind === "file" ? [config.kms.file] : [];
  const own = folder === undefined ? [] : [join(placeOf(folder), "data"), join(folder, "superuser.password")];
  return [...own, ...keyFile].flatMap((path) => {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode;
    if (mode === undefined || (mode & 0o077) === 0) return [];
    const wanted = statSync(path).isDirectory() ? "700" : "600";
    return [
      {
        id: "permission",
        object: path,
        detail: `open to others (mode ${(mode & 0o777).toString(8)})`,
        fix: `Run chmod ${wanted} on it, and think about who read it.`,
      },
    ];
  });
}

function isSafe(examination: Examination): boolean {
  return examination.findings.every(({ rule }) => rule.severity !== "isolation");
}

type Compared = Awaited<ReturnType<typeof reconcileAsOwner>>;

/** The examination as data: one check a rule, then the remarks. */
function report(examination: Examination, remarks: readonly Remark[], compared: Compared) {
  return {
    ok:
      isSafe(examination) &&
      examination.findings.length === 0 &&
      remarks.length === 0 &&
      compared.findings.length === 0,
    isolated: isSafe(examination),
    postgres: examination.version,
    database: examination.database,
    ledger: examination.ledger,
    reconciliation: compared,
    checks: rules
      .filter(({ id }) => examination.judged.includes(id))
      .map(({ id, title, severity, why, fix }) => ({
        id,
        title,
        severity,
        why,
        fix,
        found: examination.findings
          .filter((finding) => finding.rule.id === id)
          .map(({ object, detail }) => ({ object, detail })),
      })),
    remarks,
  };
}

/** Findings that are printed; the rest are counted, and all of them are in the JSON. */
const printedFindings = 20;

function text(examination: Examination, remarks: readonly Remark[], compared: Compared): string {
  const { checks, isolated } = report(examination, remarks, compared);
  const lines = [`PostgreSQL ${examination.version}, database ${examination.database}`, "", "Isolation and controls"];
  for (const { id, why, fix, found } of checks) {
    lines.push(`${found.length === 0 ? "●" : "▲"} ${id}`);
    for (const { object, detail } of found) lines.push(`    ${object}: ${detail}`);
    if (found.length > 0) lines.push(`    ${why}`, `    ${fix}`);
  }
  lines.push("", "Server and surroundings");
  for (const { object, detail, fix } of remarks) lines.push(`▲ ${object}: ${detail}`, `    ${fix}`);
  if (remarks.length === 0) lines.push("● version, durability, transport, pooler, permissions");
  const { waiting, oldestMilliseconds } = examination.ledger;
  lines.push(
    `● ledger: ${waiting === 0 ? "no event waits" : `${waiting} events wait, the oldest for ${oldestMilliseconds} ms`}`,
  );
  const { workspaces, events, changes, findings } = compared;
  lines.push(
    `${findings.length === 0 ? "●" : "▲"} log and tables: ${events} events and ${changes} changes of ${workspaces} workspaces compared, ${findings.length === 0 ? "they agree" : `${findings.length} disagree`}`,
    ...findings
      .slice(0, printedFindings)
      .map(({ workspace, kind, place, words }) => `    ${workspace}: ${kind} ${place}: ${words}`),
  );
  if (findings.length > printedFindings) lines.push(`    and ${findings.length - printedFindings} more, see --json`);
  lines.push(
    "",
    isolated
      ? "Tenants are kept apart. Nothing was changed."
      : "Tenants are not safely apart: the server will not start. Nothing was changed. Correct what is marked ▲ above.",
  );
  return `${lines.join("\n")}\n`;
}
