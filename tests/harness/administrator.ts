/** kago on a host whose administrator has written a file of microVMs' defaults. */
import { KAGO, type Kago } from "./kago.ts";
import { run, runOk, type RunOptions, type RunResult } from "./run.ts";

interface Under extends RunOptions {
  /** What is run; default is `run` of the bundle. */
  readonly command?: readonly string[];
  /** Changes the folder of the file before. */
  readonly spoil?: (folder: string) => Promise<void>;
}

/** kago with another /etc/kago than the host's, which nobody else sees. @param text of `microvm.json`. */
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
