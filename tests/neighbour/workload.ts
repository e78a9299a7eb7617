/**
 * What a neighbour watches: everything that a runtime does with containers, slowed down where its stages wait, so that they
 * can be looked at. Each step is the same for all runtimes.
 */
import { assertEquals } from "@std/assert";
import type { BundleOptions, JsonObject } from "../../scripts/sample/bundle.ts";
import { inTerminal } from "../harness/terminal.ts";
import { Contender, type Runtime } from "./contender.ts";
import { DOCKER_CAPABILITIES } from "./neighbour.ts";
import { HOST_ID, linuxIn, type Pod, USER_NAMESPACE } from "./pod.ts";

interface Step {
  readonly name: string;
  readonly options: BundleOptions;
  /** Does the container have a user namespace of its own? */
  readonly mapped?: boolean;
  act(contender: Contender): Promise<void>;
}

const WAIT_MS = 400;
const wait = () => new Promise((resolve) => setTimeout(resolve, WAIT_MS));

const SLOW = ["sleep", "0.4"];

const hook = { path: "/bin/sleep", args: ["sleep", "0.3"] };

const HOOKS = Object.fromEntries(
  ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]
    .map((moment) => [moment, [hook]]),
);

const CAPABILITIES = {
  bounding: DOCKER_CAPABILITIES,
  effective: DOCKER_CAPABILITIES,
  permitted: DOCKER_CAPABILITIES,
};

const SECCOMP: JsonObject = {
  defaultAction: "SCMP_ACT_ALLOW",
  architectures: ["SCMP_ARCH_X86_64"],
  syscalls: [{ names: ["kexec_load"], action: "SCMP_ACT_ERRNO" }],
};

async function runs(contender: Contender): Promise<void> {
  await contender.does("run", "--bundle", contender.bundle.path, contender.id);
}

/** Creates, looks for a while at what waits, starts, executes, and ends by a signal. */
async function lives(contender: Contender): Promise<void> {
  await contender.leaves("create");
  await wait();
  await contender.does("start", contender.id);
  for (const options of [[], ["--user", "1000:1000"], ["--cwd", "/tmp"]]) {
    await contender.does("exec", ...options, contender.id, ...SLOW);
  }
  await contender.does("kill", contender.id, "KILL");
  await wait();
  await contender.does("delete", contender.id);
}

async function updates(contender: Contender): Promise<void> {
  await contender.leaves("run", "--detach");
  await contender.does("update", "--pids-limit", "50", contender.id);
  await contender.does("pause", contender.id);
  await wait();
  await contender.does("resume", contender.id);
  await contender.does("delete", "--force", contender.id);
}

async function hasTerminals(contender: Contender): Promise<void> {
  await contender.leaves("run", "--detach");
  const line = contender.line("exec", "--tty", contender.id, ...SLOW);
  assertEquals((await inTerminal(line)).code, 0);
}

const ENDLESS = ["sleep", "1000"];

function steps(namespaces: JsonObject, mapped: boolean): readonly Step[] {
  const config = (more: JsonObject = {}) => ({
    hooks: HOOKS,
    process: { capabilities: CAPABILITIES },
    ...more,
    linux: { ...namespaces, ...more.linux as JsonObject },
  });
  return [
    { name: "a run with all hooks", options: { args: SLOW, config: config() }, mapped, act: runs },
    {
      name: "a life with a sysctl",
      options: {
        args: ENDLESS,
        config: config({ hooks: {}, linux: { sysctl: { "net.ipv4.ip_forward": "1" } } }),
      },
      mapped,
      act: lives,
    },
    {
      name: "a run of an ordinary user with a seccomp filter",
      options: {
        args: SLOW,
        config: config({
          process: {
            user: { uid: 1000, gid: 1000 },
            capabilities: { bounding: [], effective: [], permitted: [] },
          },
          linux: { seccomp: SECCOMP },
        }),
      },
      mapped,
      act: runs,
    },
  ];
}

function ownSteps(): readonly Step[] {
  return [
    ...steps({}, false),
    ...steps(USER_NAMESPACE, true),
    { name: "an update and a pause", options: { args: ENDLESS }, act: updates },
    { name: "an exec on a terminal", options: { args: ENDLESS }, act: hasTerminals },
  ];
}

/** Carries out all steps with a runtime, in the pod's namespaces or in such as each step asks for. */
export async function carryOut(runtime: Runtime, pod?: Pod): Promise<void> {
  const chosen = pod ? steps(linuxIn(pod), true) : ownSteps();
  for (const { name, options, mapped, act } of chosen) {
    const hostId = mapped ? pod?.hostId ?? HOST_ID : 0;
    try {
      await Contender.with(runtime, options, hostId, act);
    } catch (error) {
      throw new Error(`${runtime}, ${name}`, { cause: error });
    }
  }
}
