// What the tests of apps, trust and server build on.
export { testCertificate } from "./certificate.ts";
export { createTestDatabase, testRootKey } from "./database.ts";
export { executeAsOwner } from "../lint/trial.ts";
export { takeUp } from "./guest.ts";
export { removeInstanceFolder } from "./instance-folder.ts";
export { testIsolation, type IsolationSuite } from "./isolation-suite.ts";
export { issueTestKey, openTestKernel, type TestKernel, type TestPerson } from "./kernel.ts";
export { longestBlock } from "./longest-block.ts";
export { asDoor, placeLeaves, testRecord, type RecordSuite } from "./record-suite.ts";
export { challengeFor, makeSigner, signAs, type TestSigner } from "./signing.ts";
export { openTestLog, type TestLog } from "./log.ts";
export { ampleBudgets, openTestServer, type TestAnswer, type TestCaller, type TestServer } from "./server.ts";
export { removeMember } from "../identity/people.ts";
export { changePolicy } from "../policy/store.ts";
