/** Examples of each command, for its help and its manual page. Loaded only with these: see command_table.ts. */
import type { CommandName } from "./command_table.ts";

export interface Example {
  readonly what: string;
  readonly command: string;
}

export const EXAMPLES: Readonly<Record<CommandName, readonly Example[]>> = {
  create: [
    {
      what: "Create a container from the bundle in /srv/web:",
      command: "kago create -b /srv/web web",
    },
  ],
  start: [{ what: "Run the program of a created container:", command: "kago start web" }],
  run: [
    { what: "Run a container and wait for it:", command: "kago run -b /srv/web web" },
    {
      what: "Run it as a microVM, in the background:",
      command: "kago --handler krun run -d -b /srv/web web",
    },
  ],
  exec: [
    { what: "Open a shell in a container:", command: "kago exec -t web sh" },
    {
      what: "Run a program as another user, with an environment variable:",
      command: "kago exec -u 1000:1000 -e LANG=C.UTF-8 web id",
    },
  ],
  state: [{ what: "Print the state of a container:", command: "kago state web" }],
  kill: [
    { what: "Ask a container to read its configuration again:", command: "kago kill web HUP" },
    { what: "Kill all processes of a container:", command: "kago kill --all web KILL" },
  ],
  delete: [
    { what: "Delete a container that has stopped:", command: "kago delete web" },
    { what: "Kill a running container and delete it:", command: "kago delete -f web" },
  ],
  pause: [{ what: "Suspend a container:", command: "kago pause web" }],
  resume: [{ what: "Resume a container:", command: "kago resume web" }],
  ps: [
    { what: "Show the processes of a container:", command: "kago ps web" },
    { what: "Print their process ids on the host as JSON:", command: "kago ps -f json web" },
  ],
  events: [
    { what: "Print the statistics of a container once:", command: "kago events --stats web" },
    { what: "Print them every second:", command: "kago events --interval 1s web" },
  ],
  update: [
    {
      what: "Limit memory and processes:",
      command: "kago update --memory 512m --pids-limit 200 web",
    },
    { what: "Remove the memory limit:", command: "kago update --memory -1 web" },
  ],
  checkpoint: [
    {
      what: "Checkpoint a container to /var/tmp/web and leave it running:",
      command: "kago checkpoint --image-path /var/tmp/web --leave-running web",
    },
  ],
  restore: [
    {
      what: "Restore a container from /var/tmp/web in the background:",
      command: "kago restore --image-path /var/tmp/web -b /srv/web -d web",
    },
  ],
  list: [
    { what: "List all containers:", command: "kago list" },
    { what: "Delete all of them:", command: "kago list -q | xargs -rn1 kago delete -f" },
  ],
  spec: [{ what: "Write /srv/web/config.json:", command: "kago spec -b /srv/web" }],
  features: [{ what: "Print the supported hooks:", command: "kago features | jq .hooks" }],
  doctor: [{ what: "Find out what this host lacks for microVMs:", command: "kago doctor" }],
  completion: [
    {
      what: "Enable completion in the current shell:",
      command: "kago completion bash > ~/.kago.bash; . ~/.kago.bash",
    },
  ],
  manual: [{ what: "Read the page of a command:", command: "kago manual run | man -l -" }],
  plan: [{ what: "Show what create would do with a bundle:", command: "kago plan -b /srv/web" }],
};
