// The child of an isolated program: loads the one module it was told of, hands it the one input, answers, ends. Nothing
// else is readable to it, and there is no network.
for (const method of ["log", "info", "warn", "error", "debug", "trace"] as const) console[method] = () => undefined;

async function readInput(): Promise<{ module: string; input: unknown }> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  const all = Buffer.concat(chunks);
  const headerLength = all.readUInt32BE(0);
  const { module }: { module: string } = JSON.parse(all.subarray(4, 4 + headerLength).toString("utf8"));
  return { module, input: JSON.parse(all.subarray(4 + headerLength).toString("utf8")) };
}

function answer(body: object): void {
  const json = Buffer.from(JSON.stringify(body), "utf8");
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(json.length));
  process.stdout.write(Buffer.concat([length, json]), () => process.exit(0));
}

try {
  const { module, input } = await readInput();
  const program: { run(input: unknown): unknown } = await import(module);
  answer({ result: await program.run(input) });
} catch (error) {
  answer({ failure: error instanceof Error ? error.message : String(error) });
}
