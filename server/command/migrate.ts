import { readConfig } from "../config.ts";
import { openInstance } from "../open.ts";

/** npx probity migrate: brings the database up to date and stops. */
export async function run(_args: string[]): Promise<number> {
  const instance = await openInstance(readConfig());
  await instance.close();
  process.stdout.write("The database is up to date.\n");
  return 0;
}
