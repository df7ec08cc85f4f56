import { useMantineColorScheme } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Act } from "../kit/act.tsx";
import { Choice } from "../kit/field.tsx";
import { keepSingleKeys, singleKeysOn } from "../kit/keys.ts";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { write } from "./api.ts";
import { MeSecurity } from "./me-security.tsx";
import { MeSocial } from "./me-social.tsx";
import { MeSessions } from "./me-session.tsx";
import { MePassword } from "./me-password.tsx";
import { OpenWorkspace } from "./open-workspace.tsx";
import { api, page } from "./path.ts";
import { Go, usePlace, useTitle } from "./place.tsx";
import { asProblem } from "./problem.ts";
import { useSession } from "./session.ts";
import css from "./page.module.css";

const schemes = [
  { value: "auto", label: "As the system" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
] as const;
const rows = [
  { value: "28", label: "Dense, 28 px" },
  { value: "36", label: "Normal, 36 px" },
  { value: "48", label: "Wide, 48 px" },
] as const;

/** The reader's own settings, kept in this browser, and the way out. */
export function Me() {
  useTitle("Me");
  const place = usePlace();
  const session = useSession();
  const queries = useQueryClient();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [height, setHeight] = useState(document.documentElement.dataset.rows ?? "36");
  const [keys, setKeys] = useState(singleKeysOn());
  const leave = useMutation({
    mutationFn: () => write("DELETE", api.session()),
    onSuccess: () => {
      queries.clear();
      place.go(page.root());
    },
  });
  const user = session.data?.user;
  return (
    <div className={css.page}>
      <h1>{user?.name}</h1>
      <p className={css.muted}>{user?.email}</p>
      {leave.isError && <ProblemNotice problem={asProblem(leave.error)} />}
      <MePassword />
      <MeSecurity />
      <MeSocial />
      <MeSessions />
      <section className={css.form} aria-labelledby="me-look">
        <h2 id="me-look">How it looks here</h2>
        <div className={css.row}>
          <Choice name="scheme" label="Colours" value={colorScheme} options={schemes} onChange={setColorScheme} />
          <Choice
            name="rows"
            label="Rows"
            value={rows.find((item) => item.value === height)?.value ?? "36"}
            options={rows}
            onChange={(value) => {
              localStorage.setItem("probity.row-height", value);
              document.documentElement.dataset.rows = value;
              setHeight(value);
            }}
          />
          <Choice
            name="keys"
            label="Single-letter keys"
            value={keys ? "on" : "off"}
            options={[
              { value: "on", label: "Act in the focused pane" },
              { value: "off", label: "Off" },
            ]}
            onChange={(value) => {
              keepSingleKeys(value === "on");
              setKeys(value === "on");
            }}
          />
        </div>
        <p className={css.meta}>Kept in this browser alone.</p>
      </section>
      <section className={css.form} aria-labelledby="me-workspaces">
        <h2 id="me-workspaces">Workspaces</h2>
        <ul>
          {session.data?.workspaces.map((item) => (
            <li key={item.id} className={css.row}>
              <Go to={page.home(item.slug)}>{item.name}</Go> <span className={css.muted}>{item.role}</span>
            </li>
          ))}
        </ul>
        <OpenWorkspace />
      </section>
      <div>
        <Act size="form" busy={leave.isPending} onAct={() => leave.mutate()}>
          Sign out
        </Act>
      </div>
    </div>
  );
}
