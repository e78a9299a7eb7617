/** What the packers' tests pack in place of kago: a program and a library for all that the packer asks for. */

/** Paths in `folder`, for the caller to write: `whole`, `quick` and `shim`; the others are the same files. */
export function packInputs(folder: string) {
  const [whole, quick, shim] = [`${folder}/whole.js`, `${folder}/quick.js`, `${folder}/shim.so`];
  return { whole, quick, exec: whole, create: whole, shim, stage: shim, vmm: shim };
}
