// The engine of each stage in the plan: what a stage without one still has, and how the plan says it.

import { equal, is, ok, suite } from '../../../spec/test/suite.js'
import { canonicalJson } from '../../../spec/plan/canonical.js'
import { planProblem } from '../../../spec/plan/validate.js'
import { hostOf } from '../../elaborate/test/harness.js'
import { parametersOf } from '../../../spec/plan/engines.js'
import { compile } from '../../index.js'
import { showPlan } from '../show.js'
import { planOf, stageOf } from './harness.js'

const IMAGES = `rlp 1
import { EvaluateClassifier, Labelled, ResNet, Supervised } from "std/supervised"
model net: ResNet { classes = 10 }
dataset images: Dataset[Labelled] { source = parquet("train.parquet"), take = 640 samples }
stage learn: Supervised { model = net, data = images, length = 3 epochs, batch = 64 samples, optimizer { lr = 1e-3 } }
stage exam: EvaluateClassifier { model = learn.model, data = parquet("test.parquet") }
`

const TEXTS = `rlp 1
import { Document, EvaluateLoss, Pretrain } from "std/pretraining"
model large: Transformer { layers = 2, width = 4096, heads = 32, mlp = 16384, context = 64 tokens, vocabulary = ["a", "b"] }
dataset texts: Dataset[Document] { source = jsonl("texts.jsonl") }
stage learn: Pretrain { policy = large, data = texts, length = 1_000 tokens, batch = 2 samples, optimizer { lr = 1e-3 } }
stage exam: EvaluateLoss { policy = large, data = texts }
`

suite('engines in the plan', (test) => {
  test('an architecture that no engine has', async () => {
    const plan = await planOf(IMAGES)
    is(planProblem(JSON.parse(canonicalJson(plan))), undefined)
    const { engine, obstacle, programs, estimate } = stageOf(plan, 'learn')
    equal({ engine, obstacle }, { engine: null, obstacle: 'the native engine has no `resnet` (it has `transformer`, `mlp`)' })
    equal(Object.keys(programs).sort(), ['lr', 'measure', 'weigh'], 'what knows no model')
    equal(estimate, { steps: 30, batch: '64 samples = 1 update' }, 'steps are known, FLOPs are not')
    const shown = showPlan(plan, { colour: false })
    ok(shown.includes('no engine: the native engine has no `resnet`'), shown)
  })

  test('a model with experts is planned at its full size, and run by no engine here', async () => {
    const plan = await planOf(`rlp 1
import { Document, EvaluateLoss } from "std/pretraining"
import { Pretrained } from "std/pretrained"
model mixed: Pretrained { repository = "a/b", family = "llama", layers = 28, width = 6144, heads = 64, head_width = 128, mlp = 12_288, vocabulary = 131_072, context = 64 tokens
  experts = { count = 512, active = 12, width = 2_048, idle = 256 } }
stage exam: EvaluateLoss { policy = mixed, data = jsonl("texts.jsonl") }
`)
    is(planProblem(JSON.parse(canonicalJson(plan))), undefined)
    const each = 4 * 6144 * 64 * 128 + 3 * 6144 * 12_288 + 2 * 6144 + (512 + 256) * 6144 + 512 * 3 * 6144 * 2_048
    is(parametersOf(plan.models['mixed'] as NonNullable<(typeof plan.models)[string]>), 28 * each + 6144 + 2 * 131_072 * 6144)
    is(stageOf(plan, 'exam').obstacle, 'the native engine fetches nothing from the hub (`a/b`)')
  })

  test('a model that has room, and one whose training has not', async () => {
    const plan = await planOf(TEXTS)
    is(stageOf(plan, 'exam').engine, 'native')
    is(stageOf(plan, 'learn').obstacle, 'the native engine holds 4 GiB, training 536.9 M parameters takes 8.00 GiB')
    is(stageOf(plan, 'learn').estimate.tokens, 8 * 2 * 64, 'eight updates of two rows of 64 tokens')
  })

  test('mistakes of an objective are found without an engine', async () => {
    const wrong = IMAGES.replace('length = 3', 'loss = constant_loss, length = 3') + 'fn constant_loss(logp: Real per sample): Real per sample = 0 * stop_gradient(logp)\n'
    const { plan, diagnostics } = await compile({ entry: 'main.rlp', host: hostOf(wrong), parameters: [] })
    is(plan, undefined)
    equal(diagnostics.map(({ code }) => code), ['RLP5108'])
  })
})
