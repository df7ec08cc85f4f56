// Which way dependencies point: verify ← kernel, seal, paper ← apps, trust, operations ← server; web talks HTTP (docs: ARCHITECTURE.md).
// scripts/check/planted.test.ts plants one violation of each rule and sees it found.
const screen = "^(web/|apps/[^/]+/ui/)";
const test = "\\.test\\.tsx?$";

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "verify-stands-alone",
      comment: "The verifier must be readable and runnable by somebody who has nothing else of ours.",
      severity: "error",
      from: { path: "^verify/", pathNot: test },
      to: { pathNot: "^verify/", dependencyTypesNot: ["core"] },
    },
    {
      name: "seal-knows-the-verifier-alone",
      comment: "What seals a file is handed its key and its way to the network; it looks for neither.",
      severity: "error",
      from: { path: "^seal/", pathNot: test },
      to: { path: "^(kernel|apps|trust|operations|server|web|scripts|bench|e2e)/" },
    },
    {
      name: "paper-knows-nothing-of-ours",
      comment: "What sets a page is handed the words; it knows no record and no app.",
      severity: "error",
      from: { path: "^paper/", pathNot: test },
      to: { path: "^(verify|seal|kernel|apps|trust|operations|server|web|scripts|bench|e2e)/" },
    },
    {
      name: "kernel-knows-no-app",
      comment: "Controls must not depend on what they control.",
      severity: "error",
      from: { path: "^kernel/" },
      to: { path: "^(seal|paper|apps|trust|operations|server|web|scripts|bench|e2e)/" },
    },
    {
      name: "app-knows-no-other-app",
      comment: "An app can be taken out, or copied as a sixth, without touching another.",
      severity: "error",
      from: { path: "^apps/([^/]+)/" },
      to: { path: "^apps/", pathNot: "^apps/$1/" },
    },
    {
      name: "peers-stand-apart",
      comment: "Apps, trust and operations meet in server/apps.ts alone.",
      severity: "error",
      from: { path: "^(apps|trust|operations)/" },
      to: { path: "^(apps|trust|operations|server|scripts|bench|e2e)/", pathNot: "^$1/" },
    },
    {
      name: "kernel-through-its-door",
      comment: "What the kernel does not export it may change; from outside, import @probity/kernel.",
      severity: "error",
      from: { path: "^(apps|trust|operations)/", pathNot: [test, "^apps/[^/]+/testing/"] },
      to: { path: "^kernel/", pathNot: "^kernel/index\\.ts$" },
    },
    {
      name: "kernel-through-its-door-in-tests",
      comment: "Tests have a second door, @probity/kernel/testing.",
      severity: "error",
      from: { path: [`^(apps|trust|operations)/.*${test}`, "^apps/[^/]+/testing/"] },
      to: { path: "^kernel/", pathNot: "^kernel/(index|testing/index)\\.ts$" },
    },
    {
      name: "product-without-test-parts",
      comment: "What makes tenants and people at will stays out of what is served.",
      severity: "error",
      from: {
        path: "^(kernel|apps|trust|operations|server)/",
        pathNot: [test, "^(kernel|server|apps/[^/]+)/testing/", "^kernel/lint/(trial|fresh-database)\\.ts$"],
      },
      to: {
        path: "^kernel/(testing/|lint/(trial|fresh-database)|database/test-cluster)|(^|/)node_modules/(vitest|fast-check)/",
      },
    },
    {
      name: "only-the-kernel-connects",
      comment: "A connection outside the door is one nobody bound to a tenant.",
      severity: "error",
      // The benches measure against a bare connection, and the external run makes its server's first role: neither is served.
      from: { pathNot: "^(kernel/|bench/|scripts/test-external\\.ts$)" },
      to: { path: "(^|/)node_modules/(@types/)?(pg|pg-pool|postgres)/" },
    },
    {
      name: "no-network-while-a-transaction-is-open",
      comment: "A slow answer from outside would hold rows and, with them, the ledger.",
      severity: "error",
      from: { path: "^kernel/work/", pathNot: test },
      to: {
        path: "^(node:)?(net|tls|http|https|http2|dgram|dns)(/|$)|(^|/)node_modules/(undici|axios|got|node-fetch|ws|nodemailer)/",
      },
    },
    {
      name: "screens-talk-http",
      comment: "Server code in a browser would take its secrets and its trust along.",
      severity: "error",
      from: { path: screen },
      to: { path: "^(kernel|paper|trust|operations|server|scripts|bench)/|^apps/[^/]+/(?!ui/)" },
    },
    {
      name: "server-serves-no-screen-source",
      comment: "The server hands out what was built, nothing else.",
      severity: "error",
      from: { path: "^(kernel|apps|trust|operations|server)/", pathNot: screen },
      to: { path: screen },
    },
    {
      name: "no-cycle",
      comment: "Of two files that need each other neither can be read first.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "nothing-missing",
      comment: "What cannot be resolved fails at start.",
      severity: "error",
      from: { pathNot: screen },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    // TypeScript 7 has no compiler API for dependency-cruiser: without this parser it reads no module and finds no fault.
    parser: "swc",
    tsPreCompilationDeps: true,
    doNotFollow: { path: "(^|/)node_modules/" },
    // Our own build output only: most packages live in a folder dist, and importing them must be seen.
    exclude: { path: "^((web|apps/[^/]+)/dist|\\.cache|\\.probity)/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      extensions: [".ts", ".tsx", ".mjs", ".js", ".json", ".css"],
    },
  },
};
