import { Act } from "@probity/web/kit/act.tsx";
import { announce } from "@probity/web/kit/announcer.tsx";
import { DateField } from "@probity/web/kit/date-field.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Choice, Field } from "@probity/web/kit/field.tsx";
import { LedgerTable } from "@probity/web/kit/ledger-table.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { Skeleton } from "@probity/web/kit/skeleton.tsx";
import { ownZone, showTime } from "@probity/web/kit/time.ts";
import { write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { inspectApi } from "./inspect-path.ts";
import css from "./master.module.css";
import { type Setting, settingKey, useSettings } from "./setting.ts";
import { refusedBecause } from "./words.ts";

type Required = "declared" | "every" | "none";
type GateSetting = Setting<{ required: Required }>;

const choices = [
  { value: "declared", label: "where the method asks for it" },
  { value: "every", label: "of every result" },
  { value: "none", label: "of no result" },
] as const;
const wordOf = (required: Required) => choices.find((each) => each.value === required)?.label ?? required;
/** "Quality control before verification", as the gate alone. */
const gateOf = (title: string) => title.replace(/ before verification$/, "");

/** What is looked at before a result is verified: where it is asked for, since when, and who decided so. */
export function GateSettings({ ws }: { ws: string }) {
  const list = useSettings<{ required: Required }>(ws);
  const [deciding, setDeciding] = useState<GateSetting | null>(null);
  const queries = useQueryClient();
  const rows = (list.data?.items ?? []).filter((each) => each.name.startsWith("gate."));
  return (
    <section>
      <p className={`${page.muted} ${css.told}`}>
        A result that a gate holds is not verified until two people let it pass. Results that are entered keep what was
        asked for then.
      </p>
      {list.isError && <ProblemNotice problem={asProblem(list.error)} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton label="Reading the gates" rows={4} />}
      {rows.length > 0 && (
        <LedgerTable
          caption="Gates before verification"
          rows={rows}
          rowKey={(row) => row.name}
          columns={[
            { id: "gate", title: "Gate", lead: true, width: "220px", cell: (row) => <b>{gateOf(row.title)}</b> },
            { id: "asked", title: "Asked for", width: "240px", cell: (row) => wordOf(row.value.required) },
            { id: "why", title: "Decided", cell: (row) => <History setting={row} now={list.data?.readAt ?? ""} /> },
            {
              id: "act",
              title: "Change",
              quiet: true,
              end: true,
              width: "90px",
              cell: (row) => (
                <Act
                  look="quiet"
                  label={`Change where ${gateOf(row.title).toLowerCase()} is asked for`}
                  disabledReason={refusedBecause(list.data?.may, "lab.setting.change", "admins")}
                  onAct={() => setDeciding(row)}
                >
                  Change
                </Act>
              ),
            },
          ]}
        />
      )}
      {deciding !== null && (
        <Decide
          setting={deciding}
          onClose={() => setDeciding(null)}
          onDone={() => {
            setDeciding(null);
            announce(`${gateOf(deciding.title)} is decided.`);
            void queries.invalidateQueries({ queryKey: settingKey(ws) });
            void queries.invalidateQueries({ queryKey: ["lab-gates"] });
          }}
        />
      )}
    </section>
  );
}

/** What comes, and the decision in force; those before it are counted. */
function History({ setting, now }: { setting: GateSetting; now: string }) {
  const later = setting.decided.filter((each) => each.effectiveAt > now);
  const [standing, ...before] = setting.decided.filter((each) => each.effectiveAt <= now);
  if (setting.decided.length === 0) return <span className={page.muted}>Never: as Probity comes.</span>;
  return (
    <>
      {later.map((each) => (
        <div key={each.id}>
          From {showTime(each.effectiveAt)}: {wordOf(each.value.required)}, “{each.reason}”{" "}
          <span className={page.meta}>{each.maker}</span>
        </div>
      ))}
      {standing !== undefined && (
        <div>
          “{standing.reason}”{" "}
          <span className={page.meta}>
            {standing.maker}, since {showTime(standing.effectiveAt)}
            {before.length > 0 && `; ${before.length === 1 ? "one decision" : `${before.length} decisions`} before`}
          </span>
        </div>
      )}
    </>
  );
}

function Decide(props: { setting: GateSetting; onClose: () => void; onDone: () => void }) {
  const { name, title, value } = props.setting;
  const [required, setRequired] = useState<Required>(value.required);
  const [from, setFrom] = useState("");
  const [reason, setReason] = useState("");
  const decide = useMutation({
    mutationFn: () =>
      write("POST", inspectApi.settings(), {
        name,
        value: { required },
        reason: reason.trim(),
        ...(from === "" ? {} : { effectiveAt: new Date(from).toISOString() }),
      }),
    onSuccess: props.onDone,
  });
  const missing = reason.trim() === "" ? "Say why." : undefined;
  return (
    <Dialog open onClose={props.onClose} title={title}>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === undefined) decide.mutate();
        }}
      >
        {decide.isError && <ProblemNotice problem={asProblem(decide.error)} />}
        <Choice name="gate-required" label="Asked for" value={required} options={choices} onChange={setRequired} />
        <DateField
          name="gate-from"
          label="From"
          time
          hint={`Your time, ${ownZone}. Empty: at once.`}
          value={from}
          onChange={setFrom}
        />
        <Field name="gate-reason" label="Why" value={reason} onChange={setReason} />
        <p className={page.muted}>
          {required === "none"
            ? "Results entered from then on are verified without it. You confirm it is you, and the audit trail keeps it."
            : "It holds for results entered from then on. You confirm it is you, and the audit trail keeps it."}
        </p>
        <div>
          <Act
            look={required === "none" ? "danger" : "main"}
            size="form"
            submit
            busy={decide.isPending}
            disabledReason={missing}
          >
            Decide
          </Act>
        </div>
      </form>
    </Dialog>
  );
}
