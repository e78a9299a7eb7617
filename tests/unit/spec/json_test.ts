import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { SpecError } from "../../../runtime/common/errors.ts";
import { parseJson, stringifyJson } from "../../../runtime/spec/json.ts";

Deno.test("parseJson() gives a bigint for an integer that a number would change, and a number otherwise", () => {
  assertEquals(
    parseJson(
      "[9007199254740991, 9007199254740992, -9223372036854775808, 18446744073709551615, 0, -5]",
    ),
    [9007199254740991, 9007199254740992n, -9223372036854775808n, 18446744073709551615n, 0, -5],
  );
  assertEquals(parseJson("18446744073709551615"), 18446744073709551615n);
  assertEquals(parseJson('{"a":-9007199254740993}'), { a: -9007199254740993n });
});

Deno.test("parseJson() leaves fractions, exponents and more than 20 digits to JSON.parse", () => {
  assertEquals(parseJson("[1e30, 1.5, 1234567890123456.5, 123456789012345678901]"), [
    1e30,
    1.5,
    1234567890123456.5,
    123456789012345678901,
  ]);
});

Deno.test("parseJson() leaves digits in strings alone", () => {
  const value = { id: "1234567890123456789", "9007199254740993": "x: 9007199254740993" };
  assertEquals(parseJson(JSON.stringify(value)), value);
});

Deno.test("parseJson() leaves out null properties, but keeps null items", () => {
  assertEquals(parseJson('{"a": null, "b": [null], "c": {"d":null, "e": "x: null"}}'), {
    b: [null],
    c: { e: "x: null" },
  });
});

Deno.test("parseJson() throws a SpecError with the parser's own error as cause", () => {
  const error = assertThrows(() => parseJson("{]"), SpecError);
  assertEquals(
    error.message,
    "the text is not JSON: expected a property name or }, found ] at line 1, column 2",
  );
  assertInstanceOf(error.cause, SyntaxError);
});

Deno.test("stringifyJson() writes what parseJson() reads", () => {
  const text = '{"hard":18446744073709551615,"list":[-9223372036854775808,1],"s":"é\\n"}';
  assertEquals(stringifyJson(parseJson(text)), text);
});

Deno.test("stringifyJson() indents, and escapes no printable character", () => {
  assertEquals(stringifyJson({ a: ["é", "世界"] }, 2), '{\n  "a": [\n    "é",\n    "世界"\n  ]\n}');
});
