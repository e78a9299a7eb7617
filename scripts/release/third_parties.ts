/** The licences of the other components in a release: a list, and then their texts. Pure. */
import type { Component } from "./component.ts";

export function thirdParties(components: readonly Component[]): string {
  const included = components.filter(({ scope }) => scope === "required");
  const list = included.map(({ name, version, licence }) => `  ${name} ${version}: ${licence}`);
  const texts = included.filter(({ text }) => text !== undefined).map(({ name, version, text }) =>
    `${"=".repeat(80)}\n${name} ${version}\n\n${text!.trim()}\n`
  );
  return `kago is under the Apache License 2.0 (LICENSE). With it come:

${list.join("\n")}

Deno in turn is made of many crates of Rust, which its sources list with their licences (Cargo.lock of
https://github.com/denoland/deno).

${texts.join("\n")}`;
}
