import { assertEquals } from "@std/assert";
import {
  resolvConf,
  trustsMountedFile,
  withReadonlyResolvConf,
} from "../../runtime/build/resolv_conf.ts";
import { MOUNT_ATTR, parseMountOptions } from "../../runtime/plan/mount_options.ts";
import type { Mount, Spec } from "../../runtime/spec/spec.ts";

function specOf(list: string, ...mounts: Mount[]): Spec {
  return { ociVersion: "1.2.0", annotations: { "run.kago.egress": list }, mounts };
}

const destination = "/etc/resolv.conf";
const bound = (source: string, ...options: string[]): Mount => (
  { destination, type: "bind", source, options: ["bind", ...options] }
);

Deno.test("withReadonlyResolvConf() takes writing away, however it was given", () => {
  const remount = { destination: "/etc//resolv.conf", options: ["bind", "remount", "rw"] };
  const mounts = [bound("/a"), bound("/a", "rprivate", "rw"), bound("/a", "rrw"), remount];
  for (const { options } of withReadonlyResolvConf(specOf("dns:53/udp", ...mounts)).mounts!) {
    const { recAttrs } = parseMountOptions(options!);
    assertEquals(recAttrs, { set: MOUNT_ATTR.RDONLY, clear: 0n });
  }
});

Deno.test("withReadonlyResolvConf() leaves specs whose lists do not stand on that file", () => {
  const other: Mount = { ...bound("/a"), destination: "/etc/hosts" };
  for (const spec of [specOf("192.0.2.53:53", bound("/a")), specOf("dns", other)]) {
    assertEquals(withReadonlyResolvConf(spec), spec);
    assertEquals(trustsMountedFile(spec), false);
  }
});

Deno.test("resolvConf() starts relative sources at the bundle, and takes no remount's", async () => {
  const bundle = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${bundle}/ours`, "nameserver 192.0.2.53\n");
    await Deno.writeTextFile(`${bundle}/other`, "nameserver 192.0.2.99\n");
    const remount = bound(`${bundle}/other`, "remount", "ro");
    const volume = { destination, type: "tmpfs", source: `${bundle}/other` };
    const spec = specOf("dns", bound("other"), bound("./ours"), remount, volume);
    assertEquals(resolvConf(spec, bundle), "nameserver 192.0.2.53\n");
  } finally {
    await Deno.remove(bundle, { recursive: true });
  }
});
