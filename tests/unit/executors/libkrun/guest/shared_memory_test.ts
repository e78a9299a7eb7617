import { assertEquals } from "@std/assert";
import { withGuestMemory } from "../../../../../executors/libkrun/guest/shared_memory.ts";
import type { Mount } from "../../../../../runtime/spec/spec.ts";

const MOUNTINFO = [
  "24 28 0:22 / /dev/shm rw,nosuid,nodev shared:4 - tmpfs tmpfs rw,inode64",
  "90 28 0:50 / /var/lib/x/shm rw - tmpfs old rw,size=1k",
  "91 28 0:51 / /var/lib/x/shm rw,nosuid shared:9 - tmpfs shm rw,size=32768k,inode64",
  "92 28 0:52 / /var/lib/disk/shm rw - ext4 /dev/sdb rw,size=7k",
].join("\n");

function mountsOf(...mounts: Mount[]): readonly Mount[] | undefined {
  return withGuestMemory({ ociVersion: "1.2.0", mounts }, () => MOUNTINFO).mounts;
}

function bind(source: string, ...options: string[]): Mount {
  return { destination: "/dev/shm", type: "bind", source, options };
}

function tmpfs(...options: string[]): Mount {
  const always = ["nosuid", "nodev", "mode=1777"];
  return {
    destination: "/dev/shm",
    type: "tmpfs",
    source: "shm",
    options: [...always, ...options],
  };
}

Deno.test("withGuestMemory() makes an engine's memory a tmpfs of the size that the engine gave it", () => {
  assertEquals(mountsOf(bind("/var/lib/x/shm", "bind")), [tmpfs("size=32768k")]);
  const kept = mountsOf(bind("/var/lib/x/shm", "rbind", "private", "noexec"))![0]!.options!;
  assertEquals(kept.slice(0, 2), ["private", "noexec"]);
});

Deno.test("withGuestMemory() leaves the size to the guest's kernel where the host's had none", () => {
  for (const source of ["/dev/shm", "/var/lib/disk/shm", "/not/mounted/shm"]) {
    assertEquals(mountsOf(bind(source)), [tmpfs()], source);
  }
});

Deno.test("withGuestMemory() leaves every other mount as it is", () => {
  const others: Mount[] = [
    bind("/srv/data"),
    { destination: "/data/shm", type: "bind", source: "/var/lib/x/shm" },
    { destination: "/dev/shm", type: "tmpfs", source: "shm", options: ["size=1m"] },
  ];
  assertEquals(mountsOf(...others), others);
  assertEquals(withGuestMemory({ ociVersion: "1.2.0" }, () => "").mounts, undefined);
});
