import { setTimeout as pause } from "node:timers/promises";
import { Client, type ClientConfig } from "pg";
import { pino } from "pino";
import { startWorker } from "../kernel/index.ts";
import { openTestServer, type TestCaller } from "../kernel/testing/index.ts";
import { lab } from "../apps/lab/app.ts";
import { onOwnCluster } from "./own-cluster.ts";
import type { Figure } from "./request.ts";

const worksheetRows = 500;

export type LabOptions = {
  /** Rows of each imported file. */
  readonly rows: number;
  /** Samples the list is asked of. */
  readonly samples: number;
  readonly listRounds: number;
};

/**
 * The laboratory over real HTTP on a database of its own: a worksheet of 500 results, the list of 100,000 samples with every
 * three of its filters and text, its count included, and files of 50,000 rows, taken by their jobs. One client, one request at a time. The list's samples are
 * laid in by the set-up role, past triggers: how they came there is not what is measured of them.
 */
export function run(given: Partial<LabOptions> = {}): Promise<Figure[]> {
  return onOwnCluster(() => measured(given));
}

async function measured(given: Partial<LabOptions>): Promise<Figure[]> {
  const options: LabOptions = { rows: 50_000, samples: 100_000, listRounds: 5, ...given };
  const app = lab();
  const server = await openTestServer([app]);
  const worker = await startWorker(server.kernel, app.jobs?.(server.kernel) ?? {}, {
    onlyServer: true,
    logger: pino({ level: "silent" }),
  });
  try {
    const workspace = await server.kernel.foundWorkspace("bench");
    const owner = await server.member(workspace, "owner");
    const by = server.as(owner);
    const { products, points } = await prepare(by);
    const send = async (path: string, content: string): Promise<number> => {
      const form = new FormData();
      form.append("file", new Blob([content]), "bench.csv");
      return timed(async () => {
        const answer = await fetch(`${server.origin}/api/lab/${path}`, {
          method: "POST",
          headers: {
            cookie: `probity-session=${owner.session.token}`,
            "probity-workspace": workspace,
            "probity-request": "1",
          },
          body: form,
        });
        const text = await answer.text();
        if (answer.status !== 202) throw new Error(`${path}: ${answer.status} ${text.slice(0, 300)}`);
        const { id }: { id: string } = JSON.parse(text);
        for (;;) {
          const file: { state: string; refusal: string | null } = await json(by, `/api/lab/${path}/${id}`);
          if (file.state === "done") return;
          if (file.state !== "waiting") throw new Error(`${path}: ${file.state} ${file.refusal}`);
          await pause(200);
        }
      });
    };
    const figures: Figure[] = [];

    // 1. A worksheet.
    await post(
      by,
      "/api/lab/samples",
      { samples: Array.from({ length: worksheetRows }, () => ({ productId: products[0]?.id })) },
      201,
    );
    await receiveAll(by, "registered", worksheetRows);
    const sheet = await worksheetOf(by, worksheetRows);
    figures.push(
      figure("worksheet of 500 opens", sheet.opened, 1_000),
      figure("worksheet of 500 saves", sheet.saved, 1_000),
    );

    // 2. The list: every three of its seven filters, with text.
    const [{ id: laidProduct } = { id: "" }] = products;
    const point = await post(by, "/api/lab/sampling-points", { code: "B-1", name: "Bench", location: null }, 201);
    await layIn(server.kernel.admin, workspace, owner.membershipId, { product: laidProduct, point }, options.samples);
    const filters = combinations(
      [
        "state=published",
        `product=${laidProduct}`,
        `point=${point}`,
        "verdict=in",
        "priority=routine",
        "due=week",
        "receivedFrom=2020-01-01",
      ],
      3,
    ).map((three, index) => `${three.join("&")}&q=${["kestrel", "water", "123", "no-such-lot"][index % 4]}`);
    const list: number[] = [];
    for (let round = 0; round < options.listRounds; round += 1)
      for (const filter of filters) list.push(await timed(() => json(by, `/api/lab/samples?limit=50&${filter}`)));
    const p95 = list.toSorted((a, b) => a - b)[Math.floor(list.length * 0.95)] ?? Number.NaN;
    figures.push(figure(`list of ${options.samples}, p95`, p95, 300));

    // 3. Files. The second one's samples are registered and received before, which is not counted.
    const file = Array.from(
      { length: options.rows },
      (_, row) =>
        `${products[1 + (row % 4)]?.code},${points[row % 7]},FILE-${row},2026-12-${String((row % 28) + 1).padStart(2, "0")}`,
    );
    figures.push(
      figure(
        `file of ${options.rows} samples`,
        await send("samples/import", `product,point,lot,due\n${file.join("\n")}\n`),
        60_000,
      ),
    );
    const numbers = await receiveAll(by, "registered", options.rows, "file-");
    const values = numbers.map((number, row) => `${number},pH,${(4 + (row % 40) / 10).toFixed(2)}`);
    figures.push(
      figure(
        `file of ${values.length} results`,
        await send("results/import", `sample,analyte,value\n${values.join("\n")}\n`),
        60_000,
      ),
    );
    return figures;
  } finally {
    await worker.stop();
    await server.close();
  }
}

/** Samples of the list, laid in past triggers, in the mix of states of a laboratory that has been at work for years. */
async function layIn(
  admin: ClientConfig,
  tenant: string,
  actor: string,
  of: { product: string; point: string },
  count: number,
): Promise<void> {
  const client = new Client(admin);
  await client.connect();
  try {
    await client.query("set role probity_owner");
    await client.query("alter table lab.sample disable trigger user, no force row level security");
    await client.query(
      `insert into lab.sample (tenant_id, id, series, sequence, number, product_id, sampling_point_id, lot, priority, state, verdict, due_on,
         received_at, find, created_by, updated_by)
       select $1, gen_random_uuid(), 'B', n, 'B-' || n, $2, $5, lot || '-' || n, case n % 9 when 0 then 'urgent' else 'routine' end, state,
         case n % 40 when 0 then 'out' when 1 then 'warn' else 'in' end, current_date + (n % 60) - 30, now() - n * interval '5 minutes',
         lower('B-' || n || ' wfi water for injection ' || lot || '-' || n), $3, $3
       from generate_series(1, $4::integer) n,
         lateral (select (array['Kestrel', 'Merlin', 'Harrier', 'Osprey', 'Goshawk'])[n % 5 + 1] as lot,
           (array['registered', 'received', 'tested', 'verified', 'published', 'published'])[n % 6 + 1] as state) as drawn`,
      [tenant, of.product, actor, count, of.point],
    );
    await client.query("alter table lab.sample enable trigger user, force row level security");
    await client.query("vacuum analyze lab.sample");
  } finally {
    await client.end();
  }
}

/** Receives what is registered, some hundred at a time; answers the numbers. */
async function receiveAll(by: TestCaller, state: string, count: number, q = ""): Promise<string[]> {
  const numbers: string[] = [];
  while (numbers.length < count) {
    const page: { items: { id: string; number: string }[] } = await json(
      by,
      `/api/lab/samples?limit=200&state=${state}${q === "" ? "" : `&q=${q}`}`,
    );
    if (page.items.length === 0) break;
    await post(by, "/api/lab/samples/receive", { ids: page.items.map((each) => each.id) }, 200);
    numbers.push(...page.items.map((each) => each.number));
  }
  return numbers;
}

async function prepare(by: TestCaller) {
  const method = await post(by, "/api/lab/methods", { code: "M-1", title: "pH" }, 201);
  const analytes = [{ key: "ph", name: "pH", unit: "", kind: "number", decimals: 1, rule: "half-up" }];
  await post(by, `/api/lab/methods/${method}/versions`, { reason: "New", definition: { fields: [], analytes } }, 201);
  const products: { id: string; code: string }[] = [];
  for (const code of ["WFI", "PW", "SYR", "RAW", "ENV"]) {
    const id = await post(
      by,
      "/api/lab/products",
      { code, name: `Product ${code}`, kind: "water", description: null },
      201,
    );
    const limits = [{ methodId: method, analyte: "ph", low: "5.0", high: "7.0", compare: "entered" }];
    await post(
      by,
      "/api/lab/specifications",
      { productId: id, code: `SPC-${code}`, title: code, reason: "New", limits },
      201,
    );
    products.push({ id, code });
  }
  const points: string[] = [];
  for (let point = 1; point <= 7; point += 1) {
    points.push(`P-${point}`);
    await post(by, "/api/lab/sampling-points", { code: `P-${point}`, name: `Point ${point}`, location: null }, 201);
  }
  return { products, points };
}

/** A worksheet of the newest open results: opened, and all of its rows saved. */
async function worksheetOf(by: TestCaller, size: number): Promise<{ opened: number; saved: number }> {
  const waiting: { items: { id: string }[] } = await json(by, "/api/lab/worksheets/waiting");
  const resultIds = waiting.items.slice(0, size).map((each) => each.id);
  const id = await post(by, "/api/lab/worksheets", { title: "pH", resultIds }, 201);
  let sheet: { rows: { id: string; version: number }[] } = { rows: [] };
  const opened = await timed(async () => {
    sheet = await json(by, `/api/lab/worksheets/${id}`);
  });
  const rows = sheet.rows.map((row, index) => ({
    id: row.id,
    version: row.version,
    text: (5 + (index % 20) / 10).toFixed(2),
  }));
  if (rows.length !== size) throw new Error(`The worksheet holds ${rows.length} rows`);
  const saved = await timed(() => post(by, "/api/lab/results/save", { rows }, 200));
  return { opened, saved };
}

async function post(by: TestCaller, path: string, body: unknown, wanted: number): Promise<string> {
  const answer = await by("POST", path, { body });
  if (answer.status !== wanted) throw new Error(`${path}: ${answer.status} ${answer.text.slice(0, 300)}`);
  return String(answer.body["id"]);
}
async function json<T>(by: TestCaller, path: string): Promise<T> {
  const answer = await by("GET", path);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text.slice(0, 300)}`);
  return JSON.parse(answer.text);
}
/** Every choice of so many of a list. */
function combinations<T>(list: readonly T[], size: number): T[][] {
  if (size === 0) return [[]];
  return list.flatMap((first, index) => combinations(list.slice(index + 1), size - 1).map((rest) => [first, ...rest]));
}
async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}
function figure(what: string, reached: number, wanted: number): Figure {
  const say = (ms: number) => (ms >= 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms)} ms`);
  return { what, reached: say(reached), wanted: `≤ ${say(wanted)}`, good: reached <= wanted };
}
