import { isolationTier, probeIsolation } from "@probity/kernel";
import { defineControl, type Control } from "../control.ts";
import { allOf, type Check } from "./outcome.ts";

/** The control for the isolation in force, or for a named one: without walls ("none") it must turn red. */
export const isolationControl = (harness?: "none"): Control =>
  defineControl({
    id: "TEN-03",
    standards: ["SOC 2 CC6.8", "ISO 27001 A.8.22", "ISO 27001 A.8.7"],
    yourPart:
      "For the outer walls (another user, an empty network) run the server on Linux where user namespaces, or root, are allowed.",
    notProbed: ["bounded memory and time (tested before each release)"],
    maxAgeMinutes: 90,
    probes: [
      {
        id: "child-process",
        kind: "read-only",
        title: "From inside the process that reads documents, network, files, processes and threads are out of reach",
        run: async () => {
          const tier = await isolationTier();
          // Without the walls the same attempts must succeed, or their failing would prove nothing.
          const { attempts } = await probeIsolation({ harness: "none" });
          return allOf(
            `isolation in force: ${tier}; without it all ${attempts.length} attempts get through`,
            attempts.map((each): Check => [
              !each.denied,
              `even without walls, ${each.attempt} fails: the attempt proves nothing here`,
            ]),
          );
        },
        negative: async () => {
          const { harness: tried, attempts } = await probeIsolation(harness === undefined ? {} : { harness });
          return allOf(
            `isolation in force: ${tried}; ${attempts.length} attempts from inside were denied`,
            attempts.map((each): Check => [each.denied, `${each.attempt} got through`]),
          );
        },
      },
    ],
  });

export const documentIsolation = isolationControl();
