/** The man(7) macros that kago's manual is made of. Knows nothing of what is written. */

/** Bytes of a line of source, as mandoc(1) likes it. */
const WIDTH = 80;

/** Text as man(7) takes it: no escape, a dash that can be copied, and no word that a macro could be taken for. */
export function text(plain: string): string {
  return plain.replaceAll("\\", "\\e").replaceAll("-", "\\-")
    .replaceAll(/(^|\s)(?=[.'])/g, "$1\\&");
}

export function bold(plain: string): string {
  return `\\fB${text(plain)}\\fR`;
}

export function italic(plain: string): string {
  return `\\fI${text(plain)}\\fR`;
}

/** The title of a page, in upper case as pages have it; `date` as `2026-11-29`. */
export function header(title: string, section: number, date: string, book: string): string {
  return `.TH ${text(title.toUpperCase())} ${section} ${date} kago "${book}"\n`;
}

/** The first section, as whatis(1) reads it. */
export function name(page: string, what: string): string {
  return section("name", `${text(page)} \\- ${text(what)}\n`);
}

/** A section of paragraphs and definitions; none follows its title. */
export function section(title: string, ...parts: readonly string[]): string {
  return `.SH ${title.toUpperCase()}\n${parts.join("").replace(/^\.PP\n/, "")}`;
}

/** A paragraph, marked up already. */
export function paragraph(marked: string): string {
  return `.PP\n${fill(marked)}\n`;
}

/** What a term means; both are marked up already. */
export function definition(term: string, meaning: string): string {
  return `.TP\n${term}\n${fill(meaning)}\n`;
}

/** A line of an example, as it stands. */
export function example(line: string): string {
  return `.PP\n.RS 4\n.nf\n${text(line)}\n.fi\n.RE\n`;
}

/** Lines of words, which are filled again when the page is set. */
function fill(marked: string): string {
  const lines = [""];
  for (const word of marked.split(" ")) {
    const line = `${lines.at(-1)} ${word}`.trimStart();
    if (line.length <= WIDTH || lines.at(-1) === "") lines[lines.length - 1] = line;
    else lines.push(word);
  }
  return lines.join("\n");
}
