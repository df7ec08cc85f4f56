import { errorCatalogue } from "@probity/kernel";
import { enabledApps } from "./apps.ts";

/** Every error code of kernel and enabled apps as a Markdown table, in the order of their names. */
export function errorList(): string {
  // An app's catalogue is declared when the app is loaded.
  enabledApps({ freeCheck: true });
  const rows = [...errorCatalogue()]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([code, { status, title, detail }]) =>
        `| \`${code}\` | ${status} | ${title} | ${detail.replaceAll("|", "\\|")} |`,
    );
  return [
    "# Errors",
    "",
    "Every error is a problem document (RFC 9457): `type` is `urn:probity:error:` and the code, `detail` says what happened,",
    "what is safe and what to do. Names in braces are filled in. Written by `scripts/error-list.ts`.",
    "",
    "| Code | Status | Title | Detail |",
    "|---|--:|---|---|",
    ...rows,
    "",
  ].join("\n");
}
