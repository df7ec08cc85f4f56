import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { EmptyState } from "../kit/empty-state.tsx";
import { Notice } from "../kit/notice.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { StatusMark } from "../kit/status-mark.tsx";
import { write } from "./api.ts";
import { api } from "./path.ts";
import { usePlace } from "./place.tsx";
import { asProblem } from "./problem.ts";
import { ConnectionForm } from "./sso-connection-form.tsx";
import type { SsoConnection, SsoSettings } from "./sso-types.ts";
import css from "./sso.module.css";
import pageCss from "./page.module.css";

/** The workspace's identity provider: set up, tried, switched on. */
export function SsoConnections(props: {
  settings: SsoSettings;
  refused: string | undefined;
  onChanged: () => Promise<void>;
}) {
  const { settings, refused, onChanged } = props;
  const place = usePlace();
  const [editing, setEditing] = useState<SsoConnection | "new" | null>(null);
  const act = useMutation({
    mutationFn: (wanted: { id: string; what: "on" | "off" | "remove" }) =>
      wanted.what === "remove"
        ? write("DELETE", api.ssoConnection(wanted.id))
        : write("POST", api.ssoEnable(wanted.id), { enabled: wanted.what === "on" }),
    onSuccess: () => {
      announce("Connection changed");
      return onChanged();
    },
  });
  const test = useMutation({
    mutationFn: (id: string) => write<{ url: string }>("POST", api.ssoTest(id)),
    onSuccess: ({ url }) => location.assign(url),
  });
  const tested = settings.connections.find((each) => each.id === place.search.tested);
  return (
    <section className={css.section} aria-labelledby="sso-connections">
      <h2 id="sso-connections">2. Identity provider</h2>
      {tested !== undefined && (
        <Notice tone="covered">
          {tested.name} answered, and its answer passed every check. Nobody was signed in by it. Switch it on when you
          are ready.
        </Notice>
      )}
      {act.isError && <ProblemNotice problem={asProblem(act.error)} />}
      {test.isError && <ProblemNotice problem={asProblem(test.error)} />}
      {settings.connections.length === 0 && (
        <EmptyState>No identity provider is set up. Okta, Entra ID and any OpenID provider work.</EmptyState>
      )}
      {settings.connections.map((item) => (
        <div key={item.id} className={css.item}>
          <div className={pageCss.head}>
            <h3>{item.name}</h3>
            <StatusMark tone={item.enabled ? "covered" : "none"} word={item.enabled ? "in use" : "switched off"} />
            <span className={pageCss.row}>
              <Act
                label={`Test ${item.name}`}
                busy={test.isPending && test.variables === item.id}
                disabledReason={refused}
                onAct={() => test.mutate(item.id)}
              >
                Test sign-in
              </Act>
              <Act
                look={item.enabled ? "plain" : "main"}
                label={`${item.enabled ? "Switch off" : "Switch on"} ${item.name}`}
                disabledReason={refused}
                onAct={() => act.mutate({ id: item.id, what: item.enabled ? "off" : "on" })}
              >
                {item.enabled ? "Switch off" : "Switch on"}
              </Act>
              <Act label={`Change ${item.name}`} disabledReason={refused} onAct={() => setEditing(item)}>
                Change
              </Act>
              <Act
                look="quiet"
                label={`Remove ${item.name}`}
                disabledReason={refused}
                onAct={() => act.mutate({ id: item.id, what: "remove" })}
              >
                Remove
              </Act>
            </span>
          </div>
          <p className={pageCss.muted}>
            {item.kind === "saml" ? "SAML 2.0" : "OpenID Connect"} · <span className={pageCss.mono}>{item.issuer}</span>
          </p>
          <p className={pageCss.muted}>
            {item.admitsNew ? `Newcomers become ${item.defaultRole}.` : "Only members come in."}{" "}
            {item.trustsMfa ? "Its second factor counts as ours." : "Its second factor does not count as ours."}
          </p>
        </div>
      ))}
      <div>
        <Act size="form" disabledReason={refused} onAct={() => setEditing("new")}>
          Set up an identity provider
        </Act>
      </div>
      <Dialog
        open={editing !== null}
        onClose={() => setEditing(null)}
        title={editing === "new" ? "Set up an identity provider" : `Change ${editing?.name ?? ""}`}
        size={640}
      >
        {editing !== null && (
          <ConnectionForm
            addresses={settings.addresses}
            known={editing === "new" ? undefined : editing}
            onClose={() => setEditing(null)}
            onDone={async () => {
              setEditing(null);
              announce("Connection saved");
              await onChanged();
            }}
          />
        )}
      </Dialog>
    </section>
  );
}
