/**
 * Opening the watch for OOM events, with what stands for the kernel's files; events_test.ts has the real ones. It counts the
 * descriptors of its process, which it must have for itself.
 */
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { closeFd, eventFd } from "../../ffi/descriptors.ts";
import { watchOom } from "../../runtime/cgroup/stats/oom_news.ts";
import { ENOENT } from "../../runtime/common/errno.ts";
import { SyscallError } from "../../runtime/common/errors.ts";

async function inFolder(body: (folder: string) => void): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function openDescriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

Deno.test("watchOom() says what is missing and leaves nothing open", async () => {
  await inFolder((folder) => {
    closeFd(eventFd()); // the first call loads the shim, which stays open
    const before = openDescriptors();
    const refuses = (path: string, version: 1 | 2) => {
      const error = assertThrows(() => watchOom(path, version), SyscallError);
      assertEquals([error.operation, error.errno], [`watch the memory of ${path}`, ENOENT]);
    };
    for (const version of [1, 2] as const) {
      refuses(`${folder}/none`, version);
      refuses(folder, version);
    }
    Deno.writeTextFileSync(`${folder}/memory.oom_control`, "");
    refuses(folder, 1);
    assertEquals(openDescriptors(), before);
  });
});

Deno.test("watchOom() registers an eventfd with the file of v1", async () => {
  await inFolder((folder) => {
    Deno.writeTextFileSync(`${folder}/memory.oom_control`, "");
    Deno.writeTextFileSync(`${folder}/cgroup.event_control`, "");
    const before = openDescriptors();
    const watch = watchOom(folder, 1);
    const text = Deno.readTextFileSync(`${folder}/cgroup.event_control`);
    assertMatch(text, new RegExp(`^${watch} \\d+$`));
    // O_CLOEXEC
    assertMatch(Deno.readTextFileSync(`/proc/self/fdinfo/${watch}`), /^flags:\t02\d{6}$/m);
    closeFd(watch);
    assertEquals(openDescriptors(), before);
  });
});
