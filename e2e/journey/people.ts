import { setTimeout as sleep } from "node:timers/promises";
import type { APIRequestContext } from "playwright-core";

export const ana = {
  name: "Ana Ruiz",
  email: "ana@example.org",
  password: "a long sentence nobody guesses",
  workspace: "Acme Devices",
};

/** Sets the instance up through its link without a browser page, with the sample data unless told otherwise; the context is signed in. */
export async function setUp(
  request: APIRequestContext,
  url: string,
  path: string,
  { sampleData = true }: { sampleData?: boolean } = {},
): Promise<string> {
  const answer = await request.post(`${url}/api${path}`, {
    headers: { "probity-request": "1", origin: url, "idempotency-key": "journey-set-up" },
    data: {
      owner: { name: ana.name, email: ana.email, password: ana.password },
      workspace: { name: ana.workspace, preset: "regulatory-docs" },
      sampleData,
    },
  });
  if (!answer.ok()) throw new Error(`Set-up answered ${answer.status()}: ${await answer.text()}`);
  const made: { workspaceId: string } = await answer.json();
  return made.workspaceId;
}

interface Listed {
  items: { id: string; lastRun: { id: string } | null }[];
}

/** Waits until the sample procedures are analysed; gives the ids of their collection and newest run. */
export async function sampleRun(
  request: APIRequestContext,
  url: string,
  workspaceId: string,
): Promise<{ collection: string; run: string }> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const answer = await request.get(`${url}/api/regulatory-docs/collections`, {
      headers: { "probity-workspace": workspaceId },
    });
    const listed: Listed = await answer.json();
    const [first] = listed.items ?? [];
    // The second run is the newest: it sees the later revision of one procedure.
    if (first?.lastRun && attempt > 0) {
      const jobs = await request.get(`${url}/api/jobs`, { headers: { "probity-workspace": workspaceId } });
      const running: { items: unknown[] } = await jobs.json();
      if (running.items.length === 0) return { collection: first.id, run: first.lastRun.id };
    }
    await sleep(500);
  }
  throw new Error("The sample procedures were not analysed in time");
}
