/**
 * Takes pictures of the interface for a person to look at, and says what a machine can see: content security policy
 * violations, console errors, sideways scrolling, axe findings, and what is too small for a finger at the bench.
 *
 *   npm run look -- [--at URL] [--into FOLDER] [--ways wide-light,narrow-dark] [--whole] [STOP …]
 *
 * Without --at it sets an instance up with the sample data and removes it at the end; with it, LOOK_EMAIL and LOOK_PASSWORD
 * sign its owner in, and a contact of one of its customers is let in. STOP is a name or its beginning: `lab-sample`. --whole
 * takes a page from top to bottom. A stop that fails is named, and the next one is looked at. FOLDER/index.html shows all pictures.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensureWebBuilt } from "../../server/build-web.ts";
import { openBrowser } from "../journey/browser.ts";
import { look, Rooms, ways } from "./camera.ts";
import { labDaily } from "./lab-daily.ts";
import { labQuality } from "./lab-quality.ts";
import { labTold } from "./lab-told.ts";
import { docs } from "./docs.ts";
import { platform } from "./platform.ts";
import { type Seen, writeSheet } from "./sheet.ts";
import type { Stop } from "./stop.ts";
import { openWorld } from "./world.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    at: { type: "string" },
    into: { type: "string" },
    ways: { type: "string" },
    whole: { type: "boolean", default: false },
  },
});
const into = values.into ?? join(import.meta.dirname, "../../.cache/look");
const chosen = values.ways?.split(",") ?? ways;
const stops: readonly Stop[] = [...platform, ...docs, ...labDaily, ...labQuality, ...labTold];
const wanted = stops.filter(
  ({ name }) => positionals.length === 0 || positionals.some((each) => name === each || name.startsWith(`${each}-`)),
);
const unknown = chosen.filter((each) => !ways.includes(each));
if (wanted.length === 0 || unknown.length > 0) {
  console.error(
    `${unknown.length > 0 ? `No way is called ${unknown.join(", ")}` : "No stop fits"}. Nothing was looked at.`,
  );
  console.error(`Ways: ${ways.join(" ")}\nStops: ${stops.map(({ name }) => name).join(" ")}`);
  process.exit(2);
}

await mkdir(into, { recursive: true });
if (values.at === undefined) await ensureWebBuilt(join(import.meta.dirname, "../../web/dist"));
const browser = await openBrowser();
if (browser === null) process.exit(2);
const world = await openWorld(browser, values.at);
const rooms = new Rooms(browser, world);
const seen: Seen[] = [];
try {
  for (const stop of wanted) {
    for (const way of chosen.filter((each) => stop.bench === true || !each.startsWith("bench"))) {
      if (!browser.isConnected())
        throw new Error(`The browser ended before ${stop.name}, ${way}. What was looked at stays.`);
      const faults = await look(rooms, world, stop, way, { into, whole: values.whole });
      for (const fault of faults) console.log(`▲ ${stop.name} ${way}: ${fault}`);
      seen.push({ stop, way, faults });
    }
  }
  await writeSheet(into, seen);
} finally {
  await browser.close();
  await world.close();
}
const objected = seen.filter(({ faults }) => faults.length > 0);
const names = [...new Set(objected.map(({ stop }) => stop.name))];
console.log(`${seen.length} pictures of ${wanted.length} stops: ${join(into, "index.html")}`);
console.log(names.length === 0 ? "● nothing to object to" : `▲ objections to ${names.join(", ")}`);
process.exitCode = names.length === 0 ? 0 : 1;
