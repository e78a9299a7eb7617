/** Waiting for OOM events, with what stands for the kernel's files; tests/integration/events_test.ts has the real ones. */
import { assertEquals, assertThrows } from "@std/assert";
import { closeFd, eventFd } from "../../../../ffi/descriptors.ts";
import { openPidfd } from "../../../../ffi/processes.ts";
import { waitForOom } from "../../../../runtime/cgroup/stats/oom_news.ts";
import { EBADF } from "../../../../runtime/common/errno.ts";
import { SyscallError } from "../../../../runtime/common/errors.ts";

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
