/** microVMs: what the everyday commands do with `--annotation run.oci.handler=krun`. */
import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import type { CaseGroup } from "../engine_case.ts";
import { until } from "../until.ts";
import { IMAGE, type Podman } from "./podman.ts";

const KRUN = ["--annotation", "run.oci.handler=krun", "--annotation", "krun.ram_mib=256"];
const run = (p: Podman, ...words: string[]) => p.run(...KRUN, ...words);

export const MICROVMS: CaseGroup<Podman> = {
  name: "microVMs",
  cases: [
    {
      command: "podman run --rm --annotation run.oci.handler=krun IMAGE uname -r",
      everywhere: true,
      check: async (p) => {
        const release = (await run(p, IMAGE, "uname", "-r")).trim();
        assert(release);
        assertNotEquals(release, Deno.osRelease());
      },
    },
    {
      command: "podman run --rm (krun) IMAGE sh -c 'exit 7'",
      everywhere: true,
      check: async (p) => {
        await p.expect(7, ["run", "--rm", ...KRUN, IMAGE, "sh", "-c", "exit 7"]);
      },
    },
    {
      command: "podman run --rm (krun) -v /host/folder:/data -e NAME=value -w /data IMAGE",
      everywhere: true,
      check: async (p) => {
        const folder = await Deno.makeTempDir({ dir: p.folder });
        const options = ["-v", `${folder}:/data`, "-e", "NAME=value", "-w", "/data"];
        await run(p, ...options, IMAGE, "sh", "-c", "echo $NAME $(pwd) > /data/file");
        assertEquals(await Deno.readTextFile(`${folder}/file`), "value /data\n");
      },
    },
    {
      command: "podman run --rm -it (krun) IMAGE",
      everywhere: true,
      check: async (p) => {
        const words = ["run", "--rm", "-it", ...KRUN, IMAGE];
        const output = await p.terminal([...words, "sh", "-c", "test -t 0 && echo terminal"]);
        assertStringIncludes(output, "terminal");
      },
    },
    {
      command:
        "podman run -d (krun) IMAGE; podman logs; podman restart; podman stop; podman rm --force",
      everywhere: true,
      check: async (p) => {
        const boots = async () => (await p.ok("logs", "vm")).split("up\n").length - 1;
        await p.ok("run", "-d", "--name", "vm", ...KRUN, IMAGE, "sh", "-c", "echo up; sleep 1000");
        await until(async () => await boots() === 1);
        await p.ok("restart", "--time", "1", "vm");
        await until(async () => await boots() === 2);
        await p.ok("stop", "--time", "1", "vm");
        assertEquals(await p.ok("inspect", "--format", "{{.State.Status}}", "vm"), "exited\n");
        await p.ok("start", "vm");
        await p.ok("rm", "--force", "--time", "0", "vm");
        assertEquals(await p.ok("ps", "--all", "--quiet"), "");
      },
    },
  ],
};
