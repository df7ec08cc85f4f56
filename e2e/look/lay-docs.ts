import { sampleFiles } from "../../apps/regulatory-docs/sample-data/make.ts";
import type { Colleague } from "../journey/colleague.ts";
import { membershipOf } from "../journey/colleague.ts";
import { rows } from "./lay.ts";

const docs = "/api/regulatory-docs";

/**
 * What stands between people over documents: a signed report, so that a new revision asks why, and documents shared one by one
 * with somebody who sees nothing else. The first run is the signed one: decisions on the newest go on.
 */
export async function layDocs(owner: Colleague, reviewer: Colleague, guest: Colleague): Promise<void> {
  const [collection] = rows(await owner.call("GET", `${docs}/collections`));
  if (collection === undefined || rows(await guest.call("GET", `${docs}/shared-documents`)).length > 0) return;
  const runs = rows(await owner.call("GET", `${docs}/runs?collection=${String(collection["id"])}`));
  const first = runs.find((each) => each["number"] === 1);
  if (first !== undefined) await review(reviewer, `${docs}/runs/${String(first["id"])}`);
  const members = [await membershipOf(owner, guest.email)];
  for (const id of await ownDocuments(owner))
    await owner.call("PUT", `/api/shares/regulatory_docs.document/${id}`, { members });
  // From here on a collection is seen by its owner and those it is shared with alone; the sample's is nobody's.
  const policies = rows(await owner.call("GET", "/api/policy"));
  const version = policies.find(({ name }) => name === "access.sharing")?.["version"];
  const body = { value: "owner", reason: "Suppliers see what is shared with them and nothing else" };
  await owner.call("PUT", "/api/policy/access.sharing", body, Number(version));
}

/** A collection of the owner's; gives those of its documents that are for others. */
async function ownDocuments(owner: Colleague): Promise<string[]> {
  const made = await owner.call("POST", `${docs}/collections`, {
    name: "Supplier agreements",
    description: "What is agreed with suppliers, each sees its own",
  });
  const files = await sampleFiles();
  const ids = [];
  for (const { fileName, bytes } of files.slice(5, 10))
    ids.push(await owner.send(`${docs}/collections/${String(made["id"])}/documents`, fileName, Buffer.from(bytes)));
  return ids.slice(0, 4);
}

async function review(by: Colleague, run: string): Promise<void> {
  const shown = await by.call("GET", `${run}/signing`);
  if (shown["locked"] === true) return;
  const said = { step: "review", meaning: "Reviewed: findings and decisions are supported by the quoted evidence" };
  const { challenge } = await by.call("POST", `${run}/signing/challenge`, said, Number(shown["version"]));
  await by.call("POST", `${run}/signatures`, { challenge, userName: by.email, password: by.password });
}
