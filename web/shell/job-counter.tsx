import { Popover } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Progress } from "../kit/progress.tsx";
import { read } from "./api.ts";
import type { Job, Page } from "./api-types.ts";
import { apps } from "./apps.ts";
import { api } from "./path.ts";
import css from "./job-counter.module.css";

const wordOf = (kind: string) => apps.find((app) => app.words[kind] !== undefined)?.words[kind] ?? kind;

/** Running work, in the top bar. The reader may leave: results land on Home. */
export function JobCounter() {
  const jobs = useQuery({
    queryKey: ["jobs"],
    queryFn: async () => {
      const answer = await read<Job[] | Page<Job>>(api.jobs());
      return Array.isArray(answer) ? answer : answer.items;
    },
    // Looked at often only while something runs.
    refetchInterval: (query) => ((query.state.data?.length ?? 0) > 0 ? 2_000 : 15_000),
  });
  const running = jobs.data ?? [];
  if (running.length === 0) return null;
  return (
    <Popover position="bottom-end" shadow="md" width={320} withinPortal>
      <Popover.Target>
        <button type="button" className={css.counter}>
          {running.length === 1 ? "1 job" : `${running.length} jobs`}
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <ul className={css.list}>
          {running.map((job) => (
            <li key={job.id}>
              <Progress stage={`${wordOf(job.kind)}: ${job.stage}`} done={job.done} total={job.total} />
            </li>
          ))}
        </ul>
      </Popover.Dropdown>
    </Popover>
  );
}
