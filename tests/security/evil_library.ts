/**
 * What an attacker would have kago load: libraries that leave a mark on the host as soon as they are loaded. This module owns
 * their source and the mark; where they are planted is the attack's.
 */
import { runOk } from "../harness/run.ts";

export class EvilLibrary implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async build(): Promise<EvilLibrary> {
    const folder = await Deno.makeTempDir({ prefix: "evil_" });
    await Deno.chmod(folder, 0o777);
    const evil = new EvilLibrary(folder);
    const source = `#include <stdio.h>
__attribute__((constructor)) static void run(void) {
  FILE *mark = fopen("${evil.#mark}", "a");
  if (mark) fclose(mark);
}
`;
    await Deno.writeTextFile(`${folder}/evil.c`, source);
    const flags = ["-shared", "-fPIC", "-Wl,-soname,libkrunfw.so.5"];
    await runOk("cc", [...flags, "-o", evil.path, `${folder}/evil.c`]);
    return evil;
  }

  get path(): string {
    return `${this.folder}/evil.so`;
  }

  get #mark(): string {
    return `${this.folder}/was_loaded`;
  }

  wasLoaded(): boolean {
    return [...Deno.readDirSync(this.folder)].some(({ name }) => name === "was_loaded");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
