/**
 * The longest piece of work, in milliseconds, that this thread did at a stretch while `work` was under way. Processor time
 * of the thread alone: what others take on a busy machine is no fault of ours.
 */
export async function longestBlock(work: () => Promise<unknown>): Promise<number> {
  const spent = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let longest = 0;
  let last = spent();
  const look = () => {
    const now = spent();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const tick = setInterval(look, 5);
  try {
    await work();
    look();
  } finally {
    clearInterval(tick);
  }
  return longest;
}
