import { Outlet } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { page } from "./path.ts";
import { Go, usePlace } from "./place.tsx";
import { useSession } from "./session.ts";
import { Wordmark } from "./wordmark.tsx";
import css from "./public-frame.module.css";

/** Pages anyone may read; `children` instead of the page of the address, where that leads nowhere. */
export function PublicFrame({ children }: { children?: ReactNode }) {
  const session = useSession();
  const { path } = usePlace();
  const home = session.data?.workspaces[0];
  return (
    <div className={css.frame}>
      <a className={css.skip} href="#main">
        Skip to the content
      </a>
      <header className={css.top}>
        <Go to={page.root()} label="Probity, gap check">
          <Wordmark />
        </Go>
        <nav aria-label="Site" className={css.links}>
          <Go to={page.check()} current={path === page.check() || path === page.root()}>
            Gap check
          </Go>
          <Go to={page.trust()} current={path === page.trust()}>
            Trust
          </Go>
          {home !== undefined ? (
            <Go to={page.home(home.slug)}>{home.name}</Go>
          ) : (
            <Go to={page.signIn()} current={path === page.signIn()}>
              Sign in
            </Go>
          )}
        </nav>
      </header>
      <main id="main" className={css.main}>
        {children ?? <Outlet />}
      </main>
      <footer className={css.foot}>
        <Go to={page.trust()}>What is proved, and what is not</Go>
        <Go to={page.verify()}>Verify a file</Go>
      </footer>
    </div>
  );
}
