import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { LedgerTable } from "../kit/ledger-table.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { showDay } from "../kit/time.ts";
import { read, write } from "./api.ts";
import { api } from "./path.ts";
import { asProblem } from "./problem.ts";
import { CopyLine } from "./sso-copy.tsx";
import type { Directory } from "./sso-types.ts";
import css from "./sso.module.css";
import pageCss from "./page.module.css";

const roles = [
  { value: "", label: "says nothing" },
  { value: "member", label: "member" },
  { value: "admin", label: "admin" },
] as const;

/** The directory that writes people here (SCIM): its address and tokens, and what its groups mean. */
export function SsoDirectory({ refused }: { refused: string | undefined }) {
  const directory = useQuery({ queryKey: ["sso-directory"], queryFn: () => read<Directory>(api.ssoDirectory()) });
  const [shown, setShown] = useState<{ token: string; expiresAt: string } | null>(null);
  const make = useMutation({
    mutationFn: () => write<{ token: string; expiresAt: string }>("POST", api.ssoTokens(), { name: "Directory" }),
    onSuccess: async (made) => {
      setShown(made);
      await directory.refetch();
    },
  });
  const revoke = useMutation({
    mutationFn: (id: string) => write("DELETE", api.ssoToken(id)),
    onSuccess: () => directory.refetch(),
  });
  const map = useMutation({
    mutationFn: (wanted: { id: string; role: string }) =>
      write("PUT", api.ssoGroup(wanted.id), { role: wanted.role === "" ? null : wanted.role }),
    onSuccess: () => {
      announce("Group mapped");
      return directory.refetch();
    },
  });
  const { tokens = [], groups = [], address = "" } = directory.data ?? {};
  return (
    <section className={css.section} aria-labelledby="sso-directory">
      <div className={pageCss.head}>
        <h2 id="sso-directory">4. Directory (SCIM)</h2>
        <Act size="form" disabledReason={refused} busy={make.isPending} onAct={() => make.mutate()}>
          Make a token
        </Act>
      </div>
      <p className={pageCss.lead}>
        Your directory creates and removes people here. Whoever it deactivates loses sessions, keys and links at once.
      </p>
      {[directory.error, make.error, revoke.error, map.error]
        .filter((each) => each !== null)
        .map((each, index) => (
          <ProblemNotice key={index} problem={asProblem(each)} />
        ))}
      <dl className={css.copies}>
        <CopyLine label="SCIM base URL" value={address} />
      </dl>
      {tokens.length > 0 && (
        <LedgerTable
          caption="Provisioning tokens"
          rows={tokens}
          rowKey={(item) => item.id}
          tone={() => "covered"}
          columns={[
            { id: "name", title: "Token", lead: true, cell: (item) => item.name },
            { id: "made", title: "Made", width: "160px", cell: (item) => showDay(item.createdAt) },
            { id: "ends", title: "Ends", width: "160px", cell: (item) => showDay(item.expiresAt) },
            {
              id: "acts",
              title: "Acts",
              quiet: true,
              end: true,
              width: "110px",
              cell: (item) => (
                <Act
                  look="quiet"
                  label="Revoke the token"
                  disabledReason={refused}
                  onAct={() => revoke.mutate(item.id)}
                >
                  Revoke
                </Act>
              ),
            },
          ]}
        />
      )}
      {groups.length > 0 && (
        <LedgerTable
          caption="Groups of the directory"
          rows={groups}
          rowKey={(item) => item.id}
          tone={(item) => (item.role === null ? "none" : "covered")}
          columns={[
            { id: "name", title: "Group", lead: true, cell: (item) => item.name },
            { id: "members", title: "Members", width: "110px", cell: (item) => String(item.memberCount) },
            {
              id: "role",
              title: "Makes its members",
              width: "180px",
              cell: (item) => (
                <select
                  aria-label={`Role of ${item.name}`}
                  disabled={refused !== undefined}
                  value={item.role ?? ""}
                  onChange={(event) => map.mutate({ id: item.id, role: event.currentTarget.value })}
                >
                  {roles.map((each) => (
                    <option key={each.value} value={each.value}>
                      {each.label}
                    </option>
                  ))}
                </select>
              ),
            },
          ]}
        />
      )}
      <Dialog open={shown !== null} onClose={() => setShown(null)} title="Provisioning token">
        {shown !== null && (
          <div className={pageCss.form}>
            <p>Put this token into your directory. It ends {showDay(shown.expiresAt)} and is not shown again.</p>
            <dl className={css.copies}>
              <CopyLine label="Token" value={shown.token} />
            </dl>
            <div>
              <Act size="form" onAct={() => setShown(null)}>
                Done
              </Act>
            </div>
          </div>
        )}
      </Dialog>
    </section>
  );
}
