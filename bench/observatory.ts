// npm run bench observatory: our own host over HTTPS, as MDN's HTTP Observatory scores it. The scorer brings 230 packages,
// so it is not installed here: put @mdn/mdn-http-observatory@1.4.8 into a folder of its own and name that folder in
// PROBITY_TEST_OBSERVATORY. Without its download of the preload list, write {} to its conf/hsts-preload.json.
import { spawn } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { testCertificate } from "../kernel/testing/certificate.ts";
import { removeInstanceFolder } from "../kernel/testing/instance-folder.ts";

type Figure = { what: string; reached: string; wanted: string; good: boolean };
const wanted = 120;

/** The score of the first page, with what each of its tests gave. */
export async function run(): Promise<Figure[]> {
  const folder = process.env["PROBITY_TEST_OBSERVATORY"];
  const figure = { what: "HTTP Observatory", wanted: `≥ ${wanted}` };
  if (folder === undefined)
    return [{ ...figure, reached: "skipped: PROBITY_TEST_OBSERVATORY names no folder with the scorer", good: true }];
  const home = await mkdtemp(join(tmpdir(), "probity-observatory-"));
  const { cert, key } = testCertificate();
  const [certFile, keyFile] = [join(home, "cert.pem"), join(home, "key.pem")];
  await Promise.all([writeFile(certFile, cert), writeFile(keyFile, key)]);
  const [port, plainPort] = [await freePort(), await freePort()];
  const server = spawn(process.execPath, [join(import.meta.dirname, "../server/main.ts")], {
    env: {
      ...process.env,
      PROBITY_HOME: join(home, "instance"),
      PROBITY_PORT: String(port),
      PROBITY_PLAIN_PORT: String(plainPort),
      PROBITY_TLS_CERT: certFile,
      PROBITY_TLS_KEY: keyFile,
      PROBITY_URL: `https://localhost:${port}`,
      PROBITY_LOG_LEVEL: "error",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await until(server.stdout, /ready at/);
    const found = await score(folder, certFile, port, plainPort);
    return [
      { ...figure, reached: `${found.score} (${found.grade})`, good: found.score >= wanted },
      ...found.tests.map(([name, result, change]) => ({
        what: `  ${name}`,
        reached: `${change} ${result}`,
        wanted: "≥ 0",
        good: change >= 0,
      })),
    ];
  } finally {
    server.kill("SIGTERM");
    await new Promise((resolve) => server.once("exit", resolve));
    await removeInstanceFolder(home);
  }
}

/** The scorer's own scan with its default ports replaced, in a process that trusts our certificate. */
async function score(
  folder: string,
  certFile: string,
  port: number,
  plainPort: number,
): Promise<{ score: number; grade: string; tests: [string, string, number][] }> {
  const source = pathToFileURL(join(folder, "node_modules/@mdn/mdn-http-observatory/src/")).href;
  const script = `
    import { retrieve } from "${source}retriever/retriever.js";
    import { ALL_TESTS } from "${source}constants.js";
    import { getGradeForScore, getScoreModifier } from "${source}grader/grader.js";
    import { MINIMUM_SCORE_FOR_EXTRA_CREDIT } from "${source}grader/charts.js";
    const found = await retrieve("localhost", { httpPort: ${plainPort}, httpsPort: ${port} });
    const tests = ALL_TESTS.map((each) => each(found)).filter((each) => each.result)
      .map((each) => [each.constructor.name, each.result, getScoreModifier(each.result)]);
    const minus = 100 + tests.reduce((sum, each) => sum + Math.min(0, each[2]), 0);
    const all = 100 + tests.reduce((sum, each) => sum + each[2], 0);
    const score = minus >= MINIMUM_SCORE_FOR_EXTRA_CREDIT ? all : minus;
    console.log(JSON.stringify({ score, grade: getGradeForScore(score).grade, tests }));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: certFile },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (chunk) => (text += String(chunk)));
  await new Promise((resolve) => child.once("exit", resolve));
  return JSON.parse(text.trim().split("\n").at(-1) ?? "");
}

/** Waits for a text, and goes on reading: a server whose output nobody reads ends. */
function until(stream: NodeJS.ReadableStream, wantedText: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = "";
    stream.on("data", (chunk) => {
      text += String(chunk);
      if (wantedText.test(text)) resolve();
    });
    stream.on("end", () => reject(new Error(`The server ended: ${text}`)));
  });
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
