/** Waiting for OOM events, with what stands for the kernel's files; tests/integration/events_test.ts has the real ones. */
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { closeFd, eventFd } from "../../../../ffi/descriptors.ts";
import { openPidfd } from "../../../../ffi/processes.ts";
import { waitForOom, watchOom } from "../../../../runtime/cgroup/stats/oom_news.ts";
import { EBADF, ENOENT } from "../../../../runtime/common/errno.ts";
import { SyscallError } from "../../../../runtime/common/errors.ts";

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

/** The body gets a pidfd of a process that waits. */
async function withSleeper(body: (pidfd: number, child: Deno.ChildProcess) => unknown) {
  const child = new Deno.Command("sleep", { args: ["1000"] }).spawn();
  const pidfd = openPidfd(child.pid)!;
  try {
    await body(pidfd, child);
  } finally {
    closeFd(pidfd);
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await child.status;
  }
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

Deno.test("waitForOom() tells of an event once", async () => {
  await withSleeper((pidfd) => {
    const event = eventFd(1);
    assertEquals(waitForOom(event, 1, pidfd, 1000), { changed: true, ended: false });
    assertEquals(waitForOom(event, 1, pidfd, 10), { changed: false, ended: false });
    closeFd(event);
  });
});

Deno.test("waitForOom() ends with the process and tells of an event before", async () => {
  await withSleeper((pidfd, child) => {
    assertEquals(waitForOom(-1, 1, pidfd, 10), { changed: false, ended: false });
    child.kill("SIGKILL");
    assertEquals(waitForOom(-1, 1, pidfd, 10000), { changed: false, ended: true });
    const event = eventFd(1);
    assertEquals(waitForOom(event, 1, pidfd, 0), { changed: true, ended: true });
    closeFd(event);
  });
});

Deno.test("waitForOom() refuses descriptors that are none", async () => {
  await withSleeper((pidfd) => {
    const refuses = (watch: number, version: 1 | 2, pidfd: number) => {
      const error = assertThrows(() => waitForOom(watch, version, pidfd, 0), SyscallError);
      assertEquals([error.operation, error.errno], ["poll for OOM events", EBADF]);
    };
    refuses(-1, 1, 900);
    refuses(900, 2, pidfd);
  });
});
