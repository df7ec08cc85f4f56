import { openTestServer, testRecord } from "@probity/kernel/testing";
import { lab } from "../app.ts";
import { method, product, samplingPoint } from "./master.ts";
import { material } from "./material.ts";

const openServer = () => openTestServer([lab()]);

testRecord(product, {
  openServer,
  sample: (index) => ({
    code: `P-${index}`,
    name: `Product ${index}`,
    kind: "water",
    description: index % 2 === 0 ? null : "Loop",
  }),
});
testRecord(samplingPoint, {
  openServer,
  sample: (index) => ({ code: `SP-${index}`, name: `Point ${index}`, location: null }),
});
testRecord(method, { openServer, sample: (index) => ({ code: `M-${index}`, title: `Method ${index}` }) });
testRecord(material, {
  openServer,
  sample: (index) => ({
    code: `R-${index}`,
    name: `Reagent ${index}`,
    kind: "reagent",
    unit: "mL",
    afterOpeningDays: index % 2 === 0 ? null : 30,
    storage: null,
    reorderAt: index % 2 === 0 ? null : 12.5,
  }),
});
