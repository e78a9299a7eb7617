/** CRI-O's suite: one daemon, with pods of kago and of crun, which is CRI-O's default. */
import { run, runOk } from "../../harness/run.ts";
import { Cri, removePodsCgroup } from "../containerd/cri.ts";
import { PODS } from "../containerd/cri_cases.ts";
import { USER_NAMESPACES } from "../containerd/user_cases.ts";
import type { Daemon } from "../daemon.ts";
import type { CaseGroup, Host } from "../engine_case.ts";
import { inTurn } from "../every.ts";
import type { Suite } from "../suite.ts";
import { HANDLERS, restartCases } from "./cases.ts";
import { makeNode, socketOf, startCrio } from "./crio.ts";
import { MONITORED } from "./monitor_cases.ts";
import { MICROVM_PODS } from "./krun_cases.ts";
import { prepareCrio } from "./programs.ts";

interface Shared {
  daemon: Daemon;
  readonly folder: string;
}

async function start(host: Host): Promise<Shared> {
  const folder = await Deno.makeTempDir({ prefix: "crio_" });
  await makeNode(folder, host);
  return { folder, daemon: await startCrio(folder) };
}

/** The cases of the groups that name this host, or none; they run natively nowhere. */
function casesOn(host: Host, groups: readonly CaseGroup<Cri>[]): CaseGroup<Cri>[] {
  return groups.map((group) => ({
    ...group,
    cases: group.cases.map((one) => ({ ...one, emulated: one.emulated ?? [host] })),
  }));
}

export function crioSuite(host: Host): Suite<Cri> {
  let shared: Promise<Shared> | undefined;
  let users = 0;
  const restart = async () => {
    const node = await shared!;
    await node.daemon.end();
    node.daemon = await startCrio(node.folder);
  };
  const groups = [HANDLERS, restartCases(restart), MONITORED, PODS, USER_NAMESPACES, MICROVM_PODS];
  return {
    engine: "CRI-O",
    host,
    emulated: true,
    runtimes: ["kago", "crun"],
    groups: casesOn(host, groups),
    open: async (runtime) => {
      users++;
      const { folder } = await (shared ??= start(host));
      return await Cri.open(runtime, host, folder, socketOf(folder));
    },
    close: async () => {
      if (--users > 0) return;
      const { daemon, folder } = await shared!;
      await inTurn(
        () => daemon.end(),
        () => removePodsCgroup(host),
        () => run("umount", [`${folder}/storage/overlay`]), // unless CRI-O has done so
        () => Deno.remove(folder, { recursive: true }),
      );
    },
    version: async () => {
      const text = await runOk((await prepareCrio()).crio, ["--version"]);
      return `CRI-O ${/ ([\d.]+)/.exec(text)![1]}`;
    },
  };
}
