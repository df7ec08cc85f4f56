import { Outlet, useRouterState } from "@tanstack/react-router";
import { useEffect } from "react";
import type { Session, WorkspaceMembership } from "./api-types.ts";
import { apps } from "./apps.ts";
import { Expired } from "./expired.tsx";
import { page } from "./path.ts";
import { Go, usePlace } from "./place.tsx";
import { StepUp } from "./step-up.tsx";
import { Wordmark } from "./wordmark.tsx";
import css from "./public-frame.module.css";

/** Whether an address is one that an app shows its guests. */
function isOpen(path: string): boolean {
  return path === page.me() || apps.some((app) => (app.guest?.screens ?? []).some((pattern) => matches(pattern, path)));
}

/** What somebody from outside sees of a workspace: the pages an app has for them, and their own account. No navigation. */
export function GuestFrame({ session, workspace }: { session: Session; workspace: WorkspaceMembership }) {
  const { path, go } = usePlace();
  const home = apps.find((app) => app.guest !== undefined)?.guest?.home(workspace.slug);
  const lost = !isOpen(path);
  // On the way home the page that was left still stands here; it must not ask for what a guest is refused.
  const arrived = useRouterState({ select: (state) => (state.resolvedLocation ?? state.location).pathname });
  useEffect(() => {
    if (lost && home !== undefined) go(home, true);
  }, [lost, home, go]);
  return (
    <div className={css.frame}>
      <a className={css.skip} href="#main">
        Skip to the content
      </a>
      <header className={css.top}>
        <Go to={home ?? page.me()} label={`Probity, ${workspace.name}`}>
          <Wordmark />
        </Go>
        <nav aria-label="Account" className={css.links}>
          {home !== undefined && (
            <Go to={home} current={path === home}>
              {workspace.name}
            </Go>
          )}
          <Go to={page.me()} current={path === page.me()}>
            {session.user.name}
          </Go>
        </nav>
      </header>
      <main id="main" className={css.main} key={workspace.id}>
        {!lost && isOpen(arrived) && <Outlet />}
      </main>
      <StepUp />
      <Expired user={session.user.id} />
    </div>
  );
}

function matches(pattern: string, path: string): boolean {
  const shape = pattern.replace(/[.+^()|[\]{}\\]/g, "\\$&").replace(/\$\w+/g, "[^/]+");
  return new RegExp(`^${shape}$`).test(path);
}
