import type { Job, Kernel } from "@probity/kernel";
import { takeFile } from "../actions/import-take.ts";

/** Files of samples and of results, each under the one permission its rows need. */
export function importJobs(kernel: Kernel): Record<string, (job: Job) => Promise<void>> {
  return {
    "lab.import_samples": (job) => takeFile(kernel, job, "samples"),
    "lab.import_results": (job) => takeFile(kernel, job, "results"),
  };
}
