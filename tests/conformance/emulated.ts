/** Runs the suite in the emulated host: cgroup v2, all capabilities, AppArmor. */
import { runOk } from "../harness/run.ts";
import { REPOSITORY } from "../../scripts/emulated_host/cache.ts";
import { TESTED_RELEASE } from "../../scripts/emulated_host/debian_root.ts";
import { runInEmulatedHost } from "../../scripts/emulated_host/emulated_host.ts";

const SCRIPT = "tests/conformance/run.ts";

/** Seconds. */
const LIMIT = 5400;

/** Boots the host once for all programs, passes their output on, and returns the exit code. */
export async function runEmulated(programs: readonly string[]): Promise<number> {
  const deno = Deno.execPath();
  await runOk(deno, ["cache", "--quiet", SCRIPT], { cwd: REPOSITORY }); // no network inside
  const command = [deno, "run", "-A", "--no-check", "--cached-only", SCRIPT, ...programs];
  const { code } = await runInEmulatedHost(command, {
    timeout: LIMIT,
    release: TESTED_RELEASE,
    apparmor: true,
    env: { OUTER_KERNEL_RELEASE: Deno.osRelease() },
    onStdout: (chunk) => writeAll(Deno.stdout, chunk),
    onStderr: (chunk) => writeAll(Deno.stderr, chunk),
  });
  return code;
}

function writeAll(file: { writeSync(data: Uint8Array): number }, chunk: Uint8Array): void {
  for (let rest = chunk; rest.length > 0;) rest = rest.subarray(file.writeSync(rest));
}
