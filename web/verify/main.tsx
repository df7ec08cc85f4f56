// A document of its own: it is served with connect-src 'none', which the pages that ask the API could not live with.
import "../kit/fonts.css";
import "../kit/mantine.css";
import "../kit/tokens.css";
import "../kit/base.css";
import { stage } from "../kit/stage.tsx";
import { page } from "../shell/path.ts";
import { Wordmark } from "../shell/wordmark.tsx";
import { Verify } from "./verify.tsx";
import css from "../shell/public-frame.module.css";

stage(
  <div className={css.frame}>
    <a className={css.skip} href="#main">
      Skip to the content
    </a>
    <header className={css.top}>
      <a href={page.root()} aria-label="Probity, gap check">
        <Wordmark />
      </a>
      <nav aria-label="Site" className={css.links}>
        <a href={page.check()}>Gap check</a>
        <a href={page.trust()}>Trust</a>
        <a href={page.signIn()}>Sign in</a>
      </nav>
    </header>
    <main id="main" className={css.main}>
      <Verify />
    </main>
    <footer className={css.foot}>
      <a href={page.trust()}>What is proved, and what is not</a>
      <a href={page.verify()} aria-current="page">
        Verify a file
      </a>
    </footer>
  </div>,
);
