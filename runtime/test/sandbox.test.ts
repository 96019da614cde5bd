// Programs that nobody has read: good ones run, hostile ones are contained, and each ends as a result with its reason.
// Python is tried when there is one; where it cannot be contained, the tests say so and leave it out.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { is, ok, suite } from '../../spec/test/suite.js'
import { HostError } from '../host.js'
import { atMost } from '../sandbox/at-most.js'
import { javascript } from '../sandbox/javascript.js'
import { python } from '../sandbox/python.js'
import { cutBytes, type Ending, type Limits, type Sandbox } from '../sandbox/sandbox.js'

const MiB = 2 ** 20
const outside = join(tmpdir(), `rlpc-sandbox-escaped-${process.pid}`)

type Case = readonly [what: string, source: string, ending: Ending, output?: string, message?: RegExp]

async function walk(sandbox: Sandbox, cases: readonly Case[], limits: Limits): Promise<void> {
  const ran = await Promise.all(cases.map(([, source]) => sandbox({ source, input: '3\n4\n', limits })))
  cases.forEach(([what, , ending, output, message], i) => {
    const found = ran[i] as (typeof ran)[number]
    is(found.ending, ending, `${what}: ${JSON.stringify(found)}`)
    if (output !== undefined) is(found.output, output, what)
    if (message) ok(message.test(found.message), `${what}: ${found.message}`)
    ok(Buffer.byteLength(found.output) <= limits.output, what)
  })
  ok(!existsSync(outside), 'something was written outside')
}

const javascriptCases: readonly Case[] = [
  ['prints', 'print(1 + 1, "b"); console.log([1, 2])', 'done', '2 b\n1,2\n'],
  ['reads lines', 'print(Number(readline()) + Number(readline()), readline())', 'done', '7 null\n'],
  ['reads all', 'print(JSON.stringify(input))', 'done', '"3\\n4\\n"\n'],
  ['promises', '(async () => { for (let i = 0; i < 3; i++) { await 0; print(i) } })()', 'done', '0\n1\n2\n'],
  ['has no clock', 'print(Date.now(), new Date().getTime())', 'done', '0 0\n'],
  ['nothing at all', '', 'done', ''],
  ['throws', 'print(1); throw new TypeError("no")', 'failed', '1\n', /^TypeError: no$/],
  ['throws no error', 'throw 5', 'failed', ''],
  ['does not parse', 'let = (', 'failed', '', /^SyntaxError/],
  ['loops', 'for (;;);', 'timeout', '', /counted work/],
  ['loops in a promise', '(async () => { for (;;) await 0 })()', 'timeout'],
  ['loops while it is being caught', 'try { for (;;); } finally { for (;;); }', 'timeout'],
  ['loops in the message of its exception', 'throw { get message() { for (;;); } }', 'failed'],
  ['backtracks', '/^(a+)+$/.test("a".repeat(60) + "!")', 'timeout'],
  ['fills memory', 'const a = []; for (;;) a.push([1, 2])', 'memory'],
  ['fills memory with large texts', 'const a = []; for (;;) a.push("x".repeat(1e6) + a.length)', 'memory'],
  ['asks for much at once', 'new Uint8Array(1e9)', 'memory'],
  ['prints without end', 'for (;;) print("x".repeat(1000))', 'output'],
  ['prints a gigabyte', 'const s = "x".repeat(1e6); for (let i = 0; i < 1000; i++) print(s)', 'output'],
  ['prints more, catching what stops it', 'for (;;) try { print("x".repeat(1000)) } catch {}', 'output'],
  ['recurses', 'const f = () => f() + 1; f()', 'failed', '', /stack overflow/],
  ['recurses in the engine', 'JSON.parse("[".repeat(1e6))', 'failed', '', /stack overflow/],
  ['reads a file', 'require("fs").readFileSync("/etc/passwd")', 'failed', '', /^ReferenceError/],
  ['loads a module', 'import("fs").then(() => print("in"), () => print("no"))', 'done', 'no\n'],
  ['opens a socket', 'fetch("http://127.0.0.1:1/")', 'failed', '', /^ReferenceError/],
  ['starts a process', 'process.binding("spawn_sync")', 'failed', '', /^ReferenceError/],
  ['leaves by the constructor', 'const g = print.constructor.constructor("return this")(); print(typeof g.process, typeof g.require, g === globalThis)', 'done', 'undefined undefined true\n'],
  ['leaves by an error of the host', 'try { null.x } catch (e) { print(typeof e.constructor.constructor("return globalThis")().process) }', 'done', 'undefined\n'],
  ['poisons prototypes', 'Object.prototype.ending = "done"; Array.prototype.push = () => 0; Object.prototype.toString = () => { throw 1 }; throw new Error("x")', 'failed', '', /^Error: x$/],
  ['patches what prints', 'Array.prototype.map = () => ["7"]; print(1)', 'done', '7\n'],
]

const pythonCases: readonly Case[] = [
  ['prints', 'print(1 + 1, "b")', 'done', '2 b\n'],
  ['reads lines', 'print(int(input()) + int(input()))', 'done', '7\n'],
  ['reads all', 'import sys; print(repr(sys.stdin.read()))', 'done', "'3\\n4\\n'\n"],
  ['imports the standard library', 'import collections, decimal, fractions, heapq, itertools, json, math, random, re; print(math.isqrt(17))', 'done', '4\n'],
  ['imports what it may not use', 'import asyncio, concurrent.futures, multiprocessing, selectors, socket, sqlite3, subprocess; print("in")', 'done', 'in\n'],
  ['has a pool of threads', 'from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(4) as pool: print(sum(pool.map(abs, range(-5, 0))))', 'done', '15\n'],
  ['starts a thread', 'import threading; t = threading.Thread(target=print, args=("t",)); t.start(); t.join()', 'done', 't\n'],
  ['hashes texts alike', 'print(hash("abc") == hash("abc"), list({"b", "a", "c"}) == list({"b", "a", "c"}))', 'done', 'True True\n'],
  ['nothing at all', '', 'done', ''],
  ['sees no environment', 'import os; print(sorted(set(os.environ) - {"LC_CTYPE"}))', 'done', "['HOME', 'PYTHONHASHSEED', 'PYTHONIOENCODING', 'TMPDIR']\n"],
  ['raises', 'print(1); raise TypeError("no")', 'failed', '1\n', /^TypeError: no$/],
  ['does not parse', 'def (', 'failed', '', /^SyntaxError/],
  ['gives an exit state', 'raise SystemExit(3)', 'failed', '', /exit state is 3/],
  ['gives any exit state', 'import os; os._exit(87)', 'failed', '', /exit state is 87/],
  ['writes a report of its own', 'import os\nfor i in range(3, 32):\n  try: os.write(i, b"{}")\n  except OSError: pass', 'done', ''],
  ['loops', 'while True: pass', 'timeout', '', /processor/],
  ['loops, deaf to signals', 'import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGXCPU])\nwhile True: pass', 'timeout'],
  ['fills memory', 'a = []\nwhile True: a.append(bytearray(1000000))', 'memory'],
  ['asks for much at once', 'bytearray(10 ** 12)', 'memory'],
  ['prints without end', 'while True: print("x" * 1000)', 'output'],
  ['prints a gigabyte', 'import sys\nfor _ in range(1000): sys.stdout.write("x" * 1000000)', 'output'],
  ['complains without end', 'import sys\nwhile True: sys.stderr.write("x" * 1000)', 'output'],
  ['recurses', 'def f(): f()\nf()', 'failed', '', /^RecursionError/],
  ['reads a file', 'open("/etc/passwd")', 'failed', '', /^PermissionError/],
  ['reads what it runs in', 'open("/proc/self/environ")', 'failed', '', /^PermissionError/],
  ['writes outside', `open(${JSON.stringify(outside)}, "w")`, 'failed', '', /^PermissionError/],
  ['makes a folder outside', `import os; os.mkdir(${JSON.stringify(outside)})`, 'failed', '', /^PermissionError/],
  ['writes and reads a file', 'open("a.txt", "w").write("x\\ny\\n"); print(open("a.txt").read(), end="")', 'done', 'x\ny\n'],
  ['finds an empty folder', 'import os; print(os.listdir("."), os.getcwd() == os.environ["HOME"])', 'done', '[] True\n'],
  ['takes temporary files', 'import tempfile\nfor make in tempfile.TemporaryFile, tempfile.NamedTemporaryFile:\n  with make("w+") as f: f.write("a"); f.seek(0); print(f.read())', 'done', 'a\na\n'],
  ['moves, cuts and deletes files', 'import os\nwith open("a", "wb") as f: f.write(b"12345"); f.truncate(2)\nos.replace("a", "b"); print(os.listdir("."), os.path.getsize("b")); os.remove("b"); print(os.listdir("."))', 'done', "['b'] 2\n[]\n"],
  ['makes a folder in its folder', 'import os; os.mkdir("a")', 'failed', '', /^PermissionError/],
  ['empties a file that it may read', 'import os; os.open(os.__file__, os.O_RDONLY | os.O_TRUNC)', 'failed', '', /Read-only/],
  ['empties a file by its name', 'import os; os.truncate(os.__file__, 0)', 'forbidden'],
  ['deletes a file outside', 'import os; os.remove(os.__file__)', 'failed', '', /^PermissionError/],
  ['changes the rights of a file outside', 'import os; os.chmod(os.__file__, 0)', 'failed', '', /^PermissionError/],
  ['opens a file outside for neither reading nor writing', 'import os; os.open("/etc/passwd", 3)', 'failed', '', /^PermissionError/],
  ['sends its signals to its parent by ioctl', 'import fcntl, os, struct; fcntl.ioctl(1, 0x8901, struct.pack("i", os.getppid()))', 'failed', '', /^PermissionError/],
  ['takes space unseen', 'import fcntl, os, struct; fcntl.ioctl(os.open("a", os.O_CREAT | os.O_RDWR), 0x4030582a, struct.pack("hhxxxxqqiI16x", 0, 0, 0, 1 << 20, 0, 0))', 'failed', '', /^PermissionError/],
  ['leases a file', 'import fcntl, os; fcntl.fcntl(os.open("a", os.O_CREAT | os.O_RDWR), 1024, 1)', 'failed', '', /^PermissionError/],
  ['links to a file outside', 'import os; os.link(os.__file__, "a")', 'forbidden'],
  ['writes a file without end', 'with open("a", "wb") as f:\n  while True: f.write(b"x" * 1000000)', 'failed', '', /^OSError.*too large/],
  ['fills the disk with files', 'i = 0\nwhile True:\n  i += 1\n  with open(str(i), "wb") as f: f.write(b"x" * 1000000)', 'output', '', /16777216 bytes or 1000 files/],
  ['fills the disk with files whose names are no text', 'i = 0\nwhile True:\n  i += 1\n  with open(b"\\xff%d" % i, "wb") as f: f.write(b"x" * 1000000)', 'output', '', /16777216 bytes or 1000 files/],
  ['fills the disk with empty files', 'i = 0\nwhile True:\n  i += 1\n  open(str(i), "w").close()', 'output', '', /files/],
  ['keeps deleted files open', 'import os\nall = []\nfor i in range(8):\n  f = open("a", "wb"); os.remove("a"); f.write(b"x" * 4000000); all.append(f)\nwhile True: pass', 'output', '', /bytes/],
  ['keeps deleted files mapped', 'import ctypes, os\nmap = ctypes.CDLL(None).mmap; map.restype = ctypes.c_void_p\nfor i in range(100):\n  with open("a", "wb+") as f: f.write(b"x" * 1000000); f.flush(); map(None, ctypes.c_size_t(4096), 1, 1, f.fileno(), ctypes.c_long(0)); os.remove("a")\nwhile True: pass', 'output', '', /bytes/],
  ['maps a temporary file', 'import mmap, tempfile\nwith tempfile.TemporaryFile() as f:\n  f.write(b"abc" * 9999); f.flush(); print(mmap.mmap(f.fileno(), 0)[:3])', 'done', "b'abc'\n"],
  ['starts threads without end', 'import threading\nthreading.stack_size(65536)\nlock = threading.Lock(); lock.acquire()\nwhile True:\n  try: threading.Thread(target=lock.acquire, daemon=True).start()\n  except RuntimeError: pass', 'forbidden', '', /threads/],
  ['takes a file without a name', 'import os; os.open(".", os.O_TMPFILE | os.O_RDWR)', 'failed', '', /not supported/],
  ['lists a folder', 'import os; os.listdir("/")', 'failed', '', /^PermissionError/],
  ['starts a process', 'import subprocess; subprocess.run(["ls"])', 'forbidden'],
  ['forks without end', 'import os\nwhile True: os.fork()', 'forbidden'],
  ['leaves a grandchild behind', 'import os\nif os.fork() == 0:\n  os.setsid()\n  os.fork()', 'forbidden'],
  ['becomes another program', 'import os; os.execv("/bin/sh", ["sh"])', 'forbidden'],
  ['makes a group of its own', 'import os; os.setsid()', 'forbidden'],
  ['ends its parent', 'import os; os.kill(os.getppid(), 9)', 'forbidden'],
  ['waits', 'import time; time.sleep(100)', 'forbidden'],
  ['widens its limits', 'import resource; resource.setrlimit(resource.RLIMIT_CPU, (9, 9))', 'forbidden'],
  ['calls the system by number', 'import ctypes; ctypes.CDLL(None).syscall(41, 2, 1, 0)', 'forbidden'],
  ['crashes', 'import ctypes; ctypes.string_at(0)', 'failed', '', /SIGSEGV/],
]

suite('sandbox: JavaScript', (test) => {
  const limits = { time: 0.1, memory: 24 * MiB, output: 10_000 }

  test('every program ends as it should', () => walk(javascript, javascriptCases, limits))

  test('verdicts are counted: one step more or less is the same step on every machine', async () => {
    const steps = async (count: number) => (await javascript({ source: `for (let i = 0; i < ${count}; i++);`, input: '', limits: { ...limits, time: 0.001 } })).ending
    is(await steps(1000), 'done')
    is(await steps(25_000), 'timeout')
    // Where between the two it ends does not depend on the run.
    let [low, high] = [1000, 25_000]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((await steps(middle)) === 'done') low = middle
      else high = middle
    }
    is(await steps(low), 'done')
    is(await steps(high), 'timeout')
  })

  test('a batch keeps its order, and no program sees another', async () => {
    const ran = await Promise.all(Array.from({ length: 128 }, (_, i) => javascript({ source: `globalThis.seen = (globalThis.seen ?? 0) + 1; print(${i}, seen, Math.random())`, input: '', limits })))
    const [first] = ran
    const random = first?.output.split(' ')[2]
    ran.forEach(({ output }, i) => is(output, `${i} 1 ${random}`))
  })
})

/** Whether Python programs can run here; says why when they cannot. */
async function pythonRuns(): Promise<boolean> {
  try {
    await python({ source: '', input: '', limits: { time: 1, memory: 128 * MiB, output: 100 } })
    return true
  } catch (error) {
    if (!(error instanceof HostError)) throw error
    process.stderr.write(`left out, Python programs cannot run here: ${error.code} ${error.message}\n`)
    return false
  }
}

suite('sandbox: Python', (test) => {
  const limits = { time: 1, memory: 128 * MiB, output: 10_000 }

  test('every program ends as it should', async () => {
    if (await pythonRuns()) await walk(python, pythonCases, limits)
  })

  test('the folder of a program is its own, and gone when it ends', async () => {
    if (!(await pythonRuns())) return
    const source = 'import os; open("a", "w").close(); print(os.getcwd(), os.listdir("."))'
    const ran = await Promise.all([1, 2, 3].map((i) => python({ source: `${source} # ${i}`, input: '', limits })))
    const folders = ran.map(({ output }) => output.split(' ')[0] as string)
    ran.forEach(({ output }, i) => is(output, `${folders[i]} ['a']\n`))
    is(new Set(folders).size, 3)
    ok(!folders.some((folder) => existsSync(folder)))
  })

  test('a socket that is listened to is never reached', async () => {
    if (!(await pythonRuns())) return
    let connections = 0
    const server = createServer(() => connections++)
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const { port } = server.address() as AddressInfo
    const { ending } = await python({ source: `import socket; socket.create_connection(("127.0.0.1", ${port}))`, input: '', limits })
    server.close()
    is(ending, 'forbidden')
    is(connections, 0)
  })
})

suite('sandbox: machines that cannot', (test) => {
  /** The code of the error when `python3` is this command. */
  const codeWith = async (command: string): Promise<string> => {
    const before = process.env['RLPC_PYTHON']
    process.env['RLPC_PYTHON'] = command
    try {
      await python({ source: 'print(1)', input: '', limits: { time: 1, memory: 128 * MiB, output: 100 } })
      return 'none'
    } catch (error) {
      return error instanceof HostError ? error.code : String(error)
    } finally {
      if (before === undefined) delete process.env['RLPC_PYTHON']
      else process.env['RLPC_PYTHON'] = before
    }
  }

  /** A command that answers for the interpreter, and does this instead of a program. */
  const standIn = async (does: string): Promise<string> => {
    const folder = mkdtempSync(join(tmpdir(), 'rlpc-python-'))
    const script = join(folder, 'python3')
    writeFileSync(script, `#!/bin/sh\ncase "$*" in *sys.executable*) echo "$0";; *) cat > /dev/null; ${does};; esac\n`, { mode: 0o755 })
    const code = await codeWith(script)
    rmSync(folder, { recursive: true })
    return code
  }

  test('no Python', async () => is(await codeWith('/nowhere/python3'), 'RLP8110'))

  test('a system that contains nothing refuses, before the program starts', async () => is(await standIn(`echo '{"uncontained":"landlock: Function not implemented"}' >&3`), 'RLP8111'))

  test('a system where nobody can watch refuses', async () => is(await standIn('echo "BlockingIOError: no more processes" >&2; exit 1'), 'RLP8111'))

  test('what a process left behind, in its group or out of it, is not waited for', async () => {
    const report = `echo '{"uncontained":null,"over":null,"state":0,"signal":null}' >&3`
    is(await standIn(`sleep 1000 & ${report}`), 'none')
    is(await standIn(`setsid sleep 60 & ${report}`), 'none')
  })
})

suite('sandbox: parts', (test) => {
  test('output is cut between characters', () => {
    is(cutBytes('aé', 2), 'a')
    is(cutBytes('aé', 3), 'aé')
    is(cutBytes('👍👍', 7), '👍')
  })

  test('at most so many tasks run, in their order', async () => {
    const inTurn = atMost(2)
    let [running, most] = [0, 0]
    const order: number[] = []
    await Promise.all(
      Array.from({ length: 7 }, (_, i) =>
        inTurn(async () => {
          order.push(i)
          most = Math.max(most, ++running)
          await Promise.resolve()
          running--
          if (i === 3) throw new Error('one fails')
        }).catch(() => {}),
      ),
    )
    is(most, 2)
    is(order.join(''), '0123456')
  })
})
