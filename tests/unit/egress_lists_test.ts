import { assertEquals } from "@std/assert";
import { egressLists } from "../../runtime/egress_lists.ts";

Deno.test("egressLists() finds a list by either name, both of them, and an empty one", () => {
  const lists = (annotations?: Record<string, string>) =>
    egressLists({ ociVersion: "", ...(annotations ? { annotations } : {}) });
  const own = { from: 'annotations["run.kago.egress"]', text: "a" };
  const other = { from: 'annotations["krun.egress"]', text: "" };
  assertEquals(lists(), []);
  assertEquals(lists({ "krun.cpus": "1" }), []);
  assertEquals(lists({ "run.kago.egress": "a" }), [own]);
  assertEquals(lists({ "krun.egress": "" }), [other]);
  assertEquals(lists({ "krun.egress": "", "run.kago.egress": "a" }), [own, other]);
});
