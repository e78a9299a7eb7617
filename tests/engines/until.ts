/** Waits until it holds. @throws {Error} after 30 s. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!await holds()) {
    if (Date.now() > deadline) throw new Error("it does not come true within 30 s");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
