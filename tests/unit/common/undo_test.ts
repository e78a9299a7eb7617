import { assertEquals } from "@std/assert";
import { undoAll } from "../../../runtime/common/undo.ts";

Deno.test("undoAll() takes every step back, the latest first, and returns the error as it is", () => {
  const done: string[] = [];
  const error = new Error("the reason");
  assertEquals(undoAll([() => done.push("first"), () => done.push("last")], error), error);
  assertEquals(done, ["last", "first"]);
  assertEquals(error.cause, undefined);
});

Deno.test("undoAll() attaches what fails on the way to the error, and goes on", () => {
  const done: string[] = [];
  const below = new Error("below");
  const error = new Error("the reason", { cause: below });
  const failure = new Error("busy");
  const fails = () => {
    throw failure;
  };
  assertEquals(undoAll([() => done.push("first"), fails], error), error);
  assertEquals(done, ["first"]);
  assertEquals((error.cause as AggregateError).errors, [below, failure]);
});
