import { assertEquals } from "@std/assert";
import { UnknownNameError } from "../../../runtime/common/errors.ts";
import { withSuggestion } from "../../../runtime/cli/suggestion.ts";

function suggest(given: string): string {
  const known = ["state", "start", "list", "features"];
  return withSuggestion(new UnknownNameError("command", given, known, "", "kago --help"));
}

Deno.test("withSuggestion() names what is nearest", () => {
  const cases = {
    sttae: "state",
    strt: "start",
    ls: "list",
    feature: "features",
    STATE: undefined,
  };
  for (const [given, meant] of Object.entries(cases)) {
    const hint = meant ? `, did you mean ${meant}?` : ";";
    assertEquals(suggest(given), `unknown command ${given}${hint} see kago --help`);
  }
});

Deno.test("withSuggestion() says where an option was given", () => {
  const known = ["--bundle", "--config"];
  const error = new UnknownNameError("option", "--bundel", known, " for run", "kago run --help");
  assertEquals(
    withSuggestion(error),
    "unknown option --bundel for run, did you mean --bundle? see kago run --help",
  );
});

Deno.test("withSuggestion() adds nothing where nothing is near", () => {
  assertEquals(
    suggest("x".repeat(100_000)).length,
    100_000 + "unknown command ; see kago --help".length,
  );
  const none = new UnknownNameError("command", "a", [], "", "kago --help");
  assertEquals(withSuggestion(none), none.message);
});
