import { assertEquals, assertThrows } from "@std/assert";
import { parseByteSize } from "../../../runtime/cli/byte_size.ts";
import { UsageError } from "../../../runtime/common/errors.ts";

Deno.test("parseByteSize() reads the units that engines and runc read", () => {
  const sizes = { "1048576": 1 << 20, "512m": 512 << 20, "1.5g": 1.5 * 2 ** 30, "2KiB": 2048 };
  for (const [text, bytes] of Object.entries({ ...sizes, "1 MB": 1 << 20, "7b": 7, "-1": -1 })) {
    assertEquals(parseByteSize("memory", text), bytes, text);
  }
});

Deno.test("parseByteSize() refuses what is no size, and names the option", () => {
  for (const text of ["", "-2", "m", "12x", "1e3", "1..5m", "99999999999p"]) {
    const error = assertThrows(() => parseByteSize("memory-swap", text), UsageError);
    assertEquals(error.message.startsWith(`option --memory-swap: "${text}" is not a size`), true);
  }
});
