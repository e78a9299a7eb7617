import { assert } from "@std/assert";
import { hasKernelThreadFlag } from "../../../runtime/cgroup/kernel_threads.ts";

Deno.test("hasKernelThreadFlag() knows a thread of the kernel by its flags, whatever its name is", () => {
  const kernel = "77 (kvm-nx-lpage-re) S 2 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0";
  const user =
    "78 (a) S 2 0 0 0 -1 2129984 (b) R 1 78 78 0 -1 4194304 90 0 0 0 0 0 0 0 20 0 1 0 1 0 0";
  assert(hasKernelThreadFlag(kernel));
  assert(!hasKernelThreadFlag(user));
});

Deno.test("hasKernelThreadFlag() says that this process is none", async () => {
  assert(!hasKernelThreadFlag(await Deno.readTextFile("/proc/self/stat")));
});
