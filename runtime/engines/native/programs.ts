// The programs of a stage on one session: loaded by role, run with the feeds that they name.
// Does not know what the roles mean (`spec/plan/README.md`).

import { evaluateDim } from '../../../spec/graph/dims.js'
import type { Graph, GraphNode } from '../../../spec/graph/graph.js'
import type { Plan, StagePlan } from '../../../spec/plan/plan.js'
import type { Bindings, Call, Feeds, Session, TensorData } from '../../executors/executor.js'

export class Programs {
  private readonly feedNames = new Map<string, ReadonlySet<string>>()

  constructor(
    readonly session: Session,
    private readonly graphs: Readonly<Record<string, Graph>>,
  ) {}

  has(role: string): boolean {
    return this.graphs[role] !== undefined
  }

  graph(role: string): Graph {
    const graph = this.graphs[role]
    if (!graph) throw new RangeError(`the plan has no program for ${role}`)
    return graph
  }

  /** Names of the feeds of a program. */
  feeds(role: string): ReadonlySet<string> {
    const known = this.feedNames.get(role) ?? new Set(inputs(this.graph(role), 'feed').map((node) => String(node.attributes['name'])))
    this.feedNames.set(role, known)
    return known
  }

  /** Run a program with those of `feeds` that it names. */
  async run(role: string, bindings: Bindings, feeds: Feeds): Promise<Record<string, TensorData>> {
    return this.session.load(this.graph(role), bindings).run(this.named(role, feeds))
  }

  /** A run of a program, for `runAll`. */
  call(role: string, bindings: Bindings, feeds: Feeds): Call {
    return { graph: this.graph(role), bindings, feeds: this.named(role, feeds) }
  }

  private named(role: string, feeds: Feeds): Feeds {
    return Object.fromEntries(Object.entries(feeds).filter(([name]) => this.feeds(role).has(name)))
  }
}

/** The graphs of a stage by role. */
export function graphsOf(plan: Plan, stage: StagePlan): Record<string, Graph> {
  return Object.fromEntries(
    Object.entries(stage.programs).map(([role, key]) => {
      const graph = plan.programs[key]
      if (!graph) throw new RangeError(`the plan lacks program ${key} of ${stage.address}`)
      return [role, graph]
    }),
  )
}

/** The programs of a stage for its reference policy, which may be another model: the policy without its adapter. */
export function ofReference(graphs: Readonly<Record<string, Graph>>): Readonly<Record<string, Graph>> {
  const score = graphs['reference_score']
  return score ? { ...graphs, score } : graphs
}

/** Roles that are a critic's own, under the names that a model's programs have. */
const CRITIC = 'critic_'

/** The programs of a critic by the roles of a model. */
export function criticGraphs(graphs: Readonly<Record<string, Graph>>): Readonly<Record<string, Graph>> {
  return Object.fromEntries(Object.entries(graphs).flatMap(([role, graph]) => (role.startsWith(CRITIC) ? [[role.slice(CRITIC.length), graph] as const] : [])))
}

/** Input nodes of one storage. */
export function inputs(graph: Graph, storage: 'feed' | 'state'): GraphNode[] {
  return graph.nodes.filter((node) => node.op === 'input' && node.attributes['storage'] === storage)
}

/** Declare the states that a graph reads, zeroed where they are new. */
export function declareStates(session: Session, graph: Graph, bindings: Bindings): void {
  for (const { attributes, type } of inputs(graph, 'state')) session.declare(String(attributes['name']), type.dtype, type.shape.map((dim) => evaluateDim(dim, bindings)))
}
