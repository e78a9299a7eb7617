import { assert } from "@std/assert";
import { isRecoveryThread } from "../../../../runtime/cgroup/life/kernel_threads.ts";

Deno.test("isRecoveryThread() knows KVM's thread by its name and the kernel's flag for its own", () => {
  const kernel = "77 (kvm-nx-lpage-re) S 2 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0";
  const user =
    "78 (a) S 2 0 0 0 -1 2129984 (b) R 1 78 78 0 -1 4194304 90 0 0 0 0 0 0 0 20 0 1 0 1 0 0";
  assert(isRecoveryThread(kernel));
  assert(!isRecoveryThread(user));
  assert(!isRecoveryThread(kernel.replace("kvm-nx-lpage-re", "vhost-4711")));
  assert(!isRecoveryThread(kernel.replace("2129984", "4194304")));
});

Deno.test("isRecoveryThread() says that this process is none", async () => {
  assert(!isRecoveryThread(await Deno.readTextFile("/proc/self/stat")));
});
