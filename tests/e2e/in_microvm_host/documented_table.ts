/** Tables of the documentation, which tests compare with their measurements. */

/**
 * The rows of the table whose first column has this title: each row's first cell, with its other cells by their titles.
 * @param page below docs.
 */
export async function tableOf(
  page: string,
  title: string,
): Promise<Record<string, Record<string, string>>> {
  const text = await Deno.readTextFile(new URL(`../../../docs/${page}`, import.meta.url));
  const lines = text.split("\n");
  const begin = lines.findIndex((line) => line.startsWith(`| ${title} |`));
  if (begin < 0) throw new Error(`docs/${page} has no table "${title}"`);
  const end = lines.findIndex((line, index) => index > begin && !line.startsWith("|"));
  const [head = [], , ...rows] = lines.slice(begin, end).map(cellsOf);
  return Object.fromEntries(rows.map(([what, ...cells]) => [
    what,
    Object.fromEntries(cells.map((cell, index) => [head[index + 1], cell])),
  ]));
}

function cellsOf(line: string): string[] {
  return line.split("|").slice(1, -1).map((cell) => cell.trim());
}
