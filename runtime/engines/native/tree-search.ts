// Search over the steps of a thought with a memory beside every node (CoAT, arXiv 2502.02390): select, expand, associate, evaluate, back up.
// The tree is in `tree.ts`, formulas are the stage's programs; here are the texts: what a step reads, recalls, is worth and costs.

import { reference } from '../../executors/reference/reference.js'
import type { Completion } from '../../host.js'
import { below, randomKey, type RandomKey } from '../../random.js'
import { attribute, number, optionalNumber } from './attributes.js'
import type { Drawn } from './course.js'
import { stopped } from './loop.js'
import { cut } from './part-search.js'
import { wilsonMargin } from './pass-at-k.js'
import { Policy } from './policy.js'
import { graphsOf, Programs } from './programs.js'
import { everyRow, promptTokens } from './prompts.js'
import { meanOf, problemsOf, Rewarder, rewardName, sampleOf, termMeans, termValues } from './reward.js'
import { completionOf, type Prompt } from './rollout.js'
import type { StageKind, StageRun } from './stage.js'
import { writeOut } from './written.js'
import { pathTo, Tree, type Child, type Node } from './tree.js'

/** Completions kept for people to read. */
const SAMPLES = 32

/** A node: what it says, and what it recalls, which steps below it read. */
interface Step {
  readonly ids: readonly number[]
  /** null when it recalls nothing. */
  readonly memory: string | null
  readonly finished: boolean
}

interface Search {
  readonly drawn: Drawn
  readonly row: number
  readonly tree: Tree<Step>
  calls: number
  tokens: number
  /** A node was worth `stop_at`. */
  over: boolean
}

/** A step that was drawn, on its way to be a node. */
interface Drafted {
  readonly search: Search
  readonly leaf: Node<Step>
  readonly ids: readonly number[]
  readonly finished: boolean
  /** Number of the call that drew it, in its search. */
  readonly call: number
  memory: string | null
}

interface Fact {
  readonly key: string
  readonly text: string
}

export const treeSearch: StageKind = async (run) => {
  const { stage } = run
  const graphs = graphsOf(run.plan, stage)
  const formulas = new Programs(await reference.open(), graphs)
  const formula = (role: string) => async (feeds: Readonly<Record<string, number>>): Promise<number> =>
    Number((await formulas.run(role, {}, Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, Float64Array.of(value)]))))[role]?.[0])
  const [select, evaluate, backup] = [formula('select'), formula('evaluate'), formula('backup')]
  const [branching, depth, budget, maxNew, stopAt] = [number(stage, 'branching'), number(stage, 'depth'), number(stage, 'calls'), number(stage, 'max_new'), optionalNumber(stage, 'stop_at')]
  const [judge, recallJudge, score, recall] = ['judge', 'recall_judge', 'score', 'recall'].map((input) => stage.inputs[input] ?? null) as [null, null, null, null]
  const [judging, scoring] = [await Rewarder.open(run, rewardName(judge)), await Rewarder.open(run, rewardName(score))]
  const judgingRecall = recallJudge === null ? undefined : await Rewarder.open(run, rewardName(recallJudge))
  const policy = await Policy.open(run.executor, await run.openPolicy(stage.inputs['policy'] ?? null), graphs)
  const recaller = recall === null ? undefined : await Policy.open(run.executor, await run.openPolicy(recall), graphs)
  const facts = (stage.inputs['knowledge'] ?? null) === null ? [] : (await everyRow(run, 'knowledge')).map(({ row }): Fact => ({ key: String(row['key']), text: String(row['text']) }))
  const steps = new Steps(run, policy, attribute(stage, 'step') as string, depth * maxNew)
  /** Calls of one more child, at most. */
  const each = 2 + Number(recaller !== undefined) + Number(judgingRecall !== undefined && (recaller !== undefined || facts.length > 0))

  const searches = (await everyRow(run, 'data')).map((drawn, row): Search => ({ drawn, row, tree: new Tree(depth, { select, backup }), calls: 0, tokens: 0, over: false }))
  for (let round = 0; ; round++) {
    if (run.stopping()) throw stopped(stage, round, budget)
    const drafts: Drafted[] = []
    const prompts: Prompt[] = []
    for (const search of searches) {
      // One call is kept to finish the best path with.
      const more = Math.min(branching, Math.floor((budget - 1 - search.calls) / each))
      const leaf = more < 1 || search.over ? undefined : await search.tree.leaf()
      for (let i = 0; leaf && i < more; i++) {
        const call = search.calls++
        drafts.push({ search, leaf, ids: [], finished: false, call, memory: null })
        prompts.push({ tokens: steps.tokensBefore(search, leaf), row: search.row * budget + call })
      }
    }
    if (drafts.length === 0) break
    run.tick('calls', meanOf(searches.map(({ calls }) => calls)), budget)
    const drawn = await steps.draw(prompts, maxNew, 'step')
    const said = drafts.map((draft, i): Drafted => {
      const { part, whole } = cut(policy, drawn[i] as Completion, steps.mark)
      draft.search.tokens += part.tokens
      return { ...draft, ids: Array.from(part.ids ?? []), finished: whole && part.finished }
    })
    lookUp(said, facts, steps, randomKey(stage.seed, stage.fingerprint, 'look up'))
    if (recaller) await steps.ask(recaller, said.filter(({ memory }) => memory === null), attribute(stage, 'associate') as string, maxNew, budget)

    const qualities = termValues(await judging.score(said.map((draft) => ({ ...draft.search.drawn, completion: steps.path(draft) }))), judge)
    const recalled = said.filter(({ memory }) => memory !== null)
    const worth = judgingRecall && recalled.length > 0 ? termValues(await judgingRecall.score(recalled.map(({ search, memory }) => ({ ...search.drawn, completion: steps.text(memory as string) }))), recallJudge) : undefined
    for (const { search } of said) search.calls++
    if (worth) for (const { search } of recalled) search.calls++

    const children = new Map<Node<Step>, { search: Search; nodes: Child<Step>[] }>()
    for (const [i, draft] of said.entries()) {
      const at = recalled.indexOf(draft)
      const value = await evaluate({ quality: qualities[i] as number, association: worth && at >= 0 ? (worth[at] as number) : 0 })
      const { search, leaf, ids, memory, finished } = draft
      const siblings = children.get(leaf) ?? { search, nodes: [] }
      children.set(leaf, siblings)
      siblings.nodes.push({ content: { ids, memory, finished }, value, ended: finished })
      if (stopAt !== undefined && value >= stopAt) search.over = true
    }
    for (const [leaf, { search, nodes }] of children) await search.tree.expand(leaf, nodes)
  }

  const completions = await steps.finish(searches, maxNew, depth, budget)
  policy.close()
  recaller?.close()
  const items = searches.map(({ drawn }, i) => ({ ...drawn, completion: completions[i] as Completion }))
  const scored = await scoring.score(items)
  const accuracy = meanOf(Array.from(termValues(scored, score), (value) => Number(value >= 1)))
  const metrics = { accuracy, margin: wilsonMargin(accuracy, items.length), calls: meanOf(searches.map(({ calls }) => calls)), tokens: meanOf(searches.map(({ tokens }) => tokens)) }
  items.slice(0, SAMPLES).forEach((item, i) => run.sample({ ...sampleOf(item, scored, i), memories: steps.memories((searches[i] as Search).tree.best()) }))
  run.step(1, 1, { ...metrics, prompts: items.length, nodes: meanOf(searches.map(({ tree }) => tree.root.visits)), terms: termMeans(scored), ...problemsOf(scored) })
  return { metrics }
}

/** The texts of a search: prompts of steps, paths, memories. */
class Steps {
  private readonly template: string

  constructor(
    private readonly run: StageRun,
    private readonly policy: Policy,
    readonly mark: string,
    private readonly room: number,
  ) {
    this.template = attribute(run.stage, 'reads') as string
  }

  /** What the steps from the root to here recalled. */
  memories(node: Node<Step>): string[] {
    return pathTo(node).flatMap(({ memory }) => (memory === null ? [] : [memory]))
  }

  /** The prompt with what was recalled so far, and the steps so far. */
  tokensBefore({ drawn }: Search, node: Node<Step>): number[] {
    const memories = this.memories(node)
    const prompt = String(drawn.row['prompt'])
    const read = memories.length === 0 ? prompt : filled(this.template, { prompt, memories: memories.join(this.mark) })
    return [...promptTokens(this.policy, { ...drawn, row: { ...drawn.row, prompt: read } }, this.room), ...idsOf(node)]
  }

  async draw(prompts: readonly Prompt[], maxNew: number, purpose: string, policy = this.policy): Promise<Completion[]> {
    const { stage } = this.run
    const rollouts = await writeOut(this.run, policy, prompts, { maxNew, temperature: number(stage, 'temperature') || 1, key: randomKey(stage.seed, stage.fingerprint, purpose), what: 'steps of a search' })
    return rollouts.map((rollout) => completionOf(policy, rollout))
  }

  /** All steps up to a new one. */
  path({ leaf, ids, finished }: Pick<Drafted, 'leaf' | 'ids' | 'finished'>): Completion {
    return this.completion([...idsOf(leaf), ...ids], finished)
  }

  text(text: string): Completion {
    return { text, tokens: text.split(/\s+/).length, finished: true }
  }

  said(ids: readonly number[]): string {
    return this.policy.tokenizer.decode(ids)
  }

  /** Have a policy say what else is relevant; nothing is recalled twice on a path. */
  async ask(recaller: Policy, drafts: readonly Drafted[], template: string, maxNew: number, budget: number): Promise<void> {
    const prompts = drafts.map((draft): Prompt => {
      const { search } = draft
      const prompt = filled(template, { prompt: String(search.drawn.row['prompt']), path: this.path(draft).text })
      return { tokens: promptTokens(recaller, { ...search.drawn, row: { ...search.drawn.row, prompt } }, maxNew), row: search.row * budget + search.calls++ }
    })
    const answers = await this.draw(prompts, maxNew, 'recall', recaller)
    drafts.forEach((draft, i) => {
      const { text, tokens } = answers[i] as Completion
      draft.search.tokens += tokens
      if (text !== '' && !this.memories(draft.leaf).includes(text)) draft.memory = text
    })
  }

  /** The completions of the best paths; those that have not ended are drawn on as far as the steps that are left allow. */
  async finish(searches: readonly Search[], maxNew: number, depth: number, budget: number): Promise<Completion[]> {
    const best = searches.map(({ tree }) => tree.best())
    const open = searches.flatMap((search, i) => ((best[i] as Node<Step>).ended || (best[i] as Node<Step>).depth >= depth ? [] : [{ search, i, node: best[i] as Node<Step> }]))
    const rests = open.length === 0 ? [] : await this.draw(open.map(({ search, node }) => ({ tokens: this.tokensBefore(search, node), row: search.row * budget + search.calls++ })), depth * maxNew, 'rest')
    const rest = new Map(open.map(({ search, i, node }, n) => {
      const { ids = [], finished } = rests[n] as Completion
      const most = (depth - node.depth) * maxNew
      const kept = Array.from(ids).slice(0, most)
      search.tokens += kept.length
      return [i, { ids: kept, finished: finished && ids.length <= most }]
    }))
    return best.map((node, i) => this.completion([...idsOf(node), ...(rest.get(i)?.ids ?? [])], rest.get(i)?.finished ?? node.ended))
  }

  private completion(ids: readonly number[], finished: boolean): Completion {
    return { text: this.said(ids), tokens: ids.length, ids, finished }
  }
}

/** One of the facts whose key is among the words of the step, drawn at random, that no step before recalled. */
function lookUp(drafts: readonly Drafted[], facts: readonly Fact[], steps: Steps, key: RandomKey): void {
  for (const draft of drafts) {
    const words = ` ${steps.said(draft.ids).split(/\s+/).join(' ')} `
    const known = steps.memories(draft.leaf)
    const found = facts.filter((fact) => words.includes(` ${fact.key} `) && !known.includes(fact.text))
    if (found.length > 0) draft.memory = (found[below(key, found.length, draft.search.row, draft.call)] as Fact).text
  }
}

const idsOf = (node: Node<Step>): number[] => pathTo(node).flatMap(({ ids }) => [...ids])

const filled = (template: string, places: Readonly<Record<string, string>>): string => template.replace(/\{(\w+)\}/g, (place, name: string) => (Object.hasOwn(places, name) ? (places[name] as string) : place))
