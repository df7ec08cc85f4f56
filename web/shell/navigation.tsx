import { Menu } from "@mantine/core";
import { useState } from "react";
import { Dialog } from "../kit/dialog.tsx";
import type { Session, WorkspaceMembership } from "./api-types.ts";
import type { AppList } from "./app-screens.ts";
import { apps } from "./apps.ts";
import { Icon, type IconName } from "./icon.tsx";
import { page } from "./path.ts";
import { Go, usePlace } from "./place.tsx";
import css from "./navigation.module.css";

interface Props {
  session: Session;
  workspace: WorkspaceMembership;
  /** A rail of icons, where a page needs the width. */
  narrow: boolean;
  onSearch: () => void;
}

/** Side navigation; on a narrow screen a bar at the bottom whose menu holds everything. */
export function Navigation({ session, workspace, narrow, onSearch }: Props) {
  const { go } = usePlace();
  const [menu, setMenu] = useState(false);
  const ws = workspace.slug;
  const others = session.workspaces.filter((item) => item.id !== workspace.id);
  return (
    <nav className={css.nav} data-narrow={narrow || undefined} aria-label="Workspace">
      <div className={css.switcher}>
        <Menu position="bottom-start">
          <Menu.Target>
            <button type="button" className={css.workspace}>
              <span className={css.initial} aria-hidden="true">
                {workspace.name.slice(0, 1)}
              </span>
              <span className={css.name}>{workspace.name}</span>
              <span className="p-hidden">switch workspace</span>
              <span className={css.name} aria-hidden="true">
                ▾
              </span>
            </button>
          </Menu.Target>
          <Menu.Dropdown>
            {session.workspaces.map((item) => (
              <Menu.Item key={item.id} onClick={() => go(page.home(item.slug))}>
                {item.name} <span className={css.role}>{item.role}</span>
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      </div>
      <Line to={page.home(ws)} title="Home" icon="home" bar />
      <button type="button" className={css.small} onClick={() => setMenu(true)}>
        <Icon name="menu" className={css.icon} />
        <span>Menu</span>
      </button>
      <button type="button" className={css.small} onClick={onSearch}>
        <Icon name="search" className={css.icon} />
        <span>Search</span>
      </button>
      <div className={css.entries}>
        <Entries workspace={workspace} />
      </div>
      <Line to={page.me()} title="Me" icon="me" bar />
      <Dialog open={menu} title={workspace.name} onClose={() => setMenu(false)}>
        {/* A link followed closes the menu it stands in. */}
        <div role="presentation" className={css.menu} onClick={(event) => inLink(event.target) && setMenu(false)}>
          <Entries workspace={workspace} />
          {others.length > 0 && (
            <div className={css.app}>
              <p className={css.title}>Other workspaces</p>
              {others.map((item) => (
                <Line key={item.id} to={page.home(item.slug)} title={item.name} icon="home" />
              ))}
            </div>
          )}
        </div>
      </Dialog>
    </nav>
  );
}

function inLink(target: EventTarget): boolean {
  return target instanceof Element && target.closest("a") !== null;
}

function Entries({ workspace }: { workspace: WorkspaceMembership }) {
  const { path } = usePlace();
  const ws = workspace.slug;
  const high = workspace.role !== "member";
  return (
    <>
      {apps.map((app) => (
        <div key={app.id} className={css.app}>
          <p className={css.title}>{app.title}</p>
          {app.lists
            .filter((list) => list.group === undefined)
            .map((list) => (
              <Line key={list.title} to={list.path(ws)} title={list.title} icon={list.icon ?? "document"} />
            ))}
          {groupsOf(app.lists).map(({ group, lists }) => (
            <details key={group} className={css.group} open={lists.some((list) => within(path, list.path(ws)))}>
              <summary className={css.summary}>{group}</summary>
              {lists.map((list) => (
                <Line key={list.title} to={list.path(ws)} title={list.title} icon={list.icon ?? "document"} />
              ))}
            </details>
          ))}
        </div>
      ))}
      <div className={css.app}>
        <p className={css.title}>Workspace</p>
        <Line to={page.audit(ws)} title="Audit" icon="audit" />
        {high && <Line to={page.ledger(ws)} title="Ledger" icon="ledger" />}
        <Line to={page.people(ws)} title="People & access" icon="people" />
        {high && <Line to={page.outbox(ws)} title="Outbox" icon="mail" />}
        <Line to={page.policy(ws)} title="Policy" icon="policy" />
        <Line to={page.trust()} title="Trust" icon="shield" />
      </div>
    </>
  );
}

/** A line at the side; with `bar` also on a narrow screen's bar. */
function Line({ to, title, icon, bar }: { to: string; title: string; icon: IconName; bar?: boolean }) {
  const { path } = usePlace();
  return (
    <Go to={to} current={within(path, to)} className={bar === true ? css.both : css.line} label={title}>
      <Icon name={icon} className={css.icon} />
      <span>{title}</span>
    </Go>
  );
}

function within(path: string, to: string): boolean {
  return path === to || path.startsWith(`${to}/`);
}

function groupsOf(lists: readonly AppList[]): { group: string; lists: readonly AppList[] }[] {
  const groups = [...new Set(lists.flatMap((list) => list.group ?? []))];
  return groups.map((group) => ({ group, lists: lists.filter((list) => list.group === group) }));
}
