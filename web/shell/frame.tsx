import { Outlet } from "@tanstack/react-router";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { typing } from "../kit/keys.ts";
import { bindWorkspace, whenStanding } from "./api.ts";
import { apps } from "./apps.ts";
import { Expired } from "./expired.tsx";
import { FactorRequired } from "./factor-required.tsx";
import { Frozen } from "./freeze.tsx";
import { GuestFrame } from "./guest-frame.tsx";
import { JobCounter } from "./job-counter.tsx";
import { Navigation } from "./navigation.tsx";
import { NotFound } from "./not-found.tsx";
import { Palette } from "./palette.tsx";
import { page } from "./path.ts";
import { Go, usePlace } from "./place.tsx";
import { asProblem } from "./problem.ts";
import { sessionKey, useSession } from "./session.ts";
import { StepUp } from "./step-up.tsx";
import css from "./frame.module.css";

/** Everything behind sign-in: navigation at the side, trail, search, jobs and me at the top. */
export function Frame() {
  const place = usePlace();
  const { go } = place;
  const queries = useQueryClient();
  const session = useSession();
  const [palette, setPalette] = useState(false);
  // Recovery codes that were just shown stay until they are kept, whatever the session has proved meanwhile.
  const [enrolling, setEnrolling] = useState(false);
  const slug = place.params.ws;
  const workspace =
    session.data?.workspaces.find((item) => item.slug === slug) ??
    (slug === undefined ? session.data?.workspaces[0] : undefined);
  // Children ask in their first render, so the binding must stand before an effect could run.
  bindWorkspace(workspace?.id ?? null);

  const signedOut = session.data === null;
  useEffect(() => {
    // The address is read once, when the session turns out to be missing; later ones are the sign-in page itself.
    if (signedOut) go(page.signIn(location.pathname + location.search), true);
  }, [signedOut, go]);
  const before = useRef(workspace?.id);
  if (before.current !== workspace?.id) {
    // Another workspace's answers must not outlive the switch, not even for the first render after it.
    if (before.current !== undefined) {
      queries.removeQueries({
        predicate: (query) => query.queryKey[0] !== sessionKey[0] && query.queryKey[0] !== "instance",
      });
    }
    before.current = workspace?.id;
  }
  useEffect(() => {
    whenStanding(() => void queries.invalidateQueries({ queryKey: sessionKey }));
    return () => whenStanding(() => {});
  }, [queries]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const chord = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
      if (!chord || (typing(event.target) && event.shiftKey)) return;
      event.preventDefault();
      setPalette(true);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);

  // Asked again and not answered: whoever is here stays, with what they entered.
  if (session.isError && session.data === undefined) {
    return <ProblemNotice problem={asProblem(session.error)} onRetry={() => void session.refetch()} />;
  }
  if (session.data === undefined || session.data === null) return <Skeleton label="Opening your workspace" />;
  if (workspace === undefined) return <NotFound />;
  const shut = workspace.frozen === true;
  if (shut || enrolling || (workspace.mfaRequired === true && (session.data.assurance ?? 1) < 2)) {
    const others = session.data.workspaces.filter((item) => item.id !== workspace.id);
    return (
      <>
        {shut ? (
          <Frozen workspace={workspace} others={others} />
        ) : (
          <FactorRequired workspace={workspace.name} onHold={setEnrolling} />
        )}
        <StepUp />
      </>
    );
  }
  if (workspace.role === "guest") return <GuestFrame session={session.data} workspace={workspace} />;
  const wide = apps.some((app) => app.screens.some((screen) => screen.wide && matches(screen.path, place.path)));
  return (
    <div className={css.frame} data-wide={wide || undefined}>
      <a className={css.skip} href="#main">
        Skip to the content
      </a>
      <Navigation session={session.data} workspace={workspace} narrow={wide} onSearch={() => setPalette(true)} />
      <div className={css.side}>
        <header className={`${css.top} p-no-print`}>
          <Trail workspace={workspace.name} ws={workspace.slug} />
          <button type="button" className={css.search} onClick={() => setPalette(true)}>
            Search or go to <kbd>Ctrl K</kbd>
          </button>
          <JobCounter />
          <Go to={page.me()} className={css.me} current={place.path === page.me()}>
            {session.data.user.name}
          </Go>
        </header>
        <main id="main" className={css.main} key={workspace.id}>
          <Outlet />
        </main>
      </div>
      {palette && <Palette ws={workspace.slug} onClose={() => setPalette(false)} />}
      <StepUp />
      <Expired user={session.data.user.id} />
    </div>
  );
}

function matches(pattern: string, path: string): boolean {
  const shape = pattern.replace(/[.+^()|[\]{}\\]/g, "\\$&").replace(/\$\w+/g, "[^/]+");
  return new RegExp(`^${shape}$`).test(path);
}

/** The trail names the place; the record's own name stands in the page's heading. */
function Trail({ workspace, ws }: { workspace: string; ws: string }) {
  const { path } = usePlace();
  const app = apps.find((item) => path.includes(`/${item.id}/`));
  const list = app?.lists.find((item) => path.startsWith(item.path(ws)));
  return (
    <nav aria-label="Trail" className={css.trail}>
      <Go to={page.home(ws)}>{workspace}</Go>
      {app !== undefined && <span>{app.title}</span>}
      {list !== undefined && path !== list.path(ws) && <Go to={list.path(ws)}>{list.title}</Go>}
    </nav>
  );
}
