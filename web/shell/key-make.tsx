import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { Field } from "../kit/field.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { showTime } from "../kit/time.ts";
import { write } from "./api.ts";
import { LimitKey } from "./key-limit.tsx";
import type { KeyLimit, MadeKey, OwnKeys } from "./key-types.ts";
import { api } from "./path.ts";
import { asProblem } from "./problem.ts";
import css from "./page.module.css";

/** Makes a key: a name, how long, what it may; then shows its secret once. */
export function MakeKey(props: {
  open: boolean;
  known: OwnKeys | undefined;
  onClose: () => void;
  onMade: () => Promise<void>;
}) {
  const [name, setName] = useState("");
  const [days, setDays] = useState("90");
  const [networks, setNetworks] = useState("");
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [limit, setLimit] = useState<KeyLimit | null>(null);
  const [errors, setErrors] = useState<{ name?: string; days?: string; may?: string }>({});
  const offered = (props.known?.permissions ?? []).filter(
    (permission) => limit === null || props.known?.limits.apps.includes(permission.split(".")[0] ?? ""),
  );
  const make = useMutation({
    mutationFn: () =>
      write<MadeKey>("POST", api.keys(), {
        name: name.trim(),
        days: Number(days),
        permissions: offered.filter((permission) => chosen.has(permission)),
        networks: networks.split(/[\s,]+/).filter((each) => each !== ""),
        ...(limit === null ? {} : { limit }),
      }),
    onSuccess: props.onMade,
  });
  const close = () => {
    make.reset();
    setName("");
    setChosen(new Set());
    setLimit(null);
    setErrors({});
    props.onClose();
  };
  const most = props.known?.maxDays ?? 365;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wrong: typeof errors = {};
    if (name.trim() === "") wrong.name = "Name the program that will use it.";
    if (!/^\d{1,3}$/.test(days) || Number(days) < 1 || Number(days) > most)
      wrong.days = `Enter a number of days from 1 to ${most}.`;
    if (!offered.some((permission) => chosen.has(permission))) wrong.may = "Choose at least one thing it may do.";
    setErrors(wrong);
    if (Object.keys(wrong).length === 0) make.mutate();
  };
  const toggle = (permission: string) => {
    const next = new Set(chosen);
    if (!next.delete(permission)) next.add(permission);
    setChosen(next);
  };
  const made = make.data;
  return (
    <Dialog open={props.open} onClose={close} title="Make an API key" size={560}>
      {made === undefined ? (
        <form className={css.form} onSubmit={submit} noValidate>
          {make.isError && <ProblemNotice problem={asProblem(make.error)} />}
          <Field
            name="key-name"
            label="Name"
            value={name}
            onChange={setName}
            error={errors.name}
            hint="Nightly export"
          />
          <Field
            name="key-days"
            label={`Days until it ends, ${most} at most`}
            value={days}
            onChange={setDays}
            error={errors.days}
          />
          <Field
            name="key-networks"
            label="Networks it may be used from"
            hint="Such as 203.0.113.0/24. Empty: from wherever the workspace allows."
            value={networks}
            onChange={setNetworks}
          />
          {props.known !== undefined && <LimitKey limits={props.known.limits} value={limit} onChange={setLimit} />}
          <fieldset className={css.choices}>
            <legend>What it may do</legend>
            {errors.may !== undefined && <p role="alert">{errors.may}</p>}
            {offered.map((permission) => (
              <label key={permission}>
                <input type="checkbox" checked={chosen.has(permission)} onChange={() => toggle(permission)} />{" "}
                <span className={css.mono}>{permission}</span>
              </label>
            ))}
          </fieldset>
          <div>
            <Act look="main" size="form" submit busy={make.isPending}>
              Make the key
            </Act>
          </div>
        </form>
      ) : (
        <div className={css.form}>
          <p>
            Put this key where your program keeps its secrets. It ends {showTime(made.expiresAt)} and is not shown
            again; a lost one is revoked and made anew.
          </p>
          <p className={css.mono} style={{ overflowWrap: "anywhere" }}>
            {made.token}
          </p>
          <div className={css.row}>
            <Act
              look="main"
              size="form"
              onAct={() => void navigator.clipboard.writeText(made.token).then(() => announce("Key copied"))}
            >
              Copy key
            </Act>
            <Act size="form" onAct={close}>
              Done
            </Act>
          </div>
        </div>
      )}
    </Dialog>
  );
}
