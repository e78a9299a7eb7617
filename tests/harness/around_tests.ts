/** For modules that are preloaded before test files (`deno test --preload`): wraps each of their tests. */

export type TestFunction = (context: Deno.TestContext) => void | Promise<void>;

/** Replaces each test's function by the result of `wrap`, when the test is registered. */
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
