import { assertEquals, assertThrows } from "@std/assert";
import { findJsonError } from "../../../runtime/spec/json_error.ts";

const CASES: readonly (readonly [text: string, line: number, column: number, problem: string])[] = [
  ["", 1, 1, "expected a value, found the end"],
  [" \n\t", 2, 2, "expected a value, found the end"],
  ["{]", 1, 2, "expected a property name or }, found ]"],
  ['{"a":1,}', 1, 8, "expected a property name, found }"],
  ["[1,]", 1, 4, "expected a value, found ]"],
  ["[,]", 1, 2, "expected a value or ], found ,"],
  ["[1 2]", 1, 4, "expected a comma or ], found 2"],
  ["[1,\n2", 2, 2, "expected a comma or ], found the end"],
  ['{"a" 1}', 1, 6, "expected a colon, found 1"],
  ['{"a":1 "hunter2"}', 1, 8, "expected a comma or }, found a string"],
  [
    "\ufeff{}",
    1,
    1,
    "expected a value, found a byte order mark (U+FEFF): save the file without it",
  ],
  ["[\u202e]", 1, 2, "expected a value or ], found \\u202e"],
  ['{\n  "a": [1, {"b": tru}]\n}', 2, 18, "expected a value, found t"],
  ["{'a':1}", 1, 2, "expected a property name or }, found '"],
  ["{1:2}", 1, 2, "expected a property name or }, found 1"],
  ['{"a":1}}', 1, 8, "expected nothing more, found }"],
  ["[1] 2", 1, 5, "expected nothing more, found 2"],
  ["01", 1, 1, "expected a value, found 0"],
  ["[1.]", 1, 2, "expected a value or ], found 1"],
  ["[+1]", 1, 2, "expected a value or ], found +"],
  ['"a\nb"', 1, 1, "expected a value, found a broken string"],
  ['["\\x"]', 1, 2, "expected a value or ], found a broken string"],
  ['{"a', 1, 2, "expected a property name or }, found a broken string"],
  ["// no", 1, 1, "expected a value, found /"],
];

for (const [text, line, column, problem] of CASES) {
  Deno.test(`findJsonError() finds the error of ${JSON.stringify(text)}`, () => {
    assertThrows(() => JSON.parse(text), SyntaxError);
    assertEquals(findJsonError(text), { line, column, problem });
  });
}

Deno.test("findJsonError() stops within the text or at its end, wherever a valid text is broken", () => {
  const text = '{"a": [1, -2.5e3, true, null, "x\\n\\u00e9"], "b": {"c": {}}}';
  for (let index = 0; index < text.length; index++) {
    for (const broken of [text.slice(0, index), `${text.slice(0, index)}#${text.slice(index)}`]) {
      if (isJson(broken)) continue;
      const { line, column } = findJsonError(broken);
      assertEquals([line, column >= 1, column <= index + 1], [1, true, true], broken);
    }
  }
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
