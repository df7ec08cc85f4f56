#!/usr/bin/env node
// The verifier as one file: node probity-verify.mjs FILE.
import { runVerify } from "./command.ts";

process.exitCode = await runVerify(process.argv.slice(2), "node probity-verify.mjs");
