import { checkHost } from "../../../../runtime/spec/checks/host_checks.ts";
import type { Spec } from "../../../../runtime/spec/spec.ts";
import { assertSpecError, configWith, namespaces } from "../config.ts";
import { isThere } from "../../../../runtime/common/files.ts";

function specWith(path: string, sysctl: Record<string, string>): Spec {
  const network = namespaces("network", { type: "network", path });
  return configWith(network, ["linux.sysctl", sysctl]) as unknown as Spec;
}

Deno.test("checkHost() refuses net sysctls for the host's own network namespace", () => {
  const spec = specWith("/proc/self/ns/net", {
    "kernel.shmmax": "1",
    "net/ipv4/ip_forward": "1",
  });
  assertSpecError(
    () => checkHost(spec),
    'linux.sysctl["net/ipv4/ip_forward"]',
    "would change the host: /proc/self/ns/net is the host's network namespace",
  );
});

Deno.test("checkHost() accepts other sysctls there, and net sysctls for another file", () => {
  checkHost(specWith("/proc/self/ns/net", { "kernel.shmmax": "1" }));
  checkHost(specWith("/proc/self/ns/ipc", { "net.ipv4.ip_forward": "1" }));
});

Deno.test("checkHost() names a namespace path that is not there", () => {
  assertSpecError(
    () => checkHost(specWith("/proc/self/ns/absent", { "net.ipv4.ip_forward": "1" })),
    "linux.namespaces[5].path",
    "cannot look at /proc/self/ns/absent: no such file or directory (ENOENT)",
  );
});

/** These tests' own host decides; Debian and Ubuntu have none. */
const HAS_SELINUX = isThere("/sys/fs/selinux/enforce");

Deno.test("checkHost() refuses labels without SELinux, and takes an empty one", () => {
  for (const place of ["process.selinuxLabel", "linux.mountLabel"]) {
    const spec = configWith([place, "a:b:c:s0"]) as unknown as Spec;
    if (HAS_SELINUX) checkHost(spec);
    else {
      assertSpecError(
        () => checkHost(spec),
        place,
        "SELinux is not enabled on this host: leave the label out",
      );
    }
    checkHost(configWith([place, ""]) as unknown as Spec);
  }
});
