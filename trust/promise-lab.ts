import type { TrustPromise } from "./promise.ts";

/** What the laboratory keeps of a result, from the bench to the customer. */
export const labPromises: readonly TrustPromise[] = [
  {
    id: "LAB-01",
    group: "Laboratory",
    title: "What was entered is kept to the character",
    text: "A result is the text that was entered, its exact decimal and its unit; rounding is a view of it. A save that touched nothing changes nothing, one that read an older version changes nothing, and a change of a saved value asks why.",
  },
  {
    id: "LAB-02",
    group: "Laboratory",
    title: "Another person verifies, and then it stays",
    text: "Nobody verifies a result they entered, in whatever role. What is verified is locked, with the files beside it: it is opened again by right, with a fresh proof and a reason, and the old version stays on the record.",
  },
  {
    id: "LAB-03",
    group: "Laboratory",
    title: "Out of specification is investigated first",
    text: "A result out of specification is not tested again before a plan that somebody else approved, and nothing of its sample is published before its investigation is concluded. The original result stays, and no reason types it over.",
  },
  {
    id: "LAB-04",
    group: "Laboratory",
    title: "Gates fail closed",
    text: "A result whose run has no quality control, whose instrument is out of calibration or on hold, whose lot has expired or whose analyst is not trained is not verified, unless two people override it with a reason. Unknown counts as not in order.",
  },
  {
    id: "LAB-05",
    group: "Laboratory",
    title: "Certificates tell the truth",
    text: "A certificate of analysis is signed and sealed, shows what was published and what was out of specification, carries the proof of the log, and is verified offline. An amendment supersedes and says why; nothing is replaced.",
  },
  {
    id: "LAB-06",
    group: "Laboratory",
    title: "Customers see their own samples",
    text: "A customer's contact sees the published results and certificates of that customer's samples, and nothing else of the laboratory; the database itself refuses the rest.",
  },
];
