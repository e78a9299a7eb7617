/** containerd's suite on a kind of host: one daemon, with kago's and runc's containers in namespaces of containerd. */
import { prepareContainerd2 } from "../containerd2/containerd.ts";
import { runOk } from "../../harness/run.ts";
import type { Daemon } from "../daemon.ts";
import type { Host, Runtime } from "../engine_case.ts";
import { inTurn } from "../every.ts";
import type { Suite } from "../suite.ts";
import { untilSays } from "../until.ts";
import { CONTAINERD_CASES } from "./cases.ts";
import { Ctr, IMAGE, makeImageTar, startContainerd } from "./containerd.ts";
import { startContainerd2 } from "./containerd2.ts";
import { Cri, removePodsCgroup } from "./cri.ts";
import { PODS } from "./cri_cases.ts";
import { makeOciImage } from "./image.ts";
import { MICROVM_PODS } from "./krun_cases.ts";
import { USER_NAMESPACES } from "./user_cases.ts";

interface Shared {
  readonly daemon: Daemon;
  readonly folder: string;
  readonly image: string;
}

/** A major version of containerd. */
interface Edition {
  readonly start: (folder: string, host: Host) => Promise<Daemon>;
  readonly version: () => Promise<string>;
}

const DEBIANS: Edition = {
  start: startContainerd,
  version: async () => (await runOk("containerd", ["--version"])).split(" ").slice(0, 3).join(" "),
};

const SECOND: Edition = {
  start: startContainerd2,
  version: async () => {
    const text = await runOk(`${await prepareContainerd2()}/containerd`, ["--version"]);
    return `containerd ${/ ([\d.]+)/.exec(text)![1]}`;
  },
};

async function start(edition: Edition, host: Host): Promise<Shared> {
  const folder = await Deno.makeTempDir({ prefix: "containerd_" });
  const image = await makeOciImage(folder, await makeImageTar(folder), IMAGE);
  return { folder, image, daemon: await edition.start(folder, host) };
}

export function containerdSuite(host: Host): Suite<Ctr> {
  return {
    ...suiteOn(DEBIANS, host, async (runtime, { folder, image }) => {
      const ctr = new Ctr(runtime, folder);
      await ctr.ok("images", "import", image);
      return ctr;
    }),
    engine: "containerd",
    groups: CONTAINERD_CASES,
  };
}

/** containerd's CRI plugin, through crictl. */
export function criSuite(host: Host): Suite<Cri> {
  return { ...criSuiteOn(DEBIANS, host), engine: "containerd, CRI", groups: [PODS] };
}

/** The CRI plugin of containerd 2, which supports user namespaces for pods, and has handlers for them. */
export function cri2Suite(host: Host): Suite<Cri> {
  const groups = [PODS, USER_NAMESPACES, MICROVM_PODS];
  return { ...criSuiteOn(SECOND, host), engine: "containerd 2, CRI", groups };
}

function criSuiteOn(edition: Edition, host: Host): Omit<Suite<Cri>, "engine" | "groups"> {
  return suiteOn(edition, host, async (runtime, { folder, image }) => {
    const socket = `${folder}/containerd.sock`;
    const cri = await Cri.open(runtime, host, folder, socket);
    const address = ["-a", socket];
    await runOk("ctr", [...address, "--namespace", "k8s.io", "images", "import", image]);
    await untilSays(() => cri.ok("images"), /busybox/);
    return cri;
  });
}

function suiteOn<Session>(
  edition: Edition,
  host: Host,
  open: (runtime: Runtime, shared: Shared) => Promise<Session>,
): Omit<Suite<Session>, "engine" | "groups"> {
  let shared: Promise<Shared> | undefined;
  let users = 0;
  return {
    host,
    open: async (runtime) => {
      users++;
      return await open(runtime, await (shared ??= start(edition, host)));
    },
    close: async () => {
      if (--users > 0) return;
      const { daemon, folder } = await shared!;
      await inTurn(
        () => daemon.end(),
        () => removePodsCgroup(host),
        () => Deno.remove(folder, { recursive: true }),
      );
    },
    version: edition.version,
  };
}
