import type { Mail } from "../../mail/template.ts";

/** A copy of the newest checkpoint, to keep: whoever has it can show later that this history was there and was not changed. */
export function checkpointMail(copy: {
  readonly workspace: string;
  readonly url: string;
  readonly note: string;
  readonly platform: string | null;
}): Mail {
  const name = copy.workspace
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, " ")
    .trim()
    .slice(0, 80);
  const parts = [
    `This is the newest checkpoint of the audit log of ${name} at ${copy.url}. Keep this mail. Nothing has to be done.`,
    "If entries of the log were changed, removed or added in between later, an export checked with this checkpoint would say so:",
    "npx probity verify EXPORT --checkpoint CHECKPOINT",
    "The checkpoint, to the letter:",
  ];
  const notes = copy.platform === null ? [copy.note] : [copy.note, copy.platform];
  const subject = `Checkpoint of the audit log of ${name}`;
  const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (mark) => `&#${mark.codePointAt(0)};`);
  const style = "font:16px/1.5 system-ui,sans-serif;color:#1d2426;max-width:40rem;margin:0 auto;padding:1.5rem";
  return {
    template: "checkpoint-copy",
    subject,
    text: `${parts.join("\n\n")}\n\n${notes.join("\n")}`,
    html: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escaped(subject)}</title></head><body style="${style}">${parts
      .map((part) => `<p>${escaped(part)}</p>`)
      .join(
        "",
      )}${notes.map((note) => `<pre style="white-space:pre-wrap;word-break:break-all">${escaped(note)}</pre>`).join("")}</body></html>`,
  };
}
