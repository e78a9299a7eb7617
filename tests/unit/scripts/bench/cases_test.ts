import { assertEquals } from "@std/assert";
import { commandsOfLife, SCENES, WAYS } from "../../../../scripts/bench/cases.ts";

const PLACE = {
  ...{ id: "ID", pidFile: "PIDFILE", log: "LOG" },
  bundles: { brief: "B", limited: "L", filtered: "F", lasting: "S" },
};

Deno.test("every case has a name of its own, and a way", () => {
  const names = SCENES.flatMap(({ steps }) => steps.flatMap(({ name }) => name ?? []));
  assertEquals(names, [...new Set(names)]);
  assertEquals(SCENES.filter(({ ways }) => ways.length === 0), []);
});

Deno.test("every round has single containers, and the first one all ways", () => {
  assertEquals(WAYS.filter(({ every }) => every === 1).map(({ name }) => name), ["alone"]);
  assertEquals(WAYS.every(({ every }) => 0 % every === 0), true);
});

Deno.test("commandsOfLife() has the runtime's commands alone", () => {
  assertEquals(commandsOfLife("podman", PLACE).map((words) => words.join(" ")), [
    "create --bundle F --pid-file PIDFILE ID",
    "start ID",
    "delete --force ID",
  ]);
  const log = "--log LOG --log-format json";
  assertEquals(commandsOfLife("ctr", PLACE).map((words) => words.join(" ")), [
    `${log} create --bundle B --pid-file PIDFILE ID`,
    `${log} start ID`,
    `${log} delete ID`,
    `${log} delete --force ID`,
  ]);
});
