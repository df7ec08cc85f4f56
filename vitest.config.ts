import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{kernel,apps,trust,server,scripts,web}/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Two cores: more workers than that make PostgreSQL and the extraction children wait for each other.
    maxWorkers: 2,
  },
});
