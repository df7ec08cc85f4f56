import { page } from "./path.ts";
import { Go, usePlace } from "./place.tsx";
import css from "./access.module.css";

/** The pages about what of the log is outside. */
export function LedgerTabs() {
  const { params, path } = usePlace();
  const ws = params.ws ?? "";
  const tabs = [
    { to: page.ledger(ws), title: "Who holds it" },
    { to: page.streams(ws), title: "Streams" },
  ];
  return (
    <nav className={css.tabs} aria-label="The log outside">
      {tabs.map((tab) => (
        <Go key={tab.to} to={tab.to} current={path === tab.to}>
          {tab.title}
        </Go>
      ))}
    </nav>
  );
}
