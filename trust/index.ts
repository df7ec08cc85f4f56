// The trust package's one door: what the server needs of it.
export { catalogueHash, controls } from "./catalogue.ts";
export { defineControl, type Control, type Probe, type ProbeContext, type ProbeOutcome } from "./control.ts";
export { isolationControl } from "./control/document-isolation.ts";
export { missingHeaders } from "./control/response-header.ts";
export { httpTo, listOf, recordOf, type ProbeAnswer, type ProbeHttp } from "./http.ts";
export { promises, type TrustPromise } from "./promise.ts";
export { trustRoutes, type TrustOptions } from "./route.ts";
export { probeHeader } from "./http.ts";
export { ProbeRunner, startProbes, type ProbeOptions } from "./run-probe.ts";
export { computeStatement, stateOf, threatModel, type TrustStatement } from "./statement.ts";
export { statusOf, type ControlStatus } from "./status.ts";
export { openTrustKey, verifies, type TrustKey } from "./trust-key.ts";
