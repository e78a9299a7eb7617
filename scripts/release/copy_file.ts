/** Copies a file with a mode of its own, whatever the umask and the original's are. */
export async function copyFile(from: string, to: string, mode: number): Promise<void> {
  await Deno.copyFile(from, to);
  await Deno.chmod(to, mode);
}
