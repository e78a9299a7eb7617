import { assertEquals } from "@std/assert";
import { compilePlan } from "../../../runtime/plan/compile.ts";
import { environmentOf, hasHome } from "../../../runtime/plan/environment.ts";
import { inputOf, specWith } from "./input.ts";

const of = (...env: string[]) => environmentOf({ cwd: "/", env });

Deno.test("environmentOf() has the last of several values, and no empty HOME", () => {
  assertEquals(of("A=1", "B=2", "A=3"), ["B=2", "A=3"]);
  assertEquals(of("HOME=/a", "HOME="), []);
  assertEquals(of("HOME=", "HOME=/a", "EMPTY="), ["HOME=/a", "EMPTY="]);
  assertEquals(environmentOf({ cwd: "/" }), []);
  assertEquals([hasHome(of("HOME=")), hasHome(of("HOME=/"))], [false, true]);
});

Deno.test("compilePlan() looks for a home in the image in place of an empty one", () => {
  const home = (...env: string[]) => {
    const process = { cwd: "/", args: ["sh"], env };
    const { init } = compilePlan(inputOf(specWith(["mount"], { process })));
    const exec = init.find(({ op }) => op === "exec");
    return [init.some(({ op }) => op === "findHome"), exec?.op === "exec" && exec.env];
  };
  assertEquals(home("HOME=", "A=1"), [true, ["A=1"]]);
  assertEquals(home("HOME=/a"), [false, ["HOME=/a"]]);
});
