/** The man(7) macros of kago's manual, independent of its contents. */

/** Bytes of a source line, as mandoc(1) recommends. */
const WIDTH = 80;

/** Text for man(7): no escapes, dashes that can be copied, and no words that could be taken for a macro. */
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

/** The title of a page, in upper case by convention; `date` as `2026-11-29`. */
export function header(title: string, section: number, date: string, book: string): string {
  return `.TH ${text(title.toUpperCase())} ${section} ${date} kago "${book}"\n`;
}

/** The first section, in the form that whatis(1) parses. */
export function name(page: string, what: string): string {
  return section("name", `${text(page)} \\- ${text(what)}\n`);
}

/** A section of paragraphs and definitions; a `.PP` directly after the title is left out. */
export function section(title: string, ...parts: readonly string[]): string {
  return titled("SH", title.toUpperCase(), parts);
}

/** A part of a section, under its own title. */
export function subsection(title: string, ...parts: readonly string[]): string {
  return titled("SS", title, parts);
}

function titled(macro: string, title: string, parts: readonly string[]): string {
  return `.${macro} ${text(title)}\n${parts.join("").replace(/^\.PP\n/, "")}`;
}

/** A paragraph that is already marked up. */
export function paragraph(marked: string): string {
  return `.PP\n${fill(marked)}\n`;
}

/** A term and its meaning; both are already marked up. */
export function definition(term: string, meaning: string): string {
  return `.TP\n${term}\n${fill(meaning)}\n`;
}

/** A line of an example, verbatim. */
export function example(line: string): string {
  return `.PP\n.RS 4\n.nf\n${text(line)}\n.fi\n.RE\n`;
}

/** Wrapped lines of words; the formatter fills them again. */
function fill(marked: string): string {
  const lines = [""];
  for (const word of marked.split(" ")) {
    const line = `${lines.at(-1)} ${word}`.trimStart();
    if (line.length <= WIDTH || lines.at(-1) === "") lines[lines.length - 1] = line;
    else lines.push(word);
  }
  return lines.join("\n");
}
