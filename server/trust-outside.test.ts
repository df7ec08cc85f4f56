import { expect, test, beforeAll, afterAll } from "vitest";
import { controls, type Control } from "@probity/trust";
import { anchorHolding, streamDelivery } from "../trust/control/delivery.ts";
import { reasonForChange } from "../trust/control/verified-signer.ts";
import { openTestLog, type TestLog } from "../kernel/testing/log.ts";
import { executeAsOwner } from "../kernel/lint/trial.ts";
import { database, door, folder, kernel, statusAfter, useTrustWorld } from "./testing/trust-world.ts";

useTrustWorld();

/** One probe of a control alone: what the others need is not set up here. */
function alone(id: string, probe: Control["probes"][number]): Control {
  const whole = controls.find((each) => each.id === id);
  return {
    id,
    title: id,
    standards: [],
    yourPart: "None.",
    notProbed: [],
    maxAgeMinutes: 45,
    ...whole,
    probes: [probe],
  };
}
const streaming = { control: alone("LED-05", streamDelivery) };
const reasoned = { control: alone("SIG-06", reasonForChange) };
const holding = { control: alone("LED-03", anchorHolding) };

let log: TestLog;
beforeAll(() => {
  kernel.sequencer.start();
  log = openTestLog({ ...kernel, admin: database.admin, filesFolder: folder, ...notUsed });
  log.publisher.start();
});
afterAll(async () => {
  await log?.close();
});
/** A test kernel makes workspaces and people; the log asks for none. */
const notUsed = {
  foundWorkspace: async () => "",
  addPerson: async () => {
    throw new Error("nobody is added here");
  },
};

/** Red for this reason while it is broken, and green before and after. */
async function turnsRed(
  options: typeof streaming,
  broken: { break: () => Promise<unknown>; mend: () => Promise<unknown> },
  reason: RegExp,
): Promise<void> {
  const green = await statusAfter(options.control.id, options);
  expect(green.detail).not.toMatch(/broken/);
  await broken.break();
  try {
    expect((await statusAfter(options.control.id, options)).detail).toMatch(reason);
  } finally {
    await broken.mend();
  }
  expect((await statusAfter(options.control.id, options)).detail).not.toMatch(/broken/);
}

const sql = (breakIt: string, mendIt: string) => ({
  break: () => executeAsOwner(database.admin, door + breakIt),
  mend: () => executeAsOwner(database.admin, door + mendIt),
});

test("LED-05 the control of streams turns red when the application may move a cursor", async () => {
  await turnsRed(
    streaming,
    sql("grant update on kernel.stream_state to probity_app", "revoke update on kernel.stream_state from probity_app"),
    /moving a cursor by a statement/i,
  );
}, 120_000);

test("LED-03 the control of what lies outside turns red when an anchor can be changed", async () => {
  await turnsRed(
    holding,
    sql("grant update on kernel.anchor to probity_app", "revoke update on kernel.anchor from probity_app"),
    /update kernel.anchor/i,
  );
}, 120_000);

test("SIG-06 the control of reasons turns red when the database asks for none of a collection", async () => {
  const asked = (word: string) => () =>
    executeAsOwner(database.admin, `alter table regulatory_docs.collection ${word} trigger reason_given`);
  const broken = { break: asked("disable"), mend: asked("enable") };
  await turnsRed(reasoned, broken, /the database asks for reasons of document, document, finding/i);
}, 120_000);
