/**
 * The bundles that the contenders run: a static busybox as root filesystem, and the config.json that `runc spec` writes.
 */
import { runTool } from "./measure.ts";

export interface Bundles {
  /** Its process ends at once. */
  readonly brief: string;
  /** Its process sleeps until it is killed. */
  readonly lasting: string;
}

/** @throws {Error} when busybox-static or runc is missing. */
export async function makeBundles(folder: string, runc: string): Promise<Bundles> {
  const rootfs = `${folder}/rootfs`;
  for (const name of ["bin", "dev", "proc", "sys"]) {
    await Deno.mkdir(`${rootfs}/${name}`, { recursive: true });
  }
  await Deno.copyFile("/bin/busybox", `${rootfs}/bin/busybox`);
  for (const name of ["true", "sleep"]) await Deno.symlink("busybox", `${rootfs}/bin/${name}`);

  async function makeBundle(name: string, args: string[]): Promise<string> {
    const bundle = `${folder}/${name}`;
    await Deno.mkdir(bundle);
    await runTool(runc, ["spec", "--bundle", bundle]);
    const config = JSON.parse(await Deno.readTextFile(`${bundle}/config.json`));
    config.process.terminal = false;
    config.process.args = args;
    config.root.path = rootfs;
    await Deno.writeTextFile(`${bundle}/config.json`, JSON.stringify(config));
    return bundle;
  }

  return {
    brief: await makeBundle("brief", ["/bin/true"]),
    lasting: await makeBundle("lasting", ["/bin/sleep", "1000"]),
  };
}
