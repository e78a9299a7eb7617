/** Stand-ins for kago in the packers' tests: a program and a library for all inputs of the packer. */

/** Paths in `folder`; the caller writes `whole`, `quick` and `shim`, and the others are the same files. */
export function packInputs(folder: string) {
  const [whole, quick, shim] = [`${folder}/whole.js`, `${folder}/quick.js`, `${folder}/shim.so`];
  return { whole, quick, exec: whole, create: whole, microvm: whole, shim, stage: shim, vmm: shim };
}
