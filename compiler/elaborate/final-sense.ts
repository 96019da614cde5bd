// Sense of final values: the checker's rules about numbers once more, when parameters, variants and keys are put in,
// and those about a schedule and the model behind a stage, which only their values show.

import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import type { Expression } from '../../grammar/ast/ast.js'
import type { Span } from '../../grammar/source/source.js'
import { report as reportCheck, type Code as CheckCode } from '../check/codes.js'
import { checkModel } from '../check/sense/model.js'
import { checkSampling } from '../check/sense/sampling.js'
import type { Reporter, View } from '../check/sense/view.js'
import { report as reportName, codes as nameCodes } from '../resolve/codes.js'
import type { Drafts } from './dependencies.js'
import type { ModelDraft, StageDraft } from './drafts.js'
import { modelBehind } from './lineage.js'

/** Diagnostics of the checker's codes, each place once. The drafts must be free of circles. */
export function finalSense(drafts: Drafts): readonly Diagnostic[] {
  const found = new Map<string, Diagnostic>()
  const reporter: Reporter = {
    report(code, span, title, details) {
      const made = code in nameCodes ? reportName(code as keyof typeof nameCodes, span, title, details) : reportCheck(code as CheckCode, span, title, details)
      const key = `${code} ${span.file.path} ${span.start}`
      if (!found.has(key)) found.set(key, made)
    },
  }
  for (const draft of drafts.values()) {
    if (draft.draft !== 'stage' && draft.draft !== 'model') continue
    const view = new FinalView(draft)
    if (draft.draft === 'model') checkModel(reporter, view)
    else {
      checkSampling(reporter, view)
      checkSchedule(reporter, view, draft)
      checkContext(reporter, view, drafts, draft)
    }
  }
  return [...found.values()]
}

class FinalView implements View {
  constructor(private readonly draft: StageDraft | ModelDraft) {}

  has(path: string): boolean {
    return this.draft.settings.has(path)
  }
  value(path: string): Expression | undefined {
    return this.draft.settings.get(path)?.written
  }
  span(path: string): Span {
    return this.value(path)?.span ?? this.draft.span
  }
  constant(path: string): number | undefined {
    const value = this.draft.settings.get(path)?.value
    return value?.type === 'number' ? value.value : undefined
  }
}

function checkSchedule(reporter: Reporter, view: View, { settings, address }: StageDraft): void {
  const length = settings.get('length')?.value
  const rate = settings.get('optimizer.lr')?.value
  const warmup = rate?.type === 'closure' ? rate.bound.get('warmup') : undefined
  if (length?.type !== 'number' || length.unit !== 'steps') return
  if (warmup?.type === 'number' && warmup.value >= length.value) {
    reporter.report('RLP6012', view.span('optimizer.lr'), `the warm-up lasts as long as the stage, ${length.value} steps`, {
      label: `${warmup.value} steps in \`${address}\``,
      related: view.value('length') ? [{ span: view.span('length'), text: 'the stage ends here' }] : [],
      notes: ['the learning rate would rise until the end, and never fall'],
      help: `write a shorter warm-up, for example \`warmup = ${Math.max(1, Math.round(length.value / 20))} steps\``,
    })
  }
  const every = view.constant('save.every')
  if (every !== undefined && every > length.value) {
    reporter.report('RLP6014', view.span('save.every'), `the stage ends after ${length.value} steps, before the first save`, { label: 'never happens', help: 'the result of a stage is always kept: remove `save`, or save more often' })
  }
}

function checkContext(reporter: Reporter, view: View, drafts: Drafts, stage: StageDraft): void {
  const address = modelBehind(drafts, stage)
  const model = address === undefined ? undefined : drafts.get(address)
  const context = model?.draft === 'model' ? model.settings.get('context') : undefined
  if (context?.value.type !== 'number' || !model) return
  for (const path of ['max_new', 'rollout.max_new', 'context']) {
    const length = view.value(path) ? view.constant(path) : undefined
    const room = context.value.value
    if (length === undefined || (path === 'context' ? length <= room : length < room)) continue
    const name = path.split('.').at(-1)
    reporter.report('RLP4006', view.span(path), `\`${name}\` does not fit the context of \`${model.address}\``, {
      label: path === 'context' ? `${length} tokens, the model has ${room}` : `${length} tokens leave no room for a prompt in ${room}`,
      related: [{ span: context.written?.span ?? model.span, text: `the model reads ${room} tokens` }],
      help: path === 'context' ? `write at most \`${room} tokens\`, or give the model a longer context` : `write fewer than ${room} tokens, or give the model a longer context`,
    })
  }
}
