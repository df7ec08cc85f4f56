import { randomUUID } from "node:crypto";
import type { TestPerson } from "@probity/kernel/testing";
import { drawPng } from "../sample-data/picture.ts";
import type { LabWorld } from "./world.ts";

export const picture = drawPng(8, 8, (x, y) => [x * 30, y * 30, 90]);

export type Sent = { readonly status: number; readonly body: Record<string, unknown>; readonly text: string };

/** Sends a file beside a record, as the page does. */
export async function attachFile(
  world: LabWorld,
  person: TestPerson,
  path: string,
  given: { content?: string | Uint8Array; name?: string; note?: string; key?: string } = {},
): Promise<Sent> {
  const form = new FormData();
  const content = given.content ?? picture;
  form.append(
    "file",
    new Blob([typeof content === "string" ? content : new Uint8Array(content)]),
    given.name ?? "plate.png",
  );
  const query = given.note === undefined ? "" : `?note=${encodeURIComponent(given.note)}`;
  const answer = await fetch(`${world.server.origin}/api/lab/${path}/attachments${query}`, {
    method: "POST",
    headers: {
      cookie: `probity-session=${person.session.token}`,
      "probity-workspace": person.session.workspace ?? "",
      "probity-request": "1",
      "idempotency-key": given.key ?? randomUUID(),
    },
    body: form,
  });
  const text = await answer.text();
  return { status: answer.status, body: JSON.parse(text), text };
}
