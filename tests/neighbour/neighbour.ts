/**
 * Neighbours: containers of runc's with the rights that Docker gives by default, whose program tries everything on every
 * process that it sees. They own their bundle and their folder of the host's.
 */
import {
  type Bundle,
  type JsonObject,
  makeBundle,
  removeBundle,
} from "../../scripts/sample/bundle.ts";
import { Beside, compileC } from "../harness/c_program.ts";
import { run } from "../harness/run.ts";
import { until } from "../harness/until.ts";
import { giveRootfs } from "./contender.ts";
import { type Hold, parseHolds } from "./hold.ts";
import { linuxIn, type Pod } from "./pod.ts";

/** What Docker gives a container's root. */
export const DOCKER_CAPABILITIES = [
  ...["CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL"],
  ...["CAP_MKNOD", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID"],
  ...["CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT"],
];

export interface NeighbourOptions {
  /** Absent: it has the host's pid and user namespaces. */
  readonly pod?: Pod;
  /** Beyond DOCKER_CAPABILITIES. */
  readonly capabilities?: readonly string[];
  readonly workers?: number;
}

export class Neighbour implements AsyncDisposable {
  static #serial = 0;

  readonly #id = `neighbour-${Deno.pid}-${Neighbour.#serial++}`;
  #beside?: Beside;

  private constructor(
    private readonly bundle: Bundle,
    private readonly root: string,
    private readonly program: string,
  ) {}

  /** Starts one, and waits until it looks around. */
  static async start(options: NeighbourOptions = {}): Promise<Neighbour> {
    const program = await compileC(new URL("neighbour.c", import.meta.url));
    const root = await Deno.makeTempDir({ prefix: "neighbour_" });
    // A world-writable folder of the host's: only the way to it keeps the neighbour out.
    const marker = `${root}/marker`;
    await Deno.mkdir(marker);
    for (const path of [root, marker]) await Deno.chmod(path, 0o777);
    const args = ["/neighbour", `${options.workers ?? 1}`, marker];
    const bundle = await makeBundle({ args, config: configOf(options) });
    await Deno.copyFile(program, `${bundle.rootfs}/neighbour`);
    await Deno.chmod(`${bundle.rootfs}/neighbour`, 0o755);
    if (options.pod) await giveRootfs(bundle, options.pod.hostId);
    const neighbour = new Neighbour(bundle, root, program);
    try {
      await neighbour.#run();
    } catch (error) {
      await neighbour[Symbol.asyncDispose]();
      throw error;
    }
    return neighbour;
  }

  async #run(): Promise<void> {
    const words = ["--root", `${this.root}/state`, "run", "--bundle", this.bundle.path, this.#id];
    this.#beside = await Beside.start("runc", ...words);
  }

  /** Waits until it has tried all processes that there are now: it gets hold of one that comes now, and has no rights. */
  async hasLooked(): Promise<void> {
    const args = ["--bounding-set=-all", "--inh-caps=-all", "sleep", "1000"];
    const child = new Deno.Command("setpriv", { args }).spawn();
    try {
      await until(
        "it sees a process without rights",
        () => this.holds().some(({ pid }) => pid === child.pid),
        60,
      );
    } finally {
      child.kill("SIGKILL");
      await child.status;
    }
  }

  /** What it has got so far. */
  holds(): Hold[] {
    return parseHolds(this.#beside!.text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#beside?.[Symbol.asyncDispose]();
    // Only when it did not end by itself is there anything to delete.
    await run("runc", ["--root", `${this.root}/state`, "delete", "--force", this.#id]);
    await removeBundle(this.bundle);
    for (const path of [this.root, this.program]) await Deno.remove(path, { recursive: true });
  }
}

function configOf({ pod, capabilities = [] }: NeighbourOptions): JsonObject {
  const all = [...DOCKER_CAPABILITIES, ...capabilities];
  return {
    process: {
      capabilities: { bounding: all, effective: all, permitted: all },
      noNewPrivileges: false,
    },
    linux: linuxIn(pod),
  };
}
