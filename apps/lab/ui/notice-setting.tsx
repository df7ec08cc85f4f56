import { Act } from "@probity/web/kit/act.tsx";
import { announce } from "@probity/web/kit/announcer.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Choice, Field } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { showTime } from "@probity/web/kit/time.ts";
import { write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { page as shellPage } from "@probity/web/shell/path.ts";
import { Go } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { inspectApi } from "./inspect-path.ts";
import css from "./notice.module.css";
import { settingKey, useSettings } from "./setting.ts";
import { refusedBecause } from "./words.ts";

interface Value {
  when: "never" | "out" | "out-and-waiting";
  groups: ("verify" | "enter" | "admin")[];
  people: string[];
  values: boolean;
}
const name = "notice.out";
const when = [
  { value: "never", label: "never" },
  { value: "out", label: "when a value is out of specification" },
  { value: "out-and-waiting", label: "when a value is out, and when an investigation waits" },
] as const;
const groups = [
  { value: "verify", label: "Everybody who verifies results" },
  { value: "enter", label: "Everybody who enters results" },
  { value: "admin", label: "Everybody who decides settings" },
] as const;

/** Who gets a mail when a value is out of specification: off as Probity comes, and decided with a reason. */
export function NoticeSetting({ ws }: { ws: string }) {
  const list = useSettings<Value>(ws);
  const [deciding, setDeciding] = useState(false);
  const queries = useQueryClient();
  const setting = list.data?.items.find((each) => each.name === name);
  const people = list.data?.people ?? [];
  const value = setting?.value;
  const readAt = list.data?.readAt ?? "";
  const last = setting?.decided.find((each) => each.effectiveAt <= readAt);
  const coming = setting?.decided.find((each) => each.effectiveAt > readAt);
  return (
    <section className={css.box}>
      <p className={page.muted}>
        The mail names the sample and the determination and links to the page; whoever may not see that page gets none.
        It goes once for a result. Without a mail server it lies in the <Go to={shellPage.outbox(ws)}>outbox</Go>.
      </p>
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton label="Reading who is told" rows={3} />}
      {value !== undefined && (
        <dl className={css.facts}>
          <div>
            <dt>Mails go</dt>
            <dd>
              <StatusMark
                tone={value.when === "never" ? "none" : "covered"}
                word={when.find((each) => each.value === value.when)?.label ?? value.when}
              />
            </dd>
          </div>
          {value.when !== "never" && (
            <div>
              <dt>To</dt>
              <dd>
                <ul>
                  {groups
                    .filter((each) => value.groups.includes(each.value))
                    .map((each) => (
                      <li key={each.value}>{each.label}</li>
                    ))}
                  {value.people.map((id) => (
                    <li key={id}>{people.find((each) => each.id === id)?.name ?? "somebody who is no longer here"}</li>
                  ))}
                  {value.groups.length + value.people.length === 0 && <li>Nobody.</li>}
                </ul>
              </dd>
            </div>
          )}
          {value.when !== "never" && (
            <div>
              <dt>The value itself</dt>
              <dd>{value.values ? "is in the mail" : "is not in the mail"}</dd>
            </div>
          )}
          <div>
            <dt>Decided</dt>
            <dd>
              {coming !== undefined && (
                <p>
                  From {showTime(coming.effectiveAt)}: “{coming.reason}”{" "}
                  <span className={page.meta}>{coming.maker}</span>
                </p>
              )}
              {last === undefined ? (
                <span className={page.muted}>Never: as Probity comes.</span>
              ) : (
                <>
                  “{last.reason}”{" "}
                  <span className={page.meta}>
                    {last.maker}, {showTime(last.effectiveAt)}
                  </span>
                </>
              )}
            </dd>
          </div>
        </dl>
      )}
      {value !== undefined && (
        <p>
          <Act
            disabledReason={refusedBecause(list.data?.may, "lab.setting.change", "admins")}
            onAct={() => setDeciding(true)}
          >
            Change who is told
          </Act>
        </p>
      )}
      {deciding && value !== undefined && (
        <Decide
          value={value}
          people={people}
          onClose={() => setDeciding(false)}
          onDone={() => {
            setDeciding(false);
            announce("Who is told is decided.");
            void queries.invalidateQueries({ queryKey: settingKey(ws) });
          }}
        />
      )}
    </section>
  );
}

function Decide(props: {
  value: Value;
  people: readonly { readonly id: string; readonly name: string }[];
  onClose: () => void;
  onDone: () => void;
}) {
  const [value, setValue] = useState(props.value);
  const [reason, setReason] = useState("");
  const decide = useMutation({
    mutationFn: () => write("POST", inspectApi.settings(), { name, value, reason: reason.trim() }),
    onSuccess: props.onDone,
  });
  const off = value.when === "never";
  const missing =
    reason.trim() === ""
      ? "Say why."
      : !off && value.groups.length + value.people.length === 0
        ? "Choose who is told."
        : undefined;
  const toggled = <T,>(list: readonly T[], each: T) =>
    list.includes(each) ? list.filter((one) => one !== each) : [...list, each];
  return (
    <Dialog open onClose={props.onClose} title="Who is told by mail">
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === undefined) decide.mutate();
        }}
      >
        {decide.isError && <ProblemNotice problem={asProblem(decide.error)} />}
        <Choice
          name="notice-when"
          label="Mails go"
          value={value.when}
          options={when}
          onChange={(chosen) => setValue({ ...value, when: chosen })}
        />
        {!off && (
          <fieldset className={css.choose}>
            <legend>To</legend>
            {groups.map((each) => (
              <label key={each.value}>
                <input
                  type="checkbox"
                  checked={value.groups.includes(each.value)}
                  onChange={() => setValue({ ...value, groups: toggled(value.groups, each.value) })}
                />{" "}
                {each.label}
              </label>
            ))}
            {props.people.map((each) => (
              <label key={each.id}>
                <input
                  type="checkbox"
                  checked={value.people.includes(each.id)}
                  onChange={() => setValue({ ...value, people: toggled(value.people, each.id) })}
                />{" "}
                {each.name}
              </label>
            ))}
          </fieldset>
        )}
        {!off && (
          <fieldset className={css.choose}>
            <legend>In the mail</legend>
            <label>
              <input
                type="checkbox"
                checked={value.values}
                onChange={() => setValue({ ...value, values: !value.values })}
              />{" "}
              The value as it was entered
            </label>
          </fieldset>
        )}
        <Field name="notice-reason" label="Why" value={reason} onChange={setReason} />
        <p className={page.muted}>
          It holds for what is found from then on. You confirm it is you, and the audit trail keeps it.
        </p>
        <div>
          <Act look="main" size="form" submit busy={decide.isPending} disabledReason={missing}>
            Decide
          </Act>
        </div>
      </form>
    </Dialog>
  );
}

/** One mail that was to leave, as a result or an investigation tells it. */
export interface Told {
  kind: "out" | "waits";
  waitsFor: string | null;
  at: string;
  sentAt: string | null;
  recipients: number | null;
}

/** That people were told by mail, where it applies: when, and how many. */
export function ToldByMail({ notices }: { notices: readonly Told[] }) {
  if (notices.length === 0) return null;
  return (
    <p className={page.meta}>
      {notices.map((each) => (
        <span key={each.at} className={css.told}>
          {each.sentAt === null
            ? `A mail of ${showTime(each.at)} is on its way.`
            : `${each.recipients === 1 ? "One person was" : `${each.recipients ?? 0} people were`} told by mail, ${showTime(each.sentAt)}${each.waitsFor === null ? "" : `: ${waitsWord[each.waitsFor] ?? each.waitsFor}`}.`}
        </span>
      ))}
    </p>
  );
}

const waitsWord: Readonly<Record<string, string>> = {
  assess: "it waits for the assessment",
  "approve-plan": "its plan waits for approval",
  "plan-again": "its plan was sent back",
  retest: "its retests may be ordered",
  conclude: "it waits for its conclusion",
};
