/** The bundles that the contenders run: a static busybox as root filesystem, and the config.json of `runc spec`. */
import { runTool } from "./measure.ts";

export interface Bundles {
  /** Its process exits at once. */
  readonly brief: string;
  /** The same with limits on memory, CPU time and processes, as engines set them. */
  readonly limited: string;
  /** The same as `brief`, with podman's default seccomp profile. */
  readonly filtered: string;
  /** Its process sleeps until it is killed. */
  readonly lasting: string;
}

/** The limits of `podman run -m 256m --cpus 0.5 --cpu-shares 512 --pids-limit 100`. */
const LIMITS = {
  memory: { limit: 256 << 20, swap: 512 << 20 },
  cpu: { shares: 512, quota: 50000, period: 100000 },
  pids: { limit: 100 },
};

/** As podman writes it into config.json. */
const PROFILE = new URL("../../tests/unit/seccomp/testdata/podman_seccomp.json", import.meta.url);

/** @throws {Error} when busybox-static or runc is missing. */
export async function makeBundles(folder: string, runc: string): Promise<Bundles> {
  const rootfs = `${folder}/rootfs`;
  for (const name of ["bin", "dev", "proc", "sys"]) {
    await Deno.mkdir(`${rootfs}/${name}`, { recursive: true });
  }
  await Deno.copyFile("/bin/busybox", `${rootfs}/bin/busybox`);
  for (const name of ["true", "sleep"]) await Deno.symlink("busybox", `${rootfs}/bin/${name}`);

  async function makeBundle(
    name: string,
    args: string[],
    { resources = {}, ...linux }: { resources?: unknown; seccomp?: unknown } = {},
  ): Promise<string> {
    const bundle = `${folder}/${name}`;
    await Deno.mkdir(bundle);
    await runTool(runc, ["spec", "--bundle", bundle]);
    const config = JSON.parse(await Deno.readTextFile(`${bundle}/config.json`));
    config.process.terminal = false;
    config.process.args = args;
    config.root.path = rootfs;
    Object.assign(config.linux, linux);
    Object.assign(config.linux.resources, resources);
    await Deno.writeTextFile(`${bundle}/config.json`, JSON.stringify(config));
    return bundle;
  }

  return {
    brief: await makeBundle("brief", ["/bin/true"]),
    limited: await makeBundle("limited", ["/bin/true"], { resources: LIMITS }),
    filtered: await makeBundle("filtered", ["/bin/true"], {
      seccomp: JSON.parse(await Deno.readTextFile(PROFILE)),
    }),
    lasting: await makeBundle("lasting", ["/bin/sleep", "1000"]),
  };
}
