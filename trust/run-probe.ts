import {
  noteProbes,
  openProbeDatabase,
  openScratch,
  shapesOf,
  withProbeLock,
  type Kernel,
  type ProbeNote,
  type RecordDeclaration,
  type Scratch,
} from "@probity/kernel";
import { controls as everyControl } from "./catalogue.ts";
import type { Control, Probe, ProbeContext, ProbeOutcome, ProbeTransport } from "./control.ts";
import { httpTo } from "./http.ts";
import { sweepScratch, uploadScratchDocument, type ScratchDocument } from "./scratch-document.ts";
import { contactUri } from "./security-text.ts";

export type ProbeOptions = {
  /** Where this server is reached from its own machine: the probes call it as anybody could. */
  readonly probeUrl: string;
  readonly publicUrl: string;
  /** Sent along with each call, so that the server's own log can name what the probes brought about. */
  readonly mark?: string | undefined;
  /** The set-up role's way in: for reading the catalogue, and for planting faults that are rolled back. */
  readonly admin: Parameters<typeof openProbeDatabase>[1];
  readonly records: readonly RecordDeclaration[] | undefined;
  readonly filesFolder: string | undefined;
  readonly securityContact?: string | undefined;
  /** Where the instance serves HTTPS itself. */
  readonly transport?: ProbeTransport | undefined;
  readonly controls?: readonly Control[];
  readonly startAfterSeconds?: number;
  readonly everyMinutes?: number;
  readonly onProblem?: (error: unknown) => void;
};

const minute = 60_000;
const probeTimeoutSeconds = 120;
/** Keys are made anew when less than this is left of them. */
const spareMilliseconds = 60 * minute;

/** Runs every probe now and again until stopped. Of several servers of one instance one runs them at a time. */
export function startProbes(kernel: Kernel, options: ProbeOptions): { runNow(): Promise<void>; stop(): Promise<void> } {
  const runner = new ProbeRunner(kernel, options);
  let running: Promise<void> = Promise.resolve();
  let stopped = false;
  const runNow = () => {
    running = running.then(async () => {
      if (stopped) return;
      try {
        await runner.run();
      } catch (error) {
        options.onProblem?.(error);
      }
    });
    return running;
  };
  const every = (options.everyMinutes ?? 15) * minute;
  let timer = setTimeout(
    function tick() {
      void runNow();
      timer = setTimeout(tick, every);
    },
    (options.startAfterSeconds ?? 5) * 1000,
  );
  return {
    runNow,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      runner.abandon();
      await running;
    },
  };
}

/** One server's probing. `run` gives what was noted, or undefined while another server is at it. */
export class ProbeRunner {
  readonly #kernel: Kernel;
  readonly #options: ProbeOptions;
  #scratch: Scratch | undefined;
  #abandoned = false;

  constructor(kernel: Kernel, options: ProbeOptions) {
    this.#kernel = kernel;
    this.#options = options;
  }

  /** Ends after the probe that is running: the server stops. What was found so far is not noted. */
  abandon(): void {
    this.#abandoned = true;
  }

  run(): Promise<ProbeNote[] | undefined> {
    return withProbeLock(this.#kernel, async () => {
      const prepared = await this.#prepare();
      const notes: ProbeNote[] = [];
      for (const control of this.#options.controls ?? everyControl) {
        for (const probe of control.probes) {
          if (this.#abandoned) return [];
          const result =
            "failed" in prepared
              ? { outcome: "broken", detail: sentence(`Could not be tested: ${prepared.failed}`) }
              : await runProbe(probe, prepared.context);
          notes.push({ control: control.id, probe: probe.id, kind: probe.kind, ...result });
        }
      }
      await noteProbes(this.#kernel, notes);
      return notes;
    });
  }

  /** What cannot even be prepared breaks every control: a fault there may be the very one a probe would have found. */
  async #prepare(): Promise<{ context: ProbeContext } | { failed: string }> {
    try {
      const context = await this.#context();
      await sweepScratch(context.http, context.scratch, context.filesFolder);
      return { context };
    } catch (error) {
      this.#options.onProblem?.(error);
      this.#scratch = undefined;
      return { failed: publicMessage(error) };
    }
  }

  async #context(): Promise<ProbeContext> {
    const { probeUrl, publicUrl, admin, records, filesFolder, securityContact } = this.#options;
    if (this.#scratch === undefined || this.#scratch.endsAt.getTime() - Date.now() < spareMilliseconds)
      this.#scratch = await openScratch(this.#kernel);
    const scratch = this.#scratch;
    const http = httpTo(probeUrl, this.#options.mark);
    let document: Promise<ScratchDocument> | undefined;
    return {
      kernel: this.#kernel,
      http,
      database: openProbeDatabase(this.#kernel, admin, records === undefined ? undefined : shapesOf(records)),
      scratch,
      document: () => (document ??= uploadScratchDocument(http, scratch.a.ownerKey)),
      filesFolder,
      probeUrl,
      publicUrl,
      securityContact: securityContact === undefined ? undefined : contactUri(securityContact),
      transport: this.#options.transport,
    };
  }
}

/** Both halves of a probe. Whatever keeps one from finishing breaks it: what could not be tested is not held. */
export async function runProbe(
  probe: Probe,
  context: ProbeContext,
): Promise<{ outcome: "held" | "broken"; detail: string }> {
  const run = await half("Could not be tested", () => probe.run(context));
  const negative = await half("Could not be attacked", () => probe.negative(context));
  const held = run.held && negative.held;
  const said = held ? [run, negative] : [run, negative].filter((each) => !each.held);
  return {
    outcome: held ? "held" : "broken",
    detail: said
      .map((each) => sentence(each.detail))
      .join(" ")
      .slice(0, 2000),
  };
}

async function half(failed: string, run: () => Promise<ProbeOutcome>): Promise<ProbeOutcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ProbeOutcome>((resolve) => {
    timer = setTimeout(
      () => resolve({ held: false, detail: `${failed}: no end after ${probeTimeoutSeconds} seconds` }),
      probeTimeoutSeconds * 1000,
    );
  });
  try {
    return await Promise.race([run(), late]);
  } catch (error) {
    return { held: false, detail: `${failed}: ${publicMessage(error)}` };
  } finally {
    clearTimeout(timer);
  }
}

/** An error's message as the page may show it: without places on this machine. */
function publicMessage(error: unknown): string {
  if (!(error instanceof Error)) return "an unknown fault";
  return error.message.slice(0, 300).replaceAll(/(?:\/[\w.@+-]+){2,}|[A-Z]:\\[^\s'"]+/g, "(a path)");
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
