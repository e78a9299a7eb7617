/** What runc, crun and youki were attacked with, and the tests that attack kago the same way. */

export interface Weakness {
  /** Without the prefix `CVE-`; none for what was found in kago itself. */
  readonly cves: readonly string[];
  readonly mechanism: string;
  /**
   * Files as seen from this folder, and in each the names of tests, as the source has them. Here microVMs run over a
   * double; those in ../e2e/in_microvm_host have the real libkrun.
   */
  readonly tests: Readonly<Record<string, readonly string[]>>;
}

export const HISTORY: readonly Weakness[] = [
  {
    cves: ["2019-5736"],
    mechanism: "the container overwrites the runtime through /proc/self/exe",
    tests: {
      "descriptor_test.ts": [
        "what /proc/self/exe names to a container is not the runtime, and cannot be written",
        "a neighbour in the same pid namespace cannot write the executable of a waiting Init",
      ],
      "../e2e/in_microvm_host/microvm_test.ts": [
        "the VMM's executable cannot be written from its namespaces",
      ],
      "../e2e/in_microvm_host/hostile_image_test.ts": [
        "a guest of a hostile image reaches nothing of the host, and its VMM holds nothing of it",
      ],
    },
  },
  {
    cves: ["2019-16884", "2019-19921", "2023-27561", "2023-28642"],
    mechanism: "a symbolic link at /proc or /sys defeats masks and labels",
    tests: {
      "proc_test.ts": [
        "a link at /${place} to ${target} is refused with its place in mounts",
        "a link on the way to a procfs mounted elsewhere is refused too",
        "a host's procfs bound to /proc does not go to where the image's link points",
      ],
    },
  },
  {
    cves: ["2019-18837", "2021-30465"],
    mechanism: "a mount's destination is a link, or exchanged with one, out of the root",
    tests: {
      "mount_target_test.ts": ["a mount through links and .. lands inside"],
      "mount_race_test.ts": [
        "a folder exchanged with ${name} link to the host makes and mounts nothing there",
      ],
      "../e2e/in_microvm_host/hostile_image_test.ts": [
        "a guest of a hostile image reaches nothing of the host, and its VMM holds nothing of it",
      ],
    },
  },
  {
    cves: ["2022-29162", "2022-27650"],
    mechanism: "inheritable capabilities are not empty",
    tests: {
      "privilege_test.ts": [
        "inheritable and ambient capabilities are empty, whatever the caller's are",
      ],
      "../e2e/in_microvm_host/hostile_image_test.ts": [
        "a guest of a hostile image reaches nothing of the host, and its VMM holds nothing of it",
      ],
      "../e2e/in_microvm_host/microvm_test.ts": [
        "every thread of the VMM has the container's user, capabilities and no_new_privs",
      ],
    },
  },
  {
    cves: ["2023-25809"],
    mechanism: "the cgroup of a rootless container is writable",
    tests: {
      "privilege_test.ts": [
        "a read-only cgroup mount takes no writes (${cgroup} cgroup namespace, ${user} ids)",
        "a writable cgroup mount without a namespace shows the container's own cgroup only",
      ],
    },
  },
  {
    cves: ["2024-21626"],
    mechanism: "a leaked descriptor, reached by a working directory of /proc/self/fd",
    tests: {
      "descriptor_test.ts": [
        "a working directory of ${cwd} does not lead to a leaked folder",
        "a working directory of /proc/self/fd/${fd} is no folder of the host",
        "a leaked descriptor is closed in the container",
        "a program or interpreter behind a leaked descriptor is not run",
      ],
      "../e2e/in_microvm_host/hostile_image_test.ts": [
        "a guest of a hostile image reaches nothing of the host, and its VMM holds nothing of it",
      ],
    },
  },
  {
    cves: ["2024-45310"],
    mechanism: "a race makes files and folders on the host",
    tests: {
      "mount_race_test.ts": [
        "a folder exchanged with ${name} link to the host makes and mounts nothing there",
      ],
    },
  },
  {
    cves: ["2025-24965"],
    mechanism: ".krun_config.json in the image is a link",
    tests: {
      "krun_config_test.ts": [
        "${what} at ${CONFIG} is replaced, never followed, opened or obeyed",
      ],
      "../e2e/in_microvm_host/hostile_image_test.ts": [
        "without the agent, a hostile .krun_config.json and .krun_vm.json are replaced, and not obeyed",
      ],
    },
  },
  {
    cves: ["2025-31133", "2025-62161"],
    mechanism: "/dev/null is a link while paths are masked",
    tests: {
      "proc_test.ts": [
        "a /dev/null of the image's own never covers a masked path",
        "a device mounted over /dev/null by the bundle never covers a masked path",
      ],
    },
  },
  {
    cves: ["2025-52565"],
    mechanism: "/dev/pts/N is a link when the console is mounted",
    tests: {
      "rootfs_dev_test.ts": ["a terminal is never taken out of the image's own /dev/pts"],
    },
  },
  {
    cves: ["2025-52881", "2025-62596"],
    mechanism: "writes to /proc are led to a fake procfs",
    tests: {
      "proc_test.ts": [
        "sysctls are not written to a fake procfs, which is no destination",
        "a link of the image that leads into the procfs is no destination for a fake one",
      ],
      "fake_proc_test.ts": [
        "time offsets are not written to the procfs of a mount namespace that is joined",
        "a fake list of threads in the container's procfs keeps no thread of a VMM privileged",
      ],
    },
  },
  {
    cves: ["2026-41579", "2026-47766"],
    mechanism: "/dev of the image is a link",
    tests: {
      "rootfs_dev_test.ts": [
        "a link at /dev to ${target} is refused when /dev is mounted",
        "a link at /dev to the host makes nodes and links inside, and none on the host",
        "a link at /dev to /proc makes no node in a procfs",
      ],
    },
  },
  {
    cves: ["2026-88264", "2026-88265"],
    mechanism: "/dev/console and /dev/null are links, and /dev is not mounted",
    tests: {
      "rootfs_dev_test.ts": [
        "a console at a link to ${target} is refused",
        "a link or another file at /dev/${name} is refused, and what it names stays as it is",
      ],
    },
  },
  {
    cves: ["2026-30892"],
    mechanism: "`exec -u 1` is taken for another user",
    tests: {
      "exec_test.ts": [
        "exec --user never makes another user of half a number (CVE-2026-30892)",
        "exec reads users below the root alone, and waits for no FIFO",
      ],
    },
  },
  {
    cves: ["2016-9962"],
    mechanism: "the container reaches into a stage of exec before it is the container's own",
    tests: {
      "exec_test.ts": [
        "the container sees nothing of exec's stages before they are its own (CVE-2016-9962)",
      ],
      "../neighbour/neighbour_test.ts": [
        "a neighbour that sees all processes of the host gets nothing of kago's",
        "a neighbour in the same pid and user namespaces gets nothing of kago's",
        "a neighbour gets nothing of a VMM, nor of what stands for a process in a guest",
      ],
      "../neighbour/podman_test.ts": [
        "a neighbour gets nothing of kago's while podman runs containers",
      ],
      "../neighbour/beside_test.ts": [
        "a neighbour gets nothing of kago's while other suites' tests run",
      ],
    },
  },
  {
    cves: [],
    mechanism: "root of a guest writes its VMM's memory by the procfs that the VMM has",
    tests: {
      "vmm_mounts_test.ts": [
        "a VMM sees its own descriptors, read-only, and nothing more of the host's kernel (krun.agent=${agent})",
        "a user namespace's VMM sees no more of the kernel than another's",
        "the host's /proc, /sys and cgroups in their own places are the guest kernel's, and never the VMM's",
        "what comes of the host's kernel with a volume is read-only to the VMM",
        "a VMM on a terminal has it of a devpts that is read-only to it",
        "the host's procfs is not bound into a microVM, by its name or with a folder that it is mounted in",
      ],
      "../e2e/in_microvm_host/vmm_mounts_test.ts": [
        "below its mounts root of a guest finds no procfs to write (krun.agent=${agent})",
      ],
    },
  },
  {
    cves: [],
    mechanism: "a VMM leads what is asked of its guest's agent to another VM",
    tests: {
      "agent_socket_test.ts": [
        "what is asked of a VM whose VMM put a link to another's socket in its place comes to no other",
        "a socket of another process in the agent's place is not talked to",
        "a link or another's socket in place of the door is refused with a reason",
      ],
    },
  },
  {
    cves: [],
    mechanism: "a VMM fills the host's /run, or makes a state that cannot be removed",
    tests: {
      "agent_socket_test.ts": [
        "a VMM fills nothing of the host's, and its directory holds neither programs nor devices",
      ],
      "state_removal_test.ts": [
        "delete --force removes 60000 folders in each other",
        "delete --force follows no link in the state, and empties nothing that is mounted there",
      ],
    },
  },
  {
    cves: [],
    mechanism:
      "a neighbour gets at the host, or at what is set up, through a process of kago's that waits",
    tests: {
      "hidden_stages_test.ts": [
        "a neighbour finds no way into the Init of a created container",
        "a neighbour finds no way into the Init that waits for a ${moment} hook",
        "a neighbour finds no way into a VMM${name}, before it is started",
        "a neighbour finds no way into a VMM that runs",
      ],
      "stage_socket_test.ts": [
        "a neighbour in a joined pid and user namespace, with its capabilities, gets into no stage of another",
      ],
      "../neighbour/neighbour_test.ts": [
        "a neighbour that sees all processes of the host gets nothing of kago's",
        "a neighbour in the same pid and user namespaces gets nothing of kago's",
        "a neighbour gets nothing of a VMM, nor of what stands for a process in a guest",
      ],
    },
  },
  {
    cves: [],
    mechanism: "a neighbour gets at the host through what stands for a process in a guest",
    tests: {
      "hidden_stages_test.ts": [
        "what stands for a process in a guest has no files, and a neighbour finds no way into it",
      ],
    },
  },
  {
    cves: [],
    mechanism: "whoever has the socket to Main names a process of the host as the container's",
    tests: {
      "stage_socket_test.ts": [
        "a process of the host that a stolen socket names as Init is neither recorded nor killed before ${program} runs",
      ],
    },
  },
  {
    cves: [],
    mechanism: "an unmasked procfs stays open in an Init that waits",
    tests: {
      "stage_socket_test.ts": [
        "a created container's Init holds no procfs, whatever it has set with one, and no folder",
        "an Init that waits for hooks holds no procfs",
      ],
    },
  },
  {
    cves: [],
    mechanism:
      "files in the caller's home or folder, and variables, choose what Deno reads and writes",
    tests: {
      "environment_test.ts": [
        "malformed files for deno and npm in the caller's home and folder change nothing",
        "FIFOs in place of such files hold nothing up",
        "no variable of the caller's makes kago write a file",
        "kago opens no file below the caller's home or folder",
      ],
    },
  },
  {
    cves: [],
    mechanism: "an image's /etc/passwd or /etc/group has no end",
    tests: {
      "passwd_test.ts": [
        "a passwd of a terabyte ends run with a sentence, and one that HOME is given with is not read",
        "a FIFO, a device, a folder and a link to either are no passwd, and hold nothing up",
        "exec reads no passwd and no group of a terabyte",
      ],
    },
  },
  {
    cves: [],
    mechanism: "a seccomp filter keeps a stage of the runtime's from ending",
    tests: {
      "filtered_end_test.ts": [
        "run ends and leaves nothing under a filter that allows ${name}, ${kind} no_new_privs",
        "a hook that may neither run nor exit is an error of run",
        "a container that waits for start under a filter that interrupts it for ever is gone",
      ],
    },
  },
  {
    cves: [],
    mechanism: "hooks in the container run without its seccomp filter",
    tests: {
      "hook_filter_test.ts": [
        "a startContainer hook runs under the container's filter, ${kind} no_new_privs",
        "a startContainer hook of a microVM runs under the filter of the VMM",
      ],
    },
  },
  {
    cves: [],
    mechanism:
      "a nested user namespace mounts a procfs or sysfs without masks, since the host's are in sight",
    tests: {
      "no_pivot_test.ts": [
        "without pivot_root a nested user namespace mounts no unmasked ${type}",
        "nor does it where another mount hides the host's ${type}, and it has no path",
        "nor does it where the host's ${type} is locked, as it is for a user namespace",
      ],
    },
  },
  {
    cves: [],
    mechanism: "an annotation of an image's names the library that the runtime loads as root",
    tests: {
      "library_trust_test.ts": [
        "a layer below ${parent} with a link to the host's libkrun and its own firmware beside it runs nothing",
        "a layer below ${parent} with a libkrun of its own runs nothing",
        "podman run with an annotation that names an image's layer runs nothing of it",
        "podman run of an image that has the annotation itself runs nothing of it",
        "a library that ${what} is not loaded",
        "a flavour of libkrun beside the library has to be root's alone too",
        "a ${name} that is exchanged all the time is loaded as it was looked at, or not at all",
        "the administrator's file names the library, and is obeyed only if it is root's alone",
      ],
    },
  },
  {
    cves: [],
    mechanism: "an image's settings open the host to its guest, or switch off what confines it",
    tests: {
      "krun_config_test.ts": [
        "an image cannot switch the agent off by a tag, and so get rid of what config.json asks for",
        "a microVM without the agent is refused with ${field}, which nothing else would enforce",
        "${name} of an image or a pod opens nothing of the host without the administrator's permission",
      ],
      "library_trust_test.ts": [
        "the administrator's file allows an annotation, and without it an image's is refused",
      ],
      "../e2e/in_systemd_host/systemd_driver_test.ts": [
        "a property that reaches other units takes the administrator's permission",
      ],
    },
  },
  {
    cves: [],
    mechanism: "a guest takes its VMM over, and has all that config.json gives on the host",
    tests: {
      "vmm_jail_test.ts": [
        "a VMM that reaches for ${what} ends, and the call is named",
        "a VMM reaches no file of the host, even with a directory of it open",
        "a VMM is told that there is no call to make a process by flags that no filter sees",
        "a privileged VMM has the capabilities of virtiofs on every thread, none ambient, and no_new_privs",
        "a VMM connects to no abstract socket of its network namespace",
        "a VMM holds no descriptor but its guest's and libkrun's",
      ],
    },
  },
  {
    cves: [],
    mechanism:
      "a neighbour looks into passt while it has root's capabilities and the host in sight",
    tests: {
      "vmm_jail_test.ts": [
        "passt has four capabilities, gains none, holds its socket alone, and is not dumpable",
      ],
    },
  },
];
