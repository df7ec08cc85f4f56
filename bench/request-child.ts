import { once } from "node:events";
import { fork, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { Type, type Static, type TSchema } from "typebox";
import { Value } from "typebox/value";

const givenSchema = Type.Object({
  database: Type.Object({
    host: Type.String(),
    port: Type.Integer(),
    user: Type.String(),
    password: Type.String(),
    database: Type.String(),
  }),
  poolSize: Type.Integer(),
  rootKey: Type.String(),
  filesFolder: Type.String(),
});
/** What a measured server is started with. */
export type Given = Static<typeof givenSchema>;

/** The start message of the parent. */
export async function givenByParent(): Promise<Given> {
  const [message]: unknown[] = await once(process, "message");
  return Value.Parse(givenSchema, message);
}

export function answerParent(answer: Readonly<Record<string, unknown>>): void {
  process.send?.(answer);
  process.once("disconnect", () => process.exit(0));
}

/** A process of its own for each server and for the load, so that none steals another's event loop. */
export function startChild(file: string, execArgv: readonly string[] = []): ChildProcess {
  return fork(join(import.meta.dirname, file), { stdio: "inherit", execArgv: [...execArgv] });
}

/** Sends a message and waits for the answer, checked against its schema. */
export async function ask<S extends TSchema>(child: ChildProcess, message: object, schema: S): Promise<Static<S>> {
  const answer = new Promise<unknown>((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`${child.spawnargs.at(-1)} ended with ${code}`));
    child.once("exit", ended);
    child.once("message", (given) => {
      child.off("exit", ended);
      resolve(given);
    });
  });
  child.send(message);
  return Value.Parse(schema, await answer);
}
