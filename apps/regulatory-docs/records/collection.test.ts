import { openTestServer, testRecord } from "@probity/kernel/testing";
import { regulatoryDocs } from "../app.ts";
import { collection } from "./collection.ts";

testRecord(collection, {
  openServer: () => openTestServer([regulatoryDocs({ freeCheck: { on: false, maxFiles: 1, maxTotalBytes: 1 } })]),
  sample: (index) => ({ name: `Quality system ${index}`, description: index % 2 === 0 ? null : "Procedures" }),
});
