import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Choice } from "../kit/field.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { StatusMark } from "../kit/status-mark.tsx";
import { write } from "./api.ts";
import { api } from "./path.ts";
import { asProblem } from "./problem.ts";
import type { SsoSettings } from "./sso-types.ts";
import css from "./sso.module.css";
import pageCss from "./page.module.css";

/** Makes the provider the only way in for people of the verified domains; one owner keeps another way. */
export function SsoForce(props: {
  settings: SsoSettings;
  refused: string | undefined;
  onChanged: () => Promise<void>;
}) {
  const { force, owners, domains } = props.settings;
  const [owner, setOwner] = useState(
    force.breakGlassId ?? owners.find((item) => item.comesInAlone)?.id ?? owners[0]?.id ?? "",
  );
  const chosen = owners.find((item) => item.id === owner);
  const bare =
    !force.forced && chosen?.comesInAlone === false
      ? `${chosen.name} has neither a passkey nor a password with an authenticator app: they set one up under Me first.`
      : undefined;
  const change = useMutation({
    mutationFn: (forced: boolean) => write("PUT", api.ssoForce(), { forced, breakGlassId: forced ? owner : null }),
    onSuccess: () => {
      announce("Requirement changed");
      return props.onChanged();
    },
  });
  const verified = domains.filter((item) => item.verifiedAt !== null).map((item) => item.domain);
  return (
    <section className={css.section} aria-labelledby="sso-force">
      <div className={pageCss.head}>
        <h2 id="sso-force">3. Require it</h2>
        <StatusMark tone={force.forced ? "covered" : "none"} word={force.forced ? "required" : "not required"} />
      </div>
      <p className={pageCss.lead}>
        People of {verified.length === 0 ? "your verified domains" : verified.join(", ")} then come in by the identity
        provider alone; passwords, passkeys and other providers open nothing here for them. Guests of other domains sign
        in as before.
      </p>
      {change.isError && <ProblemNotice problem={asProblem(change.error)} />}
      <div className={css.short}>
        <Choice
          name="sso-owner"
          label="Owner who comes in without the provider in an emergency"
          value={owner}
          options={owners.map((item) => ({
            value: item.id,
            label: `${item.name} (${item.email})${item.comesInAlone ? "" : ", no second factor yet"}`,
          }))}
          onChange={setOwner}
        />
      </div>
      <p className={pageCss.muted}>Each such sign-in is an event of its own in the audit trail.</p>
      <div>
        <Act
          look={force.forced ? "plain" : "main"}
          size="form"
          busy={change.isPending}
          disabledReason={props.refused ?? bare}
          onAct={() => change.mutate(!force.forced)}
        >
          {force.forced ? "Stop requiring single sign-on" : "Require single sign-on"}
        </Act>
      </div>
    </section>
  );
}
