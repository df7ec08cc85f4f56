import type { SeenLeaf } from "@probity/verify";
import { useState } from "react";
import { Act } from "../kit/act.tsx";
import { EmptyState } from "../kit/empty-state.tsx";
import { StatusMark } from "../kit/status-mark.tsx";
import { showTime } from "../kit/time.ts";
import pageCss from "../shell/page.module.css";
import css from "./verify.module.css";

const portion = 100;

/** Every leaf that was checked, with what the file shows of it. */
export function LeafList({ leaves, total, proven }: { leaves: readonly SeenLeaf[]; total: number; proven: boolean }) {
  const [words, setWords] = useState("");
  const [most, setMost] = useState(portion);
  const wanted = words.toLowerCase();
  const found = leaves.filter(
    ({ index, body, values }) =>
      wanted === "" ||
      `${index} ${Object.values(body).join(" ")} ${Object.values(values).join(" ")}`.toLowerCase().includes(wanted),
  );
  const sorted = found.toSorted(
    (a, b) => Number(b.fault !== undefined) - Number(a.fault !== undefined) || a.index - b.index,
  );
  return (
    <section aria-labelledby="leaves">
      <div className={pageCss.head}>
        <h2 id="leaves">Leaves</h2>
        <input
          type="search"
          className={pageCss.search}
          placeholder="Action, record or value"
          aria-label="Filter leaves by words"
          value={words}
          onChange={(event) => {
            setWords(event.currentTarget.value);
            setMost(portion);
          }}
        />
      </div>
      {total > leaves.length && (
        <p className={css.muted}>
          All {total.toLocaleString("en")} were checked; the first {leaves.length.toLocaleString("en")} are listed.
        </p>
      )}
      {sorted.length === 0 ? (
        <EmptyState>No leaf matches.</EmptyState>
      ) : (
        <ul className={css.leaves}>
          {sorted.slice(0, most).map((leaf) => (
            <Leaf key={leaf.index} leaf={leaf} proven={proven} />
          ))}
        </ul>
      )}
      {sorted.length > most && (
        <Act onAct={() => setMost(most + portion)}>Show {Math.min(portion, sorted.length - most)} more</Act>
      )}
    </section>
  );
}

function Leaf({ leaf: { index, body, values, closed, fault }, proven }: { leaf: SeenLeaf; proven: boolean }) {
  const shown = Object.entries(values);
  return (
    <li>
      <details>
        <summary>
          <span className={css.index}>{index}</span>
          <span className={css.action}>
            {body["action"] ?? "not a leaf"}
            {body["outcome"] !== undefined && body["outcome"] !== "done" && ` · ${body["outcome"]}`}
            {body["record"] !== undefined && (
              <span className={css.exact}> {body["version"] === undefined ? "" : `version ${body["version"]}`}</span>
            )}
          </span>
          <span className={css.when}>{body["at"] === undefined ? "" : showTime(body["at"])}</span>
          <LeafMark closed={closed.length} fault={fault} proven={proven} />
        </summary>
        <dl className={css.body}>
          {fault !== undefined && (
            <>
              <dt>Fault</dt>
              <dd>{fault}</dd>
            </>
          )}
          {shown.map(([name, value]) => (
            <Pair key={name} name={name} value={value} />
          ))}
          {closed.map((name) => (
            <Pair key={name} name={name} value="closed: only its commitment is here" />
          ))}
          {["record", "row", "version", "actor", "id", "root"].map((name) =>
            body[name] === undefined ? null : <Pair key={`leaf ${name}`} name={name} value={body[name]} />,
          )}
        </dl>
      </details>
    </li>
  );
}

function Pair({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd className={css.exact}>{value}</dd>
    </>
  );
}

/** Good only where the whole is: a leaf beneath a root that does not fit shows nothing. */
function LeafMark({ closed, fault, proven }: { closed: number; fault: string | undefined; proven: boolean }) {
  if (fault !== undefined) return <StatusMark tone="gap" word="changed" />;
  if (!proven) return <StatusMark tone="none" word="not shown" />;
  return closed > 0 ? (
    <StatusMark tone="partial" word={`${closed} closed`} />
  ) : (
    <StatusMark tone="covered" word="as signed" />
  );
}
