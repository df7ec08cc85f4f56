import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Choice, Field } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showDay, showTime } from "@probity/web/kit/time.ts";
import { write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { inspectApi } from "./inspect-path.ts";
import css from "./master.module.css";
import { compareLines, standingLook, type Version } from "./master-types.ts";
import { refusedBecause } from "./words.ts";

/** Versions, newest first; two of them compared line by line; another person's decision on one that waits. */
export function Versions<V extends Version>(props: {
  noun: "method" | "specification";
  may: readonly string[] | undefined;
  versions: readonly V[];
  linesOf: (version: V) => [string, string][];
  onDecided: () => void;
}) {
  const { versions } = props;
  const [newer, setNewer] = useState("");
  const [older, setOlder] = useState("");
  const [deciding, setDeciding] = useState<{ version: V; approved: boolean } | null>(null);
  const after = versions.find((each) => each.id === newer) ?? versions[0];
  const before = versions.find((each) => each.id === older) ?? versions[1];
  const refused = refusedBecause(props.may, "lab.master.approve", "reviewers");
  const options = versions.map((each) => ({ value: each.id, label: `v${each.number}` }));
  return (
    <>
      <ol className={css.versions}>
        {versions.map((each) => (
          <li key={each.id}>
            <b className={page.mono}>v{each.number}</b>
            <span>
              <StatusMark {...standingLook[each.standing]} />
              {each.standing === "later" && each.effectiveOn !== null && ` from ${showDay(each.effectiveOn)}`}
            </span>
            <span>
              “{each.reason}”{" "}
              <span className={page.meta}>
                {each.madeBy ?? "Probity"}, {showTime(each.madeAt)}
                {each.decidedBy !== null && ` · ${each.decision} by ${each.decidedBy}: “${each.decisionReason ?? ""}”`}
              </span>
            </span>
            {each.standing === "waiting" && (
              <span className={page.row}>
                <Act look="main" disabledReason={refused} onAct={() => setDeciding({ version: each, approved: true })}>
                  Approve
                </Act>
                <Act disabledReason={refused} onAct={() => setDeciding({ version: each, approved: false })}>
                  Refuse
                </Act>
              </span>
            )}
          </li>
        ))}
      </ol>
      {after !== undefined && (
        <section aria-labelledby="content">
          <div className={page.head}>
            <h2 id="content">{`What v${after.number} says`}</h2>
            {versions.length > 1 && (
              <Choice quiet name="read" label="Version" value={after.id} options={options} onChange={setNewer} />
            )}
          </div>
          <dl className={css.content}>
            {props.linesOf(after).map(([name, said]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{said}</dd>
              </div>
            ))}
          </dl>
        </section>
      )}
      {after !== undefined && before !== undefined && (
        <section aria-labelledby="compare">
          <div className={page.head}>
            <h2 id="compare">Compared</h2>
            <span className={page.row}>
              <Choice quiet name="older" label="Before" value={before.id} options={options} onChange={setOlder} />
              <Choice quiet name="newer" label="After" value={after.id} options={options} onChange={setNewer} />
            </span>
          </div>
          <Compared before={props.linesOf(before)} after={props.linesOf(after)} />
        </section>
      )}
      {deciding !== null && (
        <Decide
          noun={props.noun}
          {...deciding}
          onClose={() => setDeciding(null)}
          onDone={() => {
            setDeciding(null);
            props.onDecided();
          }}
        />
      )}
    </>
  );
}

function Compared({ before, after }: { before: [string, string][]; after: [string, string][] }) {
  const changed = compareLines(before, after);
  if (changed.length === 0) return <p className={page.muted}>They say the same.</p>;
  return (
    <table className={css.diff}>
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
        </tr>
      </thead>
      <tbody>
        {changed.map((line) => (
          <tr key={line.name}>
            <th scope="row">{line.name}</th>
            <td>{line.before === null ? <i>not there</i> : <del>{line.before}</del>}</td>
            <td>{line.after === null ? <i>gone</i> : <ins>{line.after}</ins>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Decide(props: {
  noun: "method" | "specification";
  version: Version;
  approved: boolean;
  onClose: () => void;
  onDone: () => void;
}) {
  const [reason, setReason] = useState("");
  const decide = useMutation({
    mutationFn: () =>
      write("POST", inspectApi.decide(props.noun, props.version.id), {
        approved: props.approved,
        reason: reason.trim(),
      }),
    onSuccess: props.onDone,
  });
  const verb = props.approved ? "Approve" : "Refuse";
  return (
    <Dialog open title={`${verb} version ${props.version.number}`} onClose={props.onClose}>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (reason.trim() !== "") decide.mutate();
        }}
      >
        {decide.isError && <ProblemNotice problem={asProblem(decide.error)} />}
        <p className={page.muted}>
          {props.approved
            ? "Samples registered from its day on are tested by it. Those that are there keep theirs."
            : "It is used for nothing, and stays on the list with your reason."}
        </p>
        <Field name="decide-reason" label="Why" value={reason} onChange={setReason} />
        <div>
          <Act
            look={props.approved ? "main" : "danger"}
            size="form"
            submit
            busy={decide.isPending}
            disabledReason={reason.trim() === "" ? "Say why." : undefined}
          >
            {`${verb} version ${props.version.number}`}
          </Act>
        </div>
      </form>
    </Dialog>
  );
}
