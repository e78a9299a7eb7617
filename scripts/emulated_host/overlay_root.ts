/**
 * Parts of shell scripts that enter the root of another system in a new mount namespace. Nothing is written to the root
 * itself.
 */

/** Mounts an overlay of the root `$root`, with its layers in a tmpfs of `size` on the folder `$parts`, and enters it. */
export function enterOverlay(size: string): string {
  return `
  mount -t tmpfs -o size=${size},mode=755 overlay_parts "$parts"
  mkdir "$parts/upper" "$parts/work" "$parts/root"
  mount -t overlay -o "lowerdir=$root,upperdir=$parts/upper,workdir=$parts/work" overlay "$parts/root"
  cd "$parts/root"
`;
}

/** Mounts the kernel's filesystems below the working directory. */
export const KERNEL_FILESYSTEMS = `
  mount -t proc proc proc
  mount -t sysfs sysfs sys
  mount --rbind /dev dev
`;
