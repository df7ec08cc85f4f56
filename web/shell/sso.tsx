import { useQuery } from "@tanstack/react-query";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { AccessTabs } from "./access-tabs.tsx";
import { read } from "./api.ts";
import { api } from "./path.ts";
import { usePlace, useTitle } from "./place.tsx";
import { asProblem } from "./problem.ts";
import { useSession } from "./session.ts";
import { SsoConnections } from "./sso-connection.tsx";
import { SsoDirectory } from "./sso-directory.tsx";
import { SsoDomains } from "./sso-domain.tsx";
import { SsoForce } from "./sso-force.tsx";
import type { SsoSettings } from "./sso-types.ts";
import css from "./page.module.css";

/** Single sign-on in four steps: whose people, by which provider, whether they must, and who writes them. */
export function SingleSignOn() {
  useTitle("Single sign-on");
  const { params } = usePlace();
  const session = useSession();
  const settings = useQuery({ queryKey: ["sso", params.ws], queryFn: () => read<SsoSettings>(api.sso()) });
  const role = session.data?.workspaces.find((item) => item.slug === params.ws)?.role ?? "member";
  const refused = role === "owner" ? undefined : `Single sign-on is set up by owners; you are ${role}.`;
  const reread = async () => {
    await settings.refetch();
  };
  return (
    <div className={css.page}>
      <h1>Single sign-on</h1>
      <AccessTabs />
      {settings.isError && (
        <ProblemNotice problem={asProblem(settings.error)} onRetry={() => void settings.refetch()} />
      )}
      {settings.isPending && <Skeleton label="Reading single sign-on" />}
      {settings.data !== undefined && (
        <>
          <SsoDomains domains={settings.data.domains} refused={refused} onChanged={reread} />
          <SsoConnections settings={settings.data} refused={refused} onChanged={reread} />
          <SsoForce settings={settings.data} refused={refused} onChanged={reread} />
          <SsoDirectory refused={refused} />
        </>
      )}
    </div>
  );
}
