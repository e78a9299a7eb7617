import { assertEquals } from "@std/assert";
import { answerOf, askGuest, NoAnswer } from "../../../../../executors/libkrun/guest/ask.ts";
import type { StoredState } from "../../../../../runtime/state/container_state.ts";
import { processStartTime } from "../../../../../runtime/state/live_status.ts";

Deno.test("a VMM that ends is not waited for, nor is one that has ended", async () => {
  const folder = await Deno.makeTempDir();
  const process = new Deno.Command("sleep", { args: ["0.5"] }).spawn();
  const state = { pid: process.pid, pidStartTime: processStartTime(process.pid)! } as StoredState;
  try {
    for (const _ of ["it ends meanwhile", "it has ended"]) {
      const answer = askGuest({ stateFolder: folder, state }, "figures", (bytes) => bytes);
      assertEquals((answer as NoAnswer).problem, "cannot be asked: the VM has ended");
    }
    assertEquals(answerOf({ stateFolder: folder, state }, "signal", { signal: 15 }), undefined);
  } finally {
    await process.status;
    await Deno.remove(folder);
  }
});
