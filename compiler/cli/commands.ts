// The commands as data: what each does, takes and says about itself. Their code is loaded when they run.

import type { RunCommand } from './options.js'

export interface Option {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly multiple?: boolean
  /** Placeholder of the value in the help. */
  readonly value?: string
  readonly help: string
}

export interface Command {
  readonly summary: string
  readonly positionals: readonly string[]
  readonly options: Readonly<Record<string, Option>>
  readonly more: string
  readonly load: () => Promise<RunCommand>
}

const SET: Option = { type: 'string', multiple: true, value: 'name=value', help: 'give a `param` another value, e.g. --set seeds=[0,1,2]' }
const VARIANT: Option = { type: 'string', value: 'name', help: 'apply a `variant` of the spec' }
const THREADS: Option = { type: 'string', value: 'N', help: 'how many threads compute (default: as many as there are cores); results are the same on wasm' }
const LOCKED: Option = { type: 'boolean', help: 'refuse what is not as `rlp.lock` says' }
const FORMAT: Option = { type: 'string', value: 'text|json', help: 'how to print (default text)' }

export const COMMANDS: Readonly<Record<string, Command>> = {
  new: {
    summary: 'make a folder with a small spec to start from',
    positionals: ['FOLDER'],
    options: {},
    more: 'Writes FOLDER/main.rlp (default: this folder) and never overwrites a file.',
    load: async () => (await import('./new.js')).run,
  },
  check: {
    summary: 'find mistakes without compiling',
    positionals: ['FILE'],
    options: { set: SET, variant: VARIANT, locked: LOCKED, format: FORMAT },
    more: 'Names, types, units, levels, wiring and the tests of rewards. FILE defaults to main.rlp or the only .rlp here.',
    load: async () => (await import('./check.js')).run,
  },
  compile: {
    summary: 'check, lower to graphs and write the plan',
    positionals: ['FILE'],
    options: {
      output: { type: 'string', short: 'o', value: 'PATH', help: 'where the plan goes (default .rlp/plan.json)' },
      emit: { type: 'string', value: 'graphs|kernels|torch', help: 'print the tensor graphs of every stage, the kernels and fused loops that run them, or its objective as PyTorch' },
      set: SET,
      variant: VARIANT,
      locked: LOCKED,
      format: FORMAT,
    },
    more: 'FILE defaults to main.rlp or the only .rlp here.',
    load: async () => (await import('./compile.js')).run,
  },
  plan: {
    summary: 'show what a run would do with each stage, why, and what it costs',
    positionals: ['FILE'],
    options: {
      backend: { type: 'string', value: 'name', help: 'what would compute: auto, wasm, tensorflow, tensorflow-bf16, reference (default auto)' },
      'no-probe': { type: 'boolean', help: 'measure nothing: no times for what was never run' },
      'detailed-exitcode': { type: 'boolean', help: 'exit with 5 when something would run, with 0 only when nothing would' },
      set: SET,
      variant: VARIANT,
      locked: LOCKED,
      format: FORMAT,
    },
    more: 'FILE is a spec or a compiled plan (.json); it defaults to main.rlp or the only .rlp here.\nEach stage: + run, > resume, = reuse, ! skip, with the reason: what changed since the last run in .rlp/runs, down to the attribute.\nData, model folders and secrets are looked at as a run would before its first step; what it would stop at is told, with exit code 3.\nTokens and memory are upper bounds: every row is taken to fill the context. Times are those of the last run; without one they are guessed from\nthe programs of the plan, measured for about a second on wasm and reference, once for each machine (.rlp/probe.json).\n--format json: the schema is spec/schemas/review.schema.json.',
    load: async () => (await import('./plan.js')).run,
  },
  diff: {
    summary: 'compare two specs, plans or runs by meaning',
    positionals: ['A', 'B'],
    options: { set: SET, variant: VARIANT, format: FORMAT },
    more: 'A and B are each a spec, a compiled plan (.json), the number of a run, or a spec of git: HEAD~1:main.rlp.\nA alone may be a revision: `rlpc diff HEAD~1`. A defaults to HEAD, B to the spec here.\nNames, comments and order do not count. Exit code 0: same meaning, 5: they differ.\n--format json: the schema is spec/schemas/comparison.schema.json.',
    load: async () => (await import('./diff.js')).run,
  },
  objective: {
    summary: 'print a stage\'s objective, and the presets it equals',
    positionals: ['FILE', 'STAGE'],
    options: {
      against: { type: 'string', value: 'FUNCTION', help: 'show how it differs, e.g. --against std/presets/verl-0.9.vanilla' },
      set: SET,
      variant: VARIANT,
    },
    more: 'FILE defaults to main.rlp or the only .rlp here. STAGE is a name or an address.\nFUNCTION may have arguments: \'std/presets/trl-1.13.clipped(epsilon_high = 0.28)\'.',
    load: async () => (await import('./objective.js')).run,
  },
  lock: {
    summary: 'write rlp.lock: imports, data, models and versions by hash',
    positionals: ['FILE'],
    options: { set: SET },
    more: 'FILE defaults to main.rlp or the only .rlp here. Writes rlp.lock beside it, for all variants, and says what changed.\nKeep it in version control; check, compile, plan and run refuse with --locked what is not as it says.',
    load: async () => (await import('./lock.js')).run,
  },
  run: {
    summary: 'run a plan and check its claims',
    positionals: ['PLAN'],
    options: {
      backend: { type: 'string', value: 'name', help: 'what computes: auto (TensorFlow where it is installed, unless all models are narrower than 256 and there is no GPU; else wasm), wasm, tensorflow, tensorflow-bf16 (its matrix products in bfloat16), reference (default RLPC_BACKEND, or auto)' },
      threads: THREADS,
      set: SET,
      variant: VARIANT,
      locked: LOCKED,
      fresh: { type: 'boolean', help: 'run every stage again, even those that are in the store' },
      wait: { type: 'boolean', help: 'when another run works in this folder, wait for it' },
      format: FORMAT,
    },
    more: 'PLAN defaults to .rlp/plan.json. A .rlp file is compiled first; --set and --variant go with it.\nFinished stages are kept in .rlp/store and used again when their meaning is the same.\nCtrl-C stops after the current step and keeps the state (exit code 130): run again to continue. Twice stops at once.\n--format json: what it came to on standard output; the schema is spec/schemas/result.schema.json.',
    load: async () => (await import('./run.js')).run,
  },
  resume: {
    summary: 'go on with an interrupted run, with the plan it had',
    positionals: ['RUN'],
    options: { threads: THREADS, wait: { type: 'boolean', help: 'when another run works in this folder, wait for it' }, format: FORMAT },
    more: 'RUN is a number of .rlp/runs; it defaults to the latest. The spec may have changed since: the run keeps its own plan.\nTo go on with the spec as it is now, `rlpc run`: stages that still mean the same are reused or continued.',
    load: async () => (await import('./resume.js')).run,
  },
  store: {
    summary: 'list, show, verify, export or clean what stages have made',
    positionals: ['ACTION', 'STAGE', 'FOLDER'],
    options: {
      output: { type: 'string', short: 'o', value: 'NAME', help: 'export: which output (default: the only one, or `policy`)' },
      runs: { type: 'string', value: 'N', help: 'gc: keep what the last N runs used (default 1)' },
      'dry-run': { type: 'boolean', help: 'gc: only say what would be removed' },
    },
    more: 'rlpc store ls                     what is stored, and what was interrupted\nrlpc store show STAGE             what it is, from what and by which run it was made, its files\nrlpc store verify [STAGE]         read everything and compare the hashes\nrlpc store export STAGE FOLDER    copy an output out of the store: a Hugging Face folder, or JSON lines\nrlpc store gc                     remove what neither .rlp/plan.json nor the last run uses\n\nSTAGE is an address of the last plan or run, or the beginning of a fingerprint.',
    load: async () => (await import('./store.js')).run,
  },
  doc: {
    summary: 'show the standard library: its modules, one of them, one name, or what speaks of some words',
    positionals: ['NAME'],
    options: { output: { type: 'string', short: 'o', value: 'FOLDER', help: 'write a page of Markdown for each module' } },
    more: 'NAME is a module (`losses`, `tasks/chains`) or a declaration (`Grpo`, `std/losses.clipped`); without one, the modules are listed. Of other words (`gradient`, `"learning rate"`) the names are listed whose pages have them, as are the names of other systems (`num_generations`). `main.rlp:12:7` shows what stands at line 12, column 7 of a spec, as an editor would.',
    load: async () => (await import('./doc.js')).run,
  },
  backend: {
    summary: 'list what can compute here, install or remove TensorFlow',
    positionals: ['ACTION', 'NAME'],
    options: {
      gpu: { type: 'boolean', help: 'install: the TensorFlow with CUDA' },
      from: { type: 'string', value: 'DIR', help: 'install: use the TensorFlow in DIR, fetch none' },
    },
    more: 'rlpc backend list                  what there is, and what `--backend auto` takes\nrlpc backend install tensorflow    TensorFlow by pip into a cache folder, with an addon that is compiled there\nrlpc backend remove tensorflow     remove that folder\n\nThe folder is rlpc/backends in the user\'s cache, or RLPC_BACKENDS. Needs python3 with pip, g++ and 2 GiB (--gpu: 9 GiB).',
    load: async () => (await import('./backend.js')).run,
  },
  doctor: {
    summary: 'say what can compute on this machine, how fast, and why something cannot',
    positionals: [],
    options: {},
    more: 'Prints versions, the device that runs, a one-second matmul figure for each backend, and the tools that installing needs.',
    load: async () => (await import('./doctor.js')).run,
  },
  why: {
    summary: 'say where a number, a policy or a verdict comes from',
    positionals: ['THING'],
    options: {},
    more: 'THING is a metric (exam.accuracy, exam["S",0].accuracy), an output (practice.policy), a stage (practice, sft@seed0), a claim or gate, or the beginning of a fingerprint.\nOf a claim or gate it prints the verdict of each instance first, of a stage that did not run the reason.\nPrints the chain of the latest run that has it: stages, settings, source lines, hashes of data and models, versions.',
    load: async () => (await import('./why.js')).run,
  },
  explain: {
    summary: 'explain a code such as RLP4001',
    positionals: ['CODE'],
    options: {},
    more: 'Prints what the code means, an example, the reason for the rule and how to mend it.',
    load: async () => (await import('./explain.js')).run,
  },
}

export function HELP(): string {
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(9)} ${summary}`)
  return `rlpc: a typed language, compiler and runtime for post-training language models

Usage: rlpc COMMAND [ARGUMENT] [OPTIONS]

Commands:
${rows.join('\n')}

Start here:
  rlpc new demo && cd demo     make a small spec
  rlpc check                   find mistakes, in well under a second
  rlpc compile && rlpc run     train, evaluate, check the claims

  rlpc COMMAND --help          more about one command
  rlpc --version

Exit codes: 0 done, 1 mistakes in the spec, 2 wrong usage, 3 a run failed (plan: would fail), 4 a claim or gate failed, 5 two things differ (diff) or
something would run (plan --detailed-exitcode), 130 a run was interrupted
`
}

export function usage(name: string, command: Command): string {
  const options = Object.entries({ ...command.options, help: { type: 'boolean', short: 'h', help: 'this text' } as Option })
  const rows = options.map(([key, option]) => `  ${`${option.short ? `-${option.short}, ` : ''}--${key}${option.value ? ` ${option.value}` : ''}`.padEnd(24)} ${option.help}`)
  return `rlpc ${name}: ${command.summary}

Usage: rlpc ${name} ${command.positionals.map((one) => `[${one}] `).join('')}[OPTIONS]

${command.more}

Options:
${rows.join('\n')}
`
}
