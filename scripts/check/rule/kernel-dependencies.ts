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
      count: Object.keys(Value.Parse(Manifest, JSON.parse(text)).dependencies ?? {}).length,
    }))
    .filter(({ count }) => count > most)
    .map(({ path, count }) => `${path}: ${count} runtime dependencies, ${most} at most`);
