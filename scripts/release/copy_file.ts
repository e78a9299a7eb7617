/** Copies a file with the given mode, whatever the umask and the mode of the original. */
export async function copyFile(from: string, to: string, mode: number): Promise<void> {
  await Deno.copyFile(from, to);
  await Deno.chmod(to, mode);
}
