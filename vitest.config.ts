import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // Two cores: more workers than that make PostgreSQL and the extraction children wait for each other.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: "code",
          include: ["{verify,seal,paper,kernel,apps,scripts,web,trust,server}/**/*.test.ts"],
          // Modules are read once a worker: a fresh copy of all of them for each file took half of the time.
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: "journey",
          include: ["e2e/journey/**/*.test.ts"],
          // Pages are built once beforehand: two servers that both find stale ones would build over each other.
          globalSetup: ["e2e/journey/first-start.ts"],
          // A server each, one after the other; modules and the browser are there once.
          fileParallelism: false,
          isolate: false,
          testTimeout: 300_000,
          hookTimeout: 400_000,
        },
      },
    ],
  },
});
