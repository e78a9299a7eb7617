/**
 * Egress rules on pure cgroup v2: runs the integration tests' own files, and restores a container with criu, which
 * needs this kernel. Runs inside the emulated host.
 */
import "../../integration/egress_filter_test.ts";
import "../../integration/egress_test.ts";
import { assertEquals } from "@std/assert";
import { compileC } from "../../harness/c_program.ts";
import { until } from "../../harness/until.ts";
import { Keeper, loadSocketModules } from "../harness/keeper.ts";

await loadSocketModules();

Deno.test("a container that is restored has its rules again, and so have the sockets that it had", async () => {
  const tool = await compileC(new URL("../../harness/connect_tool.c", import.meta.url));
  const options = {
    args: ["/bin/connect_tool", "later=192.0.2.2=53", "later=127.0.0.1=53", "tcp=192.0.2.2=80"],
    annotations: { "run.kago.egress": "192.0.2.1:80" },
  };
  await Keeper.with(options, async (keeper) => {
    const { kago } = keeper;
    await Deno.copyFile(tool, `${kago.bundle.rootfs}/bin/connect_tool`);
    await Deno.chmod(`${kago.bundle.rootfs}/bin/connect_tool`, 0o755);
    await keeper.start();
    await until("it has a socket", () => Deno.readTextFileSync(keeper.output).includes("waiting"));
    await keeper.checkpoint();
    assertEquals(kago.cgroups(), []);
    await keeper.restore();
    const attempt = (...words: string[]) => keeper.exec("/bin/connect_tool", ...words);
    assertEquals(await attempt("tcp=192.0.2.1=80"), "tcp=192.0.2.1=80 ENETUNREACH\n");
    assertEquals(await attempt("tcp=192.0.2.1=81"), "tcp=192.0.2.1=81 EPERM\n");
    await Deno.writeTextFile(`${kago.bundle.rootfs}/go`, "");
    await kago.until("stopped");
    assertEquals(Deno.readTextFileSync(keeper.output).split("\n"), [
      ...["waiting", "later=192.0.2.2=53 EPERM", "waiting", "later=127.0.0.1=53 ok"],
      ...["tcp=192.0.2.2=80 EPERM", ""],
    ]);
  });
  await Deno.remove(tool);
});
