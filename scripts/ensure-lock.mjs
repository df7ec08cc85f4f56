// node scripts/ensure-lock.mjs [--write]
// Finds optional platform packages that package-lock.json lacks, which makes `npm ci` refuse the whole lock. npm leaves
// them out when the registry it resolved against does not offer them. With --write they are added by name, version and
// platform, without integrity: npm passes over them on every other platform.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const OS = ["darwin", "linux", "win32", "freebsd", "android", "openharmony", "windows"];
const CPU = ["x64", "arm64", "arm", "ia32", "ppc64", "ppc64le", "s390x", "riscv64", "loong64", "wasm32"];

/**
 * @param {Record<string, Record<string, any>>} packages the `packages` of a lock file, version 3
 * @returns {Record<string, object>} the entries it lacks
 */
export function missingPlatformPackages(packages) {
  const missing = {};
  for (const [path, entry] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (isResolvable(packages, path, name) || !/^\d/.test(version)) continue;
      // Beside its parent when the top is taken by another version.
      const top = `node_modules/${name}`;
      const taken = missing[top] !== undefined && missing[top].version !== version;
      missing[taken ? `${path}/${top}` : top] = {
        version,
        ...platformOf(name),
        ...(entry.dev ? { dev: true } : {}),
        optional: true,
      };
    }
  }
  return missing;
}

/** Whether Node's look-up from `path` upwards finds an entry for `name`. */
function isResolvable(packages, path, name) {
  for (let folder = path; ;) {
    if (packages[`${folder === "" ? "" : `${folder}/`}node_modules/${name}`] !== undefined) return true;
    if (folder === "") return false;
    const cut = folder.lastIndexOf("/node_modules/");
    folder = cut === -1 ? "" : folder.slice(0, cut);
  }
}

/** The platform a package's name tells, as npm wants it; a name that tells none must not be installed blindly. */
function platformOf(name) {
  const parts = name.slice(name.lastIndexOf("/") + 1).split(/[-.]/);
  const os = parts.find((part) => OS.includes(part));
  const cpu = parts.find((part) => CPU.includes(part)) ?? (parts.includes("armv7") ? "arm" : undefined);
  if (os === undefined && cpu === undefined) throw new Error(`The name ${name} tells no platform.`);
  const libc = parts.some((part) => part.startsWith("musl"))
    ? "musl"
    : parts.some((part) => part.startsWith("gnu"))
      ? "glibc"
      : undefined;
  return {
    ...(cpu === undefined ? {} : { cpu: [cpu] }),
    ...(libc === undefined || os !== "linux" ? {} : { libc: [libc] }),
    ...(os === undefined ? {} : { os: [os === "windows" ? "win32" : os] }),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = join(dirname(dirname(fileURLToPath(import.meta.url))), "package-lock.json");
  const lock = JSON.parse(readFileSync(path, "utf8"));
  const missing = missingPlatformPackages(lock.packages);
  const names = Object.keys(missing);
  if (names.length > 0 && process.argv.includes("--write")) {
    const entries = Object.entries({ ...lock.packages, ...missing }).toSorted(([a], [b]) => a.localeCompare(b, "en"));
    writeFileSync(path, `${JSON.stringify({ ...lock, packages: Object.fromEntries(entries) }, null, 2)}\n`);
    console.log(`package-lock.json: ${names.length} platform packages added.`);
  } else if (names.length > 0) {
    console.error(
      `package-lock.json lacks ${names.length} platform packages, so \`npm ci\` refuses it: ${names.join(", ")}. Run \`node scripts/ensure-lock.mjs --write\`.`,
    );
    process.exit(1);
  }
}
