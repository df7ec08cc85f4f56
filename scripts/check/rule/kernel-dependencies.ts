import { Type } from "typebox";
import { Value } from "typebox/value";
import type { SourceRule } from "../source.ts";

const Manifest = Type.Object({ dependencies: Type.Optional(Type.Record(Type.String(), Type.String())) });
const most = 20;

/** What everybody must trust stays small enough to look through. */
export const kernelDependencies: SourceRule = (files) =>
  files
    .filter(({ path }) => path === "kernel/package.json")
    .map(({ path, text }) => ({
      path,
      // Our own verifier brings nothing along.
      count: Object.keys(Value.Parse(Manifest, JSON.parse(text)).dependencies ?? {}).filter(
        (name) => name !== "@probity/verify",
      ).length,
    }))
    .filter(({ count }) => count > most)
    .map(({ path, count }) => `${path}: ${count} runtime dependencies, ${most} at most`);
