/**
 * `using` for a resource that is used once: the bundler's minifier puts the resource itself where its name stood, and what
 * `using` promised with the name is lost (scripts/build/bundle.ts looks for that).
 */
export function disposing<T extends Disposable, R>(resource: T, use: (resource: T) => R): R {
  try {
    return use(resource);
  } finally {
    resource[Symbol.dispose]();
  }
}
