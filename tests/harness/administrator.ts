/** Runs kago on a host whose administrator has written a file with defaults of microVMs. */
import { KAGO, type Kago } from "./kago.ts";
import { run, runOk, type RunOptions, type RunResult } from "./run.ts";

interface Under extends RunOptions {
  /** The command's words; default is `run` of the bundle. */
  readonly command?: readonly string[];
  /** Changes the directory of the file before the run. */
  readonly spoil?: (folder: string) => Promise<void>;
}

/** Runs kago with an /etc/kago that no other process sees. @param text of `microvm.json`. */
export async function runUnder(
  kago: Kago,
  text: string,
  { command, spoil, ...options }: Under = {},
): Promise<RunResult> {
  const etc = `${kago.bundle.path}/etc`;
  await runOk("cp", ["-a", "/etc", etc]);
  await Deno.mkdir(`${etc}/kago`, { recursive: true });
  await Deno.writeTextFile(`${etc}/kago/microvm.json`, text, { mode: 0o644 });
  await spoil?.(`${etc}/kago`);
  const script = 'mount --bind "$0" /etc && exec "$@"';
  const words = command ?? ["run", "--bundle", kago.bundle.path, kago.id];
  const all = [KAGO, "--root", kago.root, ...kago.globals, ...words];
  const result = await run("unshare", ["-m", "sh", "-c", script, etc, ...all], options);
  await Deno.remove(etc, { recursive: true });
  return result;
}
