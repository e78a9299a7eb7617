/** The memory of a process. */

export interface Memory {
  /** KiB, as proc_pid_smaps(5) has them. */
  readonly rss: number;
  readonly pss: number;
}

export function memoryOf(pid: number): Memory {
  const text = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
  const [rss, pss] = ["Rss", "Pss"].map((name) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1])
  );
  return { rss: rss!, pss: pss! };
}
