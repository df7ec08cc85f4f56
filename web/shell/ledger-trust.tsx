import { useQuery } from "@tanstack/react-query";
import { StatusMark } from "../kit/status-mark.tsx";
import { showAge } from "../kit/time.ts";
import { readPublic } from "./api.ts";
import { api } from "./path.ts";
import css from "./ledger.module.css";
import pageCss from "./page.module.css";

type Kind = { kind: string; holders: number; newest: string };

const words: Readonly<Record<string, [one: string, many: string]>> = {
  witness: ["witness", "witnesses"],
  rfc3161: ["time-stamping authority", "time-stamping authorities"],
  mail: ["mailbox", "mailboxes"],
  webhook: ["archive", "archives"],
  download: ["person with a copy", "people with a copy"],
};

/** In short, for everybody: to whom outside a change of this instance's logs would show. */
export function LogHolders() {
  const summary = useQuery({
    queryKey: ["trust-anchors"],
    queryFn: () => readPublic<{ kinds: Kind[] }>(api.trustAnchors()),
  });
  if (summary.data === undefined) return null;
  const { kinds } = summary.data;
  const said = kinds.map(
    ({ kind, holders, newest }) =>
      `${holders} ${words[kind]?.[holders === 1 ? 0 : 1] ?? kind}, last ${showAge(newest)}`,
  );
  return (
    <p className={css.outside}>
      <StatusMark tone={kinds.length === 0 ? "none" : "sealed"} word="Audit log" />{" "}
      {kinds.length === 0 ? (
        <>Nobody outside this server has a checkpoint yet: whoever owns it could rewrite the log unseen.</>
      ) : (
        <>
          Checkpoints are outside this server, with {said.join("; ")}.{" "}
          <span className={pageCss.meta}>What they hold can't be changed here without it showing there.</span>
        </>
      )}
    </p>
  );
}
