import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { statusLook } from "./finding-status.ts";
import { count } from "./matrix-model.ts";
import type { Finding } from "./types.ts";
import css from "./count-line.module.css";

/** `● 118 covered ◐ 37 partial ▲ 29 gaps ○ 16 not assessable`. */
export function CountLine({ findings }: { findings: Finding[] }) {
  const counts = count(findings);
  return (
    <p className={css.line}>
      <StatusMark tone={statusLook.covered.tone} word={`${counts.covered} covered`} />
      <StatusMark tone={statusLook.partial.tone} word={`${counts.partial} partial`} />
      <StatusMark tone={statusLook.gap.tone} word={counts.gap === 1 ? "1 gap" : `${counts.gap} gaps`} />
      <StatusMark tone={statusLook["not-assessable"].tone} word={`${counts.notAssessable} not assessable`} />
    </p>
  );
}
