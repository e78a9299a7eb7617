/**
 * `using` for a resource that is used once: the bundler's minifier replaces the name by the resource itself, which drops
 * `using` and its disposal (scripts/build/bundle.ts checks for that).
 */
export function disposing<T extends Disposable, R>(resource: T, use: (resource: T) => R): R {
  try {
    return use(resource);
  } finally {
    resource[Symbol.dispose]();
  }
}
