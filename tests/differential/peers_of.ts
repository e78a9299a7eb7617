/**
 * Runs the differential suite with the runc and crun of another Debian release, on this machine's kernel and cgroups:
 *   deno run -A tests/differential/peers_of.ts [RELEASE [ARGUMENT]...]
 * It runs in the root that the emulated hosts have, in its own mount namespace. The default is their release; arguments
 * are passed to the suite.
 */
import { TESTED_RELEASE } from "../../scripts/emulated_host/debian_root.ts";
import { withReleaseRoot } from "../../scripts/emulated_host/release_root.ts";
import { runMain } from "../../scripts/run_main.ts";

const TELL_PEERS = 'for peer in runc crun; do "$peer" --version | head -1; done; exec "$@"';

async function main(release: string): Promise<number> {
  const test = ["test", "-A", "--preload", "tests/harness/same_mounts.ts", "tests/differential"];
  const command = [Deno.execPath(), ...test, "--", ...Deno.args.slice(1)];
  return await withReleaseRoot(release, async (inRoot) => {
    const tell = ["sh", "-c", TELL_PEERS, "sh"];
    const { code } = await new Deno.Command("unshare", {
      args: ["--mount", "--propagation=private", ...inRoot, ...tell, ...command],
      stdin: "null",
    }).spawn().status;
    return code;
  });
}

if (import.meta.main) {
  await runMain("differential", () => main(Deno.args[0] ?? TESTED_RELEASE));
}
