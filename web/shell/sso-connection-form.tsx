import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Act } from "../kit/act.tsx";
import { Choice, Field } from "../kit/field.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { write } from "./api.ts";
import { api } from "./path.ts";
import { asProblem } from "./problem.ts";
import { CopyLine } from "./sso-copy.tsx";
import type { SsoConnection, SsoSettings } from "./sso-types.ts";
import css from "./sso.module.css";
import pageCss from "./page.module.css";

interface Read {
  issuer: string;
  signInUrl: string;
  certificates: string[];
}

/** What the identity provider needs of us, then what we need of it. A secret that is not typed stays as it is. */
export function ConnectionForm(props: {
  addresses: SsoSettings["addresses"];
  known: SsoConnection | undefined;
  onDone: () => Promise<void>;
  onClose: () => void;
}) {
  const { known, addresses } = props;
  const [kind, setKind] = useState<"oidc" | "saml">(known?.kind ?? "saml");
  const [name, setName] = useState(known?.name ?? "");
  const [issuer, setIssuer] = useState(known?.issuer ?? "");
  const [clientId, setClientId] = useState(known?.clientId ?? "");
  const [clientSecret, setClientSecret] = useState("");
  const [signInUrl, setSignInUrl] = useState(known?.signInUrl ?? "");
  const [certificate, setCertificate] = useState((known?.certificates ?? []).join("\n"));
  const [metadata, setMetadata] = useState("");
  const [defaultRole, setDefaultRole] = useState<"member" | "admin">(known?.defaultRole ?? "member");
  const [admitsNew, setAdmitsNew] = useState(known?.admitsNew ?? true);
  const [trustsMfa, setTrustsMfa] = useState(known?.trustsMfa ?? false);
  const fill = useMutation({
    mutationFn: () =>
      write<Read>(
        "POST",
        api.ssoMetadata(),
        metadata.trim().startsWith("https://") ? { url: metadata.trim() } : { xml: metadata },
      ),
    onSuccess: (read) => {
      setIssuer(read.issuer);
      setSignInUrl(read.signInUrl);
      setCertificate(read.certificates.join("\n\n"));
    },
  });
  const save = useMutation({
    mutationFn: () => {
      const shared = { kind, name: name.trim(), issuer: issuer.trim(), defaultRole, admitsNew, trustsMfa };
      const secret = clientSecret === "" ? {} : { clientSecret };
      const body =
        kind === "oidc"
          ? { ...shared, clientId: clientId.trim(), ...secret }
          : { ...shared, signInUrl: signInUrl.trim(), certificates: certificatesIn(certificate) };
      return known === undefined
        ? write("POST", api.ssoConnections(), body)
        : write("PUT", api.ssoConnection(known.id), body, { version: known.version });
    },
    onSuccess: props.onDone,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form className={pageCss.form} onSubmit={submit} noValidate>
      {known === undefined && (
        <Choice
          name="sso-kind"
          label="Protocol"
          value={kind}
          options={[
            { value: "saml", label: "SAML 2.0 (Okta, Entra ID)" },
            { value: "oidc", label: "OpenID Connect" },
          ]}
          onChange={setKind}
        />
      )}
      <p>Give your identity provider these:</p>
      <dl className={css.copies}>
        {kind === "saml" ? (
          <>
            <CopyLine label="Sign-on (ACS) URL" value={addresses.samlAcs} />
            <CopyLine label="Entity ID (audience)" value={addresses.samlEntity} />
          </>
        ) : (
          <CopyLine label="Redirect URI" value={addresses.oidcCallback} />
        )}
      </dl>
      {kind === "saml" && (
        <>
          <label className={css.label} htmlFor="sso-metadata">
            Its metadata: the XML, or the https address of it
            <textarea
              id="sso-metadata"
              className={css.area}
              spellCheck={false}
              value={metadata}
              onChange={(event) => setMetadata(event.currentTarget.value)}
            />
          </label>
          {fill.isError && <ProblemNotice problem={asProblem(fill.error)} />}
          <div>
            <Act size="form" busy={fill.isPending} onAct={() => fill.mutate()}>
              Read the metadata
            </Act>
          </div>
        </>
      )}
      <Field name="sso-name" label="Name people see" hint="Such as Acme Okta" value={name} onChange={setName} />
      <Field
        name="sso-issuer"
        label={kind === "saml" ? "Entity ID of the identity provider" : "Issuer"}
        value={issuer}
        onChange={setIssuer}
      />
      {kind === "saml" ? (
        <>
          <Field name="sso-url" label="Sign-in URL (HTTP-Redirect)" value={signInUrl} onChange={setSignInUrl} />
          <label className={css.label} htmlFor="sso-certificate">
            Signing certificate
            <textarea
              id="sso-certificate"
              className={css.area}
              spellCheck={false}
              value={certificate}
              onChange={(event) => setCertificate(event.currentTarget.value)}
            />
          </label>
        </>
      ) : (
        <>
          <Field name="sso-client" label="Client ID" value={clientId} onChange={setClientId} />
          <Field
            name="sso-secret"
            label="Client secret"
            kind="password"
            autoComplete="off"
            hint={known === undefined ? "Sealed, and never shown again." : "Left empty, it stays as it is."}
            value={clientSecret}
            onChange={setClientSecret}
          />
        </>
      )}
      <Choice
        name="sso-role"
        label="Role of newcomers"
        value={defaultRole}
        options={[
          { value: "member", label: "Member" },
          { value: "admin", label: "Admin" },
        ]}
        onChange={setDefaultRole}
      />
      <label className={css.check}>
        <input type="checkbox" checked={admitsNew} onChange={(event) => setAdmitsNew(event.currentTarget.checked)} />
        Let people in who are not members yet
      </label>
      <label className={css.check}>
        <input type="checkbox" checked={trustsMfa} onChange={(event) => setTrustsMfa(event.currentTarget.checked)} />
        Count the provider’s second factor as ours, when it says it asked for one
      </label>
      {save.isError && <ProblemNotice problem={asProblem(save.error)} />}
      <div className={pageCss.row}>
        <Act look="main" size="form" submit busy={save.isPending}>
          Save the connection
        </Act>
        <Act size="form" onAct={props.onClose}>
          Keep it as it was
        </Act>
      </div>
    </form>
  );
}

/** One or several certificates: PEM blocks, or the bare base64 of metadata with an empty line between. */
function certificatesIn(text: string): string[] {
  const pem = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  return (pem ?? text.split(/\n\s*\n/)).map((each) => each.trim()).filter((each) => each !== "");
}
