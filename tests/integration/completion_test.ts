/** Completion in the real shells: bash, zsh and fish. Needs root and `dist/kago`. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { COMMANDS } from "../../runtime/cli/command_table.ts";
import { KAGO, Kago } from "../harness/kago.ts";
import { run, runOk } from "../harness/run.ts";

/** The words that a shell offers for the last word of a line; `folder` has the program and the scripts. */
type Complete = (folder: string, line: string) => Promise<string[]>;

const SHELLS: Readonly<Record<string, Complete>> = {
  bash: async (folder, line) => {
    // As readline splits it, at COMP_WORDBREAKS.
    const words = line.split(/ |(=)/).filter((word) => word !== undefined);
    const script = `. ${folder}/kago.bash
      COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
      _kago
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    return offered(await runOk("bash", ["-c", script, "bash", ...words], inPath(folder)));
  },
  zsh: async (folder, line) => {
    const text = await runOk("zsh", ["-f", "-c", ZSH, "zsh", folder, line], inPath(folder));
    return offered(text);
  },
  fish: async (folder, line) => {
    const script = `source ${folder}/kago.fish; complete --do-complete $argv[1]`;
    const text = await runOk("fish", ["--no-config", "-c", script, line], inPath(folder));
    return offered(text).map((word) => word.split("\t")[0]!);
  },
};

/** zsh completes in its line editor alone, which wants a terminal; what goes through compadd is written to a file. */
const ZSH = `
  folder=$1 line=$2
  zmodload zsh/zpty
  cat > $folder/.zshrc <<'END'
    fpath=($HOME $fpath)
    autoload -Uz compinit && compinit -u -D
    compadd() {
      local -a hits
      builtin compadd -A hits "$@"
      print -l -- $hits >> $HOME/offered
      builtin compadd "$@"
    }
    finish() { zle complete-word; : > $HOME/done }
    zle -N finish
    bindkey '^I' finish
    PS1=ready
END
  rm -f $folder/offered $folder/done
  zpty shell ZDOTDIR=$folder zsh -i
  zpty -r -m shell seen '*ready*'
  zpty -w -n shell "$line"$'\\t'
  for i in {1..400}; do [[ -e $folder/done ]] && break; sleep 0.05; zpty -r -t shell seen; done
  zpty -d shell
  [[ ! -e $folder/offered ]] || cat $folder/offered
`;

const FILES = { bash: "kago.bash", zsh: "_kago", fish: "kago.fish" } as const;

function offered(text: string): string[] {
  return text.split("\n").filter(Boolean);
}

function inPath(folder: string) {
  const env = { PATH: `${folder}:${Deno.env.get("PATH")}`, HOME: folder, TERM: "dumb" };
  return { env, timeout: 60 };
}

async function withShells(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.symlink(KAGO, `${folder}/kago`);
    for (const [shell, file] of Object.entries(FILES)) {
      await Deno.writeTextFile(`${folder}/${file}`, await runOk(KAGO, ["completion", shell]));
    }
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const [shell, complete] of Object.entries(SHELLS)) {
  Deno.test(`${shell} completes commands, options, their values and the ids of containers`, async () => {
    await withShells(async (folder) => {
      await Kago.with({ args: ["sleep", "1000"] }, async (kago) => {
        await kago.create();
        const root = `--root ${kago.root}`;
        const expect = async (line: string, ...words: readonly string[]) => {
          const found = await complete(folder, line);
          for (const word of words) assert(found.includes(word), `${line}: ${word}: ${found}`);
          return found;
        };
        await expect("kago ", ...Object.keys(COMMANDS));
        assertEquals(await expect("kago chec"), ["checkpoint"]);
        await expect("kago --", "--root", "--log-format", "--systemd-cgroup");
        await expect("kago --log-format ", "text", "json");
        await expect("kago run --", "--bundle", "--pid-file", "--keep");
        await expect("kago list --format ", "table", "json");
        await expect("kago completion ", "bash", "zsh", "fish");
        for (const command of ["state", "exec --cwd /", "kill", "delete --force"]) {
          await expect(`kago ${root} ${command} `, kago.id);
        }
        const second = await complete(folder, `kago ${root} kill ${kago.id} `);
        assert(second.some((word) => /^(SIG)?KILL$/.test(word)), `${second}`);
        assert(!second.includes(kago.id), `${second}`);
        const fresh = await complete(folder, `kago ${root} run `);
        assert(!fresh.includes(kago.id), `${fresh}`);
      });
    });
  });
}

Deno.test("bash completes what stands behind an equals sign, and after it", async () => {
  await withShells(async (folder) => {
    assertEquals(await SHELLS.bash!(folder, "kago --log-format=j"), ["json"]);
    assertEquals(await SHELLS.bash!(folder, "kago --log-format=json chec"), ["checkpoint"]);
  });
});

Deno.test("completion of another shell is refused with those that there are", async () => {
  const { code, stderr } = await run(KAGO, ["completion", "csh"]);
  assertEquals(code, 1);
  assertStringIncludes(stderr, "there is none for csh, only for bash, zsh, fish");
});
