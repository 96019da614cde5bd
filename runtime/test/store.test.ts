// The store, and the work of a stage that is not done: what is damaged is never taken for sound.

import { appendFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { equal, is, ok, suite, throws } from '../../spec/test/suite.js'
import { writeDurably } from '../checkpoint/atomic.js'
import { HostError } from '../host.js'
import { ownerOf, takeLock, type Claim } from '../store/process-lock.js'
import type { ManifestContent, Origins } from '../store/manifest.js'
import { originsDifference } from '../store/origins.js'
import { lives, thisProcess } from '../store/processes.js'
import { readRecords } from '../store/records.js'
import { Stamps } from '../store/stamps.js'
import { Store } from '../store/store.js'
import { stateOfWork, Work } from '../store/work.js'

const FINGERPRINT = 'a'.repeat(64)
const content = (more: Partial<ManifestContent> = {}): Omit<ManifestContent, 'files'> => ({
  fingerprint: FINGERPRINT, kind: 'Sft', madeBy: { stage: 'copy', run: '0001' }, executor: 'wasm', from: { stages: {}, files: {}, programs: 'p1' }, metrics: { loss: 0.5 }, outputs: { policy: 'policy' }, ...more,
})

function inHome(body: (home: string) => void | Promise<void>): () => Promise<void> {
  return async () => {
    const home = mkdtempSync(join(tmpdir(), 'rlpc-store-'))
    try {
      await body(home)
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  }
}

function publish(home: string, text = 'weights', more: Partial<ManifestContent> = {}) {
  const store = new Store(home)
  const folder = join(store.work(FINGERPRINT), 'result')
  writeDurably(join(folder, 'policy', 'model.safetensors'), text)
  writeDurably(join(folder, 'metrics.jsonl'), `${Math.random()}\n`)
  return store.publish(folder, content(more))
}

/** Later than any clock tick of the file system. */
const later = (): number => Date.now() + 60_000

/** Flips a bit so that the system does not tell: what was compared is taken down anew, as if it had been so before. */
function rot(home: string, file: string): void {
  const store = new Store(home, { locked: true, now: later })
  const found = store.find(FINGERPRINT)
  if (!found || 'damage' in found) throw new Error('nothing sound to damage')
  const path = join(store.path(FINGERPRINT), file)
  const content = readFileSync(path)
  content[0] = (content[0] as number) ^ 1
  writeFileSync(path, content)
  const stamps = new Stamps(home, { writes: true, now: later })
  const all = Object.keys(found.manifest.files).map((name) => [name, stamps.stamp(join(store.path(FINGERPRINT), name)) as string])
  stamps.keep({ fingerprint: FINGERPRINT, checksum: found.manifest.checksum, stamps: Object.fromEntries(all) })
  stamps.close()
}

const code = (name: string) => (error: unknown) => error instanceof HostError && error.code === name

suite('store', (test) => {
  test('what is published is found, and replaced as a whole', inHome((home) => {
    for (const text of ['one', 'two']) {
      const manifest = publish(home, text)
      const store = new Store(home)
      const found = store.find(FINGERPRINT)
      equal(found, { manifest })
      is(readFileSync(join(store.output(FINGERPRINT, 'policy'), 'model.safetensors'), 'utf8'), text)
      equal(store.list(), [FINGERPRINT])
      equal(readdirSync(join(home, 'trash').replace(/trash$/, text === 'one' ? 'store' : 'trash')), text === 'one' ? [FINGERPRINT] : [])
    }
    is(new Store(home).find('b'.repeat(64)), undefined)
  }))

  test('files are not read again while the system says that they are as they were; one that was touched is', inHome((home) => {
    publish(home)
    const folder = new Store(home).path(FINGERPRINT)
    const sound = () => {
      const store = new Store(home, { locked: true, now: later })
      const found = store.find(FINGERPRINT)
      store.close()
      return found !== undefined && 'manifest' in found
    }
    ok(sound())
    rot(home, 'policy/model.safetensors')
    ok(sound(), 'nothing was read')
    // Each change that leaves a trace: other bytes of the same length, the time of before, another file in its place.
    const path = join(folder, 'policy/model.safetensors')
    const [before, rotten] = [statSync(path), readFileSync(path)]
    for (const change of [() => writeFileSync(path, rotten), () => utimesSync(path, before.atime, before.mtime), () => (unlinkSync(path), writeFileSync(path, rotten))]) {
      change()
      ok(!sound(), 'it is read again, and is not what was written')
    }
    const repaired = Buffer.from(rotten)
    repaired[0] = (repaired[0] as number) ^ 1
    writeFileSync(path, repaired)
    ok(sound())
    appendFileSync(path, 'x')
    ok(!sound())
  }))

  test('a store on another file system is refused before anything is made', inHome((home) => {
    // Linux has one in memory; elsewhere there is nothing to try it with.
    if (!existsSync('/dev/shm') || statSync('/dev/shm').dev === statSync(home).dev) return
    const far = mkdtempSync('/dev/shm/rlpc-store-')
    try {
      new Store(home).onOneFileSystem()
      symlinkSync(far, join(home, 'store'))
      throws(() => new Store(home).onOneFileSystem(), code('RLP8202'))
    } finally {
      rmSync(far, { recursive: true })
    }
  }))

  test('a file that was just written is always read: it may change within one tick of the clock', inHome((home) => {
    publish(home)
    const store = new Store(home, { locked: true })
    ok(store.find(FINGERPRINT))
    store.close()
    ok(!existsSync(join(home, 'compared')))
  }))

  test('what the system does not tell is found by whoever reads the file, and by verify; from then on everything is read again', inHome((home) => {
    const damaged = (store: Store) => {
      const found = store.find(FINGERPRINT)
      return found !== undefined && 'damage' in found
    }
    publish(home)
    rot(home, 'policy/model.safetensors')
    ok(!damaged(new Store(home, { now: later })))
    throws(() => new Store(home, { now: later }).output(FINGERPRINT, 'policy'), code('RLP8203'))
    ok(damaged(new Store(home, { now: later })))
    publish(home)
    rot(home, 'metrics.jsonl')
    const lines = new Store(home, { now: later }).texts(FINGERPRINT, ['metrics.jsonl'])
    ok('damage' in lines && lines.damage.includes('metrics.jsonl'))
    ok(damaged(new Store(home, { now: later })))
    publish(home)
    rot(home, 'policy/model.safetensors')
    const verified = new Store(home, { now: later }).verify(FINGERPRINT)
    ok(verified && 'damage' in verified)
    ok(damaged(new Store(home, { now: later })))
  }))

  test('the memory of what was compared may be torn, damaged or gone: then files are read; nobody writes it without the lock', inHome((home) => {
    publish(home)
    const path = join(home, 'compared')
    const found = (locked: boolean) => {
      const store = new Store(home, { locked, now: later })
      const manifest = store.find(FINGERPRINT)
      store.close()
      return manifest
    }
    found(false)
    ok(!existsSync(path))
    for (let round = 0; round < 3; round++) {
      ok(found(true))
      const written = readFileSync(path)
      ok(found(true))
      equal(readFileSync(path), written, 'known things are not written again')
      if (round === 0) truncateSync(path, written.length - 3)
      if (round === 1) writeFileSync(path, written.map((byte, i) => (i === 20 ? byte ^ 1 : byte)))
      rmSync(round === 2 ? path : join(home, 'nothing'), { force: true })
      ok(found(true))
      is(readFileSync(path).length, written.length, 'cut and written anew')
    }
    // Of results that are compared again and again, the latest record counts, and the file does not grow without end.
    const stamps = new Stamps(home, { writes: true, now: later })
    for (let i = 0; i < 1500; i++) stamps.keep({ fingerprint: FINGERPRINT, checksum: String(i), stamps: { a: 'b' } })
    stamps.close()
    const again = new Stamps(home, { writes: true, now: later })
    again.keep({ fingerprint: FINGERPRINT, checksum: 'last', stamps: { a: 'c' } })
    again.close()
    is(readRecords(path).values.length, 2)
    equal(new Stamps(home, { writes: false, now: later }).of(FINGERPRINT, 'last'), { a: 'c' })
  }))

  test('the result of a stage is what others see of it: outputs and metrics, not its lines or where it came from', inHome((home) => {
    const { result } = publish(home)
    is(publish(home, 'weights', { madeBy: { stage: 'other', run: '0002' } }).result, result)
    ok(publish(home, 'others').result !== result)
    ok(publish(home, 'weights', { metrics: { loss: 0.25 } }).result !== result)
  }))

  test('a flipped bit, a missing end or a missing file is found in every file, and named', inHome((home) => {
    publish(home)
    const folder = new Store(home).path(FINGERPRINT)
    for (const name of ['policy/model.safetensors', 'metrics.jsonl', 'manifest.json']) {
      const path = join(folder, name)
      const sound = readFileSync(path)
      const damaged = (what: string) => {
        const found = new Store(home).find(FINGERPRINT)
        ok(found && 'damage' in found && found.damage.includes(path), `${name} ${what}: ${JSON.stringify(found)}`)
        throws(() => new Store(home).output(FINGERPRINT, 'policy'), code('RLP8203'))
      }
      for (let at = 0; at < sound.length; at += Math.ceil(sound.length / 40)) {
        const flipped = Buffer.from(sound)
        flipped[at] = (flipped[at] as number) ^ 4
        // White space of the manifest is not part of what it says.
        if (name === 'manifest.json' && /\s/.test(String.fromCharCode(sound[at] as number))) continue
        writeFileSync(path, flipped)
        damaged(`byte ${at}`)
      }
      writeFileSync(path, sound)
      truncateSync(path, sound.length - 2)
      damaged('without its end')
      unlinkSync(path)
      damaged('absent')
      writeFileSync(path, sound)
      ok('manifest' in (new Store(home).find(FINGERPRINT) ?? {}))
    }
  }))

  test('an output is compared again when it is read, however long ago it was found sound', inHome((home) => {
    publish(home)
    const store = new Store(home)
    ok('manifest' in (store.find(FINGERPRINT) ?? {}))
    writeFileSync(join(store.path(FINGERPRINT), 'policy', 'model.safetensors'), 'weighty')
    throws(() => store.output(FINGERPRINT, 'policy'), code('RLP8203'))
    ok('damage' in (store.find(FINGERPRINT) ?? {}))
  }))

  test('a result under another name is not that of its name', inHome((home) => {
    publish(home)
    const other = 'b'.repeat(64)
    writeDurably(join(home, 'store', other, 'manifest.json'), readFileSync(join(home, 'store', FINGERPRINT, 'manifest.json'), 'utf8'))
    ok(JSON.stringify(new Store(home).find(other)).includes('belongs to aaaaaaaaaaaa'))
  }))
})

const identity = { fingerprint: FINGERPRINT, executor: 'wasm', version: 'k1', from: { stages: {}, files: { 'rows.jsonl': 'h1' }, programs: 'p1' } }
const tensor = (value: number) => [{ name: 'w/a', shape: [2], data: Float32Array.of(value, -value) }]

/** Five steps, saved after 2 and 4. */
function leave(home: string): string {
  const folder = join(home, 'work', FINGERPRINT)
  const work = Work.open(folder, identity)
  for (let step = 1; step <= 5; step++) {
    work.append('metrics.jsonl', { step, loss: 1 / step })
    if (step % 2 === 0) work.save(step, tensor(step), { updates: step }, 1 / step, { last: 2 })
  }
  work.close()
  return folder
}

const flip = (path: string, at: number) => {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] as number) ^ 1
  writeFileSync(path, bytes)
}

suite('work of an interrupted stage', (test) => {
  const openAgain = (folder: string, as: typeof identity = identity) => {
    const work = Work.open(folder, as)
    const steps = work.takeWritten().map(({ line }) => line['step'])
    work.close()
    return { from: work.steps, value: work.start?.tensors.get('w/a')?.data[0], progress: work.start?.progress, steps, problems: work.problems }
  }

  test('goes on from the last save, without the lines after it', inHome((home) => {
    equal(openAgain(leave(home)), { from: 4, value: 4, progress: { updates: 4 }, steps: [1, 2, 3, 4], problems: [] })
  }))

  test('goes on from the save before when the last is damaged, and names it', inHome((home) => {
    for (const damage of [(path: string) => flip(path, 9), (path: string) => truncateSync(path, 40), unlinkSync]) {
      const folder = leave(home)
      damage(join(folder, 'checkpoints', '00000004.safetensors'))
      const { problems, ...rest } = openAgain(folder)
      equal(rest, { from: 2, value: 2, progress: { updates: 2 }, steps: [1, 2] })
      ok(problems.length === 1 && problems[0]?.includes('00000004.safetensors'), String(problems))
      rmSync(folder, { recursive: true })
    }
  }))

  test('begins anew when nothing sound is left', inHome((home) => {
    const folder = leave(home)
    for (const name of readdirSync(join(folder, 'checkpoints'))) flip(join(folder, 'checkpoints', name), 20)
    const { from, steps, problems } = openAgain(folder)
    equal([from, steps, problems.length], [0, [], 2])
    equal(readdirSync(join(folder, 'checkpoints')), [])
  }))

  test('a damaged journal counts up to the damage', inHome((home) => {
    const folder = leave(home)
    flip(join(folder, 'journal'), readFileSync(join(folder, 'journal')).length - 1)
    equal(openAgain(folder).from, 4)
    const again = leave(home)
    flip(join(again, 'journal'), 500)
    const { from, problems } = openAgain(again)
    ok(from < 4 && problems[0]?.includes('journal'), JSON.stringify({ from, problems }))
  }))

  test('is never continued under other conditions', inHome((home) => {
    const cases: [typeof identity, string][] = [
      [{ ...identity, executor: 'reference' }, 'computed by `wasm`'],
      [{ ...identity, version: 'k2' }, 'computed by `wasm` k1, this run uses `wasm` k2'],
      [{ ...identity, from: { ...identity.from, files: { 'rows.jsonl': 'h2' } } }, '`rows.jsonl` has changed'],
      [{ ...identity, from: { ...identity.from, programs: 'p2' } }, 'by other programs'],
      [{ ...identity, fingerprint: 'b'.repeat(64) }, 'another stage'],
    ]
    for (const [as, words] of cases) {
      const folder = leave(home)
      ok(stateOfWork(folder, as).problems[0]?.includes(words))
      const { from, steps, problems } = openAgain(folder, as)
      equal([from, steps, problems.length], [0, [], 1])
      ok(problems[0]?.includes(words), problems[0])
    }
  }))

  test('the last saves are kept, and the best', inHome((home) => {
    const folder = join(home, 'work', FINGERPRINT)
    const work = Work.open(folder, identity)
    const scores = [3, 1, 2, 2, 1]
    scores.forEach((score, i) => work.save(i + 1, tensor(i + 1), {}, score, { last: 2, best: 'lowest' }))
    equal(readdirSync(join(folder, 'checkpoints')), ['00000002.safetensors', '00000004.safetensors', '00000005.safetensors'])
    const best = work.best('lowest', 1)
    is(best !== 'damaged' && best?.tensors.get('w/a')?.data[0], 2)
    is(work.best('lowest', 0.5), undefined)
    work.close()
  }))

  test('differences of origins are named', () => {
    const before: Origins = { stages: { s: 'r1' }, files: { a: '1' }, programs: 'p1' }
    is(originsDifference(before, before), undefined)
    is(originsDifference(before, { ...before, files: {} }), undefined)
    ok(originsDifference(before, { ...before, files: { a: '2' } })?.includes('`a`'))
    ok(originsDifference(before, { ...before, stages: { s: 'r2' } })?.includes('made again'))
    ok(originsDifference(before, { ...before, programs: 'p2' })?.includes('other programs'))
  })
})

suite('lock', (test) => {
  test('the lock of a process that is gone, or of another with its number, is no obstacle', inHome(async (home) => {
    const me = thisProcess()
    const claim = (name: string, more: Partial<Claim>) => {
      writeDurably(join(home, 'locks', `${name}.json`), JSON.stringify({ ...me, what: 'x', since: '2026-01-01T00:00', ...more }))
      writeDurably(join(home, 'locks', `${name}.owner`), '')
    }
    claim('gone', { pid: 999_999_999 })
    claim('reused', { started: 'some other time' })
    writeDurably(join(home, 'locks', '999999999-torn.json'), '{')
    is(ownerOf(home), undefined)
    const release = await takeLock(home, { what: 'test' })
    is(ownerOf(home)?.what, 'test')
    equal(readdirSync(join(home, 'locks')).length, 2)
    release()
    is(ownerOf(home), undefined)
    equal(readdirSync(join(home, 'locks')), [])
  }))

  test('a process of another machine cannot be asked: it has the lock, and its file is named', inHome(async (home) => {
    is(lives({ ...thisProcess(), host: 'elsewhere' }), undefined)
    const path = join(home, 'locks', 'far.json')
    writeDurably(path, JSON.stringify({ pid: 1, started: '', host: 'elsewhere/pid:[1]', what: 'rlpc run', since: '2026-01-01T10:00:00' }))
    writeDurably(path.replace('.json', '.owner'), '')
    const error = await takeLock(home, { what: 'test' }).then(() => undefined, (cause: unknown) => cause as HostError)
    is(error?.code, 'RLP8206')
    ok(error?.message.includes('process 1 on elsewhere') && error.help?.includes(path), error?.message)
  }))

  test('of many who want it at one moment, one has it at a time', inHome(async (home) => {
    let inside = 0
    let most = 0
    const one = async () => {
      const release = await takeLock(home, { what: 'test', wait: () => {} })
      most = Math.max(most, ++inside)
      await new Promise(setImmediate)
      inside--
      release()
    }
    await Promise.all(Array.from({ length: 4 }, one))
    is(most, 1)
  }))
})
