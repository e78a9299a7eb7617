import { assertEquals, assertMatch } from "@std/assert";
import * as errno from "../../../runtime/common/errno.ts";

const { describeErrno, withoutDenoWords } = errno;

Deno.test("describeErrno() has words and a name for every errno of Linux", () => {
  assertEquals(describeErrno(2), "no such file or directory (ENOENT)");
  assertEquals(describeErrno(91), "protocol wrong type for socket (EPROTOTYPE)");
  const unused = [41, 58];
  for (let errno = 1; errno <= 133; errno++) {
    if (!unused.includes(errno)) assertMatch(describeErrno(errno), /^[^()]+ \(E\w+\)$/);
  }
});

Deno.test("the numbers that have a name are the table's", () => {
  const numbers = Object.entries(errno).filter(([name]) => /^E[A-Z0-9]+$/.test(name));
  for (const [name, number] of numbers) {
    assertEquals(/\((.*)\)/.exec(describeErrno(Number(number)))?.[1], name);
  }
});

Deno.test("withoutDenoWords() words an error of the system as kago does", () => {
  const said = [
    [
      "No space left on device (os error 28): writefile '/f'",
      "cannot write '/f': no space left on device (ENOSPC)",
    ],
    ["Broken pipe (os error 32)", "broken pipe (EPIPE)"],
    [
      "Not a directory (os error 20): rename '/a' -> '/b'",
      "cannot rename '/a' -> '/b': not a directory (ENOTDIR)",
    ],
    [
      "Failed to spawn '/x': Exec format error (os error 8)",
      "cannot start '/x': exec format error (ENOEXEC)",
    ],
    ["cannot read it: Is a directory (os error 21)", "cannot read it: is a directory (EISDIR)"],
    ["nothing of Deno's", "nothing of Deno's"],
  ];
  for (const [raw, words] of said) assertEquals(withoutDenoWords(raw!), words);
});

Deno.test("withoutDenoWords() knows the words of this Deno", () => {
  const calls = [
    () => Deno.readTextFileSync("/no/x"),
    () => Deno.writeTextFileSync("/no/x", ""),
    () => Deno.mkdirSync("/no/x"),
    () => [...Deno.readDirSync("/no/x")],
    () => Deno.renameSync("/no/x", "/no/y"),
    () => new Deno.Command("/no/x").outputSync(),
  ];
  for (const call of calls) {
    try {
      call();
    } catch (error) {
      const words = withoutDenoWords((error as Error).message);
      assertMatch(words, /^cannot [a-z ]+ '\/no\/x'.*: no such file or directory \(ENOENT\)$/);
    }
  }
});
