import {
  makeSigner,
  openTestLog,
  signAs,
  takeUp,
  type TestAnswer,
  type TestCaller,
  type TestLog,
  type TestPerson,
  type TestSigner,
} from "@probity/kernel/testing";
import type { Sealer } from "@probity/seal";
import { standardTemplate } from "../certificate/template.ts";
import { entered, investigated, openLab, received, resultOf, sampleOf, type LabWorld } from "./world.ts";

export type CertificateWorld = {
  readonly world: LabWorld;
  readonly log: TestLog;
  /** Holds the role of a reviewer, and neither enters nor verifies. */
  readonly certifier: TestSigner;
  readonly technician: TestSigner;
};

export const certify = {
  step: "certify",
  meaning: "Certified: the results are as determined and verified, and conformity as stated",
};

/** A laboratory with a seal, a log that is published on request, a template, and people who sign. */
export async function openCertificates(sealer: Sealer): Promise<CertificateWorld> {
  const world = await openLab({ sealer, origin: "http://localhost" });
  const { server, workspace, admin } = world;
  const certifier = await makeSigner(server, await server.member(workspace, "admin"), admin);
  const technician = await makeSigner(server, world.technician, admin);
  await must(
    world.as.admin("POST", "/api/lab/certificate-templates", {
      body: { name: "Standard", reason: "New", definition: { ...standardTemplate, laboratory: "Acme QC" } },
    }),
  );
  return { world, log: openTestLog(server.kernel), certifier, technician };
}

/** The answer, where it is one of success. */
export async function must(asked: Promise<TestAnswer>): Promise<TestAnswer> {
  const answer = await asked;
  if (answer.status >= 300) throw new Error(`${answer.status} ${answer.text}`);
  return answer;
}

/** A sample that is published; with an original out of specification it was investigated and retested before. */
export async function published(
  { world }: CertificateWorld,
  more: {
    readonly ph?: string;
    readonly original?: string;
    readonly customerId?: string;
    readonly specifications?: string[];
    /** Who verifies; the reviewer unless said otherwise. */
    readonly by?: TestCaller;
  } = {},
): Promise<string> {
  const { technician, reviewer, admin } = world.as;
  const [id = ""] = await received(world, 1, more.customerId === undefined ? {} : { customerId: more.customerId });
  await entered(world, id, more.original ?? more.ph ?? "6.5");
  if (more.original !== undefined) {
    const first = await resultOf(technician, id, "ph");
    const investigation = await investigated(world, first.id);
    await must(
      reviewer("POST", `/api/lab/results/${first.id}/retest`, {
        version: first.version,
        body: { reason: "By the approved plan" },
      }),
    );
    const again = await resultOf(technician, id, "ph");
    await must(
      technician("POST", "/api/lab/results/save", {
        body: { rows: [{ id: again.id, version: again.version, text: more.ph ?? "6.4" }] },
      }),
    );
    await investigation.conclude();
  }
  const version = async () => (await sampleOf(admin, id)).version;
  await must((more.by ?? reviewer)("POST", `/api/lab/samples/${id}/verify`, { version: await version() }));
  await must(
    reviewer("POST", `/api/lab/samples/${id}/publish`, {
      version: await version(),
      body: { specificationIds: more.specifications ?? [] },
    }),
  );
  return id;
}

export type Prepared = { readonly id: string; readonly one: string; readonly number: string };

export async function prepared({ world }: CertificateWorld, sampleId: string): Promise<Prepared> {
  const made = await must(world.as.reviewer("POST", `/api/lab/samples/${sampleId}/certificates`, { body: {} }));
  const id = String(made.body["id"]);
  return { id, one: `/api/lab/certificates/${id}`, number: String(made.body["number"]) };
}

/** Signs and seals: the certificate leaves. */
export async function issued(open: CertificateWorld, sampleId: string): Promise<Prepared> {
  const made = await prepared(open, sampleId);
  await issue(open, made);
  return made;
}
export async function issue(open: CertificateWorld, { one }: Pick<Prepared, "one">): Promise<void> {
  await must(signAs(open.certifier, one, { ...certify, version: 1 }));
  await open.log.publish();
  await must(open.certifier.by("POST", `${one}/seal`));
}

/** A file as its bytes. */
export async function bytesOf(
  { world }: CertificateWorld,
  person: TestPerson | null,
  path: string,
): Promise<{ status: number; bytes: Buffer; headers: Headers }> {
  const headers =
    person === null
      ? {}
      : { cookie: `probity-session=${person.session.token}`, "probity-workspace": person.session.workspace ?? "" };
  const answer = await fetch(`${world.server.origin}${path}`, { headers });
  return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()), headers: answer.headers };
}

export type Customer = {
  readonly id: string;
  readonly contactId: string;
  readonly person: TestPerson;
  readonly by: TestCaller;
};

/** A customer with a contact who took up their invitation. */
export async function customerOf({ world }: CertificateWorld, code: string): Promise<Customer> {
  const { admin } = world.as;
  const made = await must(
    admin("POST", "/api/lab/customers", { body: { code, name: `Customer ${code}`, address: "Town" } }),
  );
  const id = String(made.body["id"]);
  const email = `${code.toLowerCase()}@example.org`;
  const contact = await must(
    admin("POST", `/api/lab/customers/${id}/contacts`, { body: { name: `Contact ${code}`, email } }),
  );
  const contactId = String(contact.body["id"]);
  const invited = await must(admin("POST", `/api/lab/contacts/${contactId}/invite`));
  const person = await takeUp(world.server, String(invited.body["link"]), `Contact ${code}`);
  return { id, contactId, person, by: world.server.as(person) };
}
