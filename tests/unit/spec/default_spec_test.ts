import { assertEquals } from "@std/assert";
import { checkSpec } from "../../../runtime/spec/checks/checks.ts";
import { defaultSpec } from "../../../runtime/spec/default_spec.ts";
import { parseSpec } from "../../../runtime/config/load.ts";
import type { Spec } from "../../../runtime/spec/spec.ts";

function readRunc(name: string): Promise<Spec> {
  return parseSpec(Deno.readTextFileSync(new URL(`testdata/${name}`, import.meta.url)));
}

/** runc's spec as kago's own: without the ambient set, which has no effect there, and with a cgroup namespace. */
function adapted(runc: Spec): Spec {
  const { ambient: _, ...capabilities } = runc.process!.capabilities!;
  const namespaces = [...runc.linux!.namespaces!];
  namespaces.splice(namespaces.findIndex(({ type }) => type === "mount") + 1, 0, {
    type: "cgroup",
  });
  return {
    ...runc,
    ociVersion: "1.3.0",
    hostname: "kago",
    process: { ...runc.process!, capabilities },
    linux: { ...runc.linux, namespaces },
  };
}

Deno.test("defaultSpec() says what runc spec says", async () => {
  assertEquals(
    sorted(defaultSpec({ rootless: false })),
    sorted(adapted(await readRunc("runc_config.json"))),
  );
});

Deno.test("defaultSpec() says for rootless what runc spec --rootless says", async () => {
  assertEquals(
    sorted(defaultSpec({ rootless: true, uid: 0, gid: 0 })),
    sorted(adapted(await readRunc("runc_rootless_config.json"))),
  );
});

/** The order of namespaces and of mount options has no meaning. */
function sorted(spec: Spec): Spec {
  return {
    ...spec,
    mounts: spec.mounts?.map((mount) => ({
      ...mount,
      ...(mount.options ? { options: [...mount.options].sort() } : {}),
    })),
    linux: {
      ...spec.linux,
      namespaces: [...spec.linux!.namespaces!].sort((a, b) => a.type < b.type ? -1 : 1),
    },
  } as Spec;
}

Deno.test("defaultSpec() maps the caller's ids for rootless", () => {
  const { linux } = defaultSpec({ rootless: true, uid: 1000, gid: 100 });
  assertEquals(linux?.uidMappings, [{ containerID: 0, hostID: 1000, size: 1 }]);
  assertEquals(linux?.gidMappings, [{ containerID: 0, hostID: 100, size: 1 }]);
  assertEquals(defaultSpec({ rootless: true }).linux?.uidMappings?.[0]?.hostID, Deno.uid());
});

Deno.test("defaultSpec() passes its own schema and checks without warnings", async () => {
  for (const rootless of [false, true]) {
    const spec = defaultSpec({ rootless });
    assertEquals(await parseSpec(JSON.stringify(spec)), spec);
    assertEquals(checkSpec(spec), []);
  }
});
