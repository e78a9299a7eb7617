/**
 * A microVM's label is its VMM's, on a kernel that enforces policy.conf. Runs inside the emulated host with SELinux.
 */
import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { Kago } from "../../harness/kago.ts";
import { runOk } from "../../harness/run.ts";
import { unlessGone } from "../../harness/unless_gone.ts";
import { enforcePolicy } from "./enforce_policy.ts";

await enforcePolicy();

/** As podman sets them. */
const LEVEL = "s0:c1,c2";
const label = (type: string) => `system_u:system_r:${type}:${LEVEL}`;
const FILES = `system_u:object_r:container_file_t:${LEVEL}`;

function microvm(selinuxLabel: string, script: string) {
  return {
    annotations: { "run.oci.handler": "krun", "krun.ram_mib": "256" },
    args: ["sh", "-c", script],
    config: { process: { selinuxLabel }, linux: { mountLabel: FILES } },
  };
}

Deno.test("every thread of a VMM has the container's label, and its guest reads what the label may read", async () => {
  const script = "cat /open; cat /secret 2>&1; echo up; exec sleep 1000";
  await Kago.with(microvm(label("container_kvm_t"), script), async (kago) => {
    const { rootfs } = kago.bundle;
    for (const name of ["open", "secret"]) {
      await Deno.writeTextFile(`${rootfs}/${name}`, `${name} words\n`);
    }
    await runOk("chcon", [FILES, `${rootfs}/open`]);
    await runOk("chcon", ["base_u:object_r:secret_t:s0", `${rootfs}/secret`]);
    const created = await kago.create();
    assertEquals(created.code, 0, created.stdout);
    const { pid } = await kago.state();
    const started = await kago.run("start", kago.id);
    assertEquals(started.code, 0, started.stderr);
    await kago.says("up");
    const said = kago.output();
    assertStringIncludes(said, "open words");
    assertStringIncludes(said, "can't open '/secret': Permission denied");
    const labels = [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) =>
      unlessGone(() => Deno.readTextFileSync(`/proc/${pid}/task/${name}/attr/current`))
    ).filter((text) => text !== undefined).map((text) => text.replaceAll("\0", ""));
    assert(labels.length > 2, `${labels.length} threads`);
    assertEquals(new Set(labels), new Set([label("container_kvm_t")]));
    const exec = await kago.run("exec", kago.id, "cat", "/open");
    assertEquals([exec.code, exec.stdout], [0, "open words\n"], exec.stderr);
  });
});

Deno.test("a label that the policy does not let a VMM take is refused, with its field, before there is a guest", async () => {
  for (const type of ["container_t", "no_such_t"]) {
    await Kago.with(microvm(label(type), "echo ran"), async (kago) => {
      const { code, stdout } = await kago.create();
      assertNotEquals(code, 0);
      assertStringIncludes(stdout, "process.selinuxLabel");
      assertStringIncludes(stdout, label(type));
    });
  }
});
