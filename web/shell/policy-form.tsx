import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { Act } from "../kit/act.tsx";
import { Choice, Field } from "../kit/field.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { write } from "./api.ts";
import type { PolicyItem, PolicyValue } from "./api-types.ts";
import { LockOutConsent, NetworkHere } from "./network-here.tsx";
import { api } from "./path.ts";
import { policyText, sayPolicy, typedPolicy } from "./policy-value.ts";
import { asProblem } from "./problem.ts";
import css from "./policy.module.css";

/** A change in place: what it does first, then the value, then why. Nothing is preset but the value in force. */
export function PolicyForm(props: {
  item: PolicyItem;
  from: string | null;
  onClose: () => void;
  onChanged: () => Promise<void>;
}) {
  const { item } = props;
  const box = useRef<HTMLFormElement>(null);
  const [text, setText] = useState(() => policyText(item.value));
  const [reason, setReason] = useState("");
  const [shutOut, setShutOut] = useState(false);
  const [errors, setErrors] = useState<{ value?: string; reason?: string }>({});
  useEffect(() => box.current?.querySelector<HTMLElement>("input, textarea, select")?.focus(), []);
  const typed = typedPolicy(text, item.value);
  const change = useMutation({
    mutationFn: (value: PolicyValue) =>
      write(
        "PUT",
        api.policy(item.name),
        { value, reason: reason.trim(), ...(shutOut ? { lockMyselfOut: true } : {}) },
        { version: item.version },
      ),
    onSuccess: props.onChanged,
  });
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    const found: { value?: string; reason?: string } = {};
    if (typeof typed === "string") found.value = typed;
    else if (JSON.stringify(typed.value) === JSON.stringify(item.value)) found.value = "This is the value in force.";
    if (reason.trim() === "") found.reason = "Say why, so that the next reader understands it.";
    setErrors(found);
    if (Object.keys(found).length === 0 && typeof typed !== "string") change.mutate(typed.value);
  };
  const now = sayPolicy(item.value, item);
  const next = typeof typed === "string" ? null : sayPolicy(typed.value, item);
  const field = `value-${item.name}`;
  return (
    <form
      ref={box}
      className={css.form}
      aria-label={`Change ${item.title.toLowerCase()}`}
      noValidate
      onSubmit={submit}
      onKeyDown={(event) => {
        if (event.key === "Escape") props.onClose();
        else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
      }}
    >
      <p className={css.effect}>
        <b>{item.effect}</b> {next === null || next === now ? `Now ${now}.` : `${now} becomes ${next}.`}
      </p>
      {change.isError && <ProblemNotice problem={asProblem(change.error)} />}
      <div className={css.pair}>
        {item.choices !== null ? (
          <Choice
            name={field}
            label={item.title}
            value={text}
            options={item.choices.map(({ value, label }) => ({ value: String(value), label }))}
            onChange={setText}
          />
        ) : typeof item.value === "number" ? (
          <Field
            name={field}
            label={item.unit === "" ? item.title : `${item.title}, in ${item.unit}`}
            value={text}
            onChange={setText}
            error={errors.value}
          />
        ) : (
          <label className={css.area} htmlFor={field}>
            <span>One network a line, such as 10.0.0.0/8. Empty allows every address.</span>
            <textarea
              id={field}
              rows={3}
              value={text}
              aria-invalid={errors.value !== undefined || undefined}
              onChange={(event) => setText(event.currentTarget.value)}
            />
            {errors.value !== undefined && <span className={css.error}>{errors.value}</span>}
          </label>
        )}
        <Field name={`reason-${item.name}`} label="Reason" value={reason} onChange={setReason} error={errors.reason} />
      </div>
      {Array.isArray(item.value) && props.from !== null && (
        <NetworkHere
          address={props.from}
          listed={text}
          onAdd={(network) => setText(`${text.trim()}\n${network}`.trim())}
        />
      )}
      {change.isError && asProblem(change.error).code === "policy.locks_you_out" && (
        <LockOutConsent checked={shutOut} onChange={setShutOut} />
      )}
      <div className={css.acts}>
        <Act look="main" submit busy={change.isPending}>
          Change policy
        </Act>
        {item.differs && <Act onAct={() => setText(policyText(item.presetValue))}>Take the preset’s value</Act>}
        <Act hint="Esc" onAct={props.onClose}>
          Keep it as it is
        </Act>
      </div>
    </form>
  );
}
