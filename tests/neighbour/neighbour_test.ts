/**
 * A container with the rights that Docker gives by default, beside all that kago does: it gets nothing of kago's own
 * processes, which run as root, and of hooks and programs nothing that it does not get beside runc. Needs root and runc.
 */
import { assert, assertEquals } from "@std/assert";
import { frame, STARTED } from "../harness/agent_double.ts";
import { withGuestDouble } from "../harness/guest_double.ts";
import type { Runtime } from "./contender.ts";
import { type Hold, ofPrograms, ofRuntime } from "./hold.ts";
import { Neighbour, type NeighbourOptions } from "./neighbour.ts";
import { type Pod, withPod } from "./pod.ts";
import { carryOut } from "./workload.ts";

/** What neighbours got while the runtime carried out all steps. */
async function watch(runtime: Runtime, options: NeighbourOptions, pod?: Pod): Promise<Hold[]> {
  await using neighbour = await Neighbour.start({ workers: 2, ...options });
  await carryOut(runtime, pod);
  return neighbour.holds();
}

/** What it gets of any program of a container: without that it has seen nothing. */
const SEEN = "busybox: root /";

function check(kago: readonly Hold[], runc: readonly Hold[]): void {
  const [ofKagos, ofRuncs] = [ofPrograms(kago), ofPrograms(runc)];
  for (const holds of [ofKagos, ofRuncs]) assert(holds.has(SEEN), [...holds].join("\n"));
  assertEquals(ofRuntime(kago, "kago"), [], "it got something of kago's own processes");
  const more = [...ofKagos.difference(ofRuncs)].sort();
  assertEquals(more, [], "it got more of programs than with runc");
}

Deno.test("a neighbour that sees all processes of the host gets nothing of kago's", async () => {
  const runc = await watch("runc", {});
  check(await watch("kago", {}), runc);
});

Deno.test("a neighbour in the same pid and user namespaces gets nothing of kago's", async () => {
  await withPod(async (pod) => {
    const options = { pod, capabilities: ["CAP_SYS_PTRACE"] };
    const runc = await watch("runc", options, pod);
    check(await watch("kago", options, pod), runc);
  });
});

Deno.test("a neighbour gets nothing of a VMM, nor of what stands for a process in a guest", async () => {
  await using neighbour = await Neighbour.start();
  const getsNothing = async () => {
    await neighbour.hasLooked();
    assertEquals(ofRuntime(neighbour.holds(), "kago"), []);
  };
  await withGuestDouble(async (kago, agent) => {
    agent.answers = () => frame(STARTED);
    const pidFile = `${kago.bundle.path}/pid`;
    const { code, stderr } = await kago.run("exec", "-d", "--pid-file", pidFile, kago.id, "x");
    assertEquals(code, 0, stderr);
    await getsNothing();
    Deno.kill(Number(Deno.readTextFileSync(pidFile)), "SIGKILL");
  }, getsNothing);
});
