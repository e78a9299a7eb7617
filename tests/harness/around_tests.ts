/** What a module that is preloaded before test files (`deno test --preload`) does to each of their tests. */

export type TestFunction = (context: Deno.TestContext) => void | Promise<void>;

/** Registers what `wrap` makes of each test's function in place of that function. */
export function aroundTests(wrap: (test: TestFunction) => TestFunction): void {
  const original = Deno.test as unknown as (...words: unknown[]) => void;
  const register = (...words: unknown[]) =>
    original(...words.map((word) => {
      if (typeof word === "function") return wrap(word as TestFunction);
      const { fn, ...rest } = word as { fn?: TestFunction };
      return fn ? { ...rest, fn: wrap(fn) } : word;
    }));
  Object.assign(Deno, { test: Object.assign(register, Deno.test) });
}
