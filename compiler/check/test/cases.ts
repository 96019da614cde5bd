// One table of mistakes: code, source with `⟦…⟧` around the place, and words that the message must contain.
// Read by `codes.test.ts`; a code without a row here fails the suite.

import { EXAM, GRPO, LR, ROLLOUT, SFT } from './harness.js'

export interface Case {
  readonly code: string
  readonly name: string
  /** Follows `COMMON`, unless it begins with `rlp`. */
  readonly source: string
  /** Other files beside `main.rlp`. */
  readonly files?: Readonly<Record<string, string>>
  /** Must occur in title, labels, notes or help. */
  readonly says: readonly string[]
  /** What stands in the marked place (or around it) after the first fix; checked when given. */
  readonly fixed?: string
}

const sft = (more: string) => `stage s: Sft { ${SFT}, ${more} }`
const grpo = (more: string, rollout = ROLLOUT) => `stage s: Grpo { ${GRPO}, ${more}\n ${rollout}\n ${LR} }`
const ppo = (more: string) => grpo(more).replace(': Grpo', ': ppo.Ppo').replace(LR, `${LR}, critic_${LR}`)
const exam = (more: string) => `stage s: Evaluate { ${EXAM}, ${more} }`
const reward = (body: string) => `reward r: Reward[chains.Chain] { ${body} }`

/** One model of each sort, and rows for them. */
const models = (stages: string) => `rlp 1
import { EvaluateClassifier, Labelled, Mlp } from "std/supervised"
import { Document, EvaluateLoss } from "std/pretraining"
import { ShrinkPerturb } from "std/operations"
model net: Mlp { inputs = 2, hidden = [], classes = 2 }
model tiny: Transformer { layers = 1, width = 8, heads = 2, mlp = 8, context = 32 tokens, vocabulary = ["a"] }
dataset vectors: Dataset[Labelled] { source = jsonl("a.jsonl") }
dataset texts: Dataset[Document] { source = jsonl("b.jsonl") }
stage used: EvaluateClassifier { model = net, data = vectors }
stage perturbed: ShrinkPerturb { model = tiny, shrink = 0.5, perturb = 0.1 }
stage good: EvaluateLoss { policy = perturbed.model, data = texts }
${stages}`

export const cases: readonly Case[] = [
  // names
  { code: 'RLP2001', name: 'a misspelt constant', source: 'const arms = ["a"]\nconst more = ⟦armss⟧', says: ['did you mean `arms`'], fixed: 'const more = arms' },
  { code: 'RLP2001', name: 'a name of another module', source: `${sft(`length = 5 steps, loss = ⟦dft⟧, ${LR}`)}`, says: ['import { dft } from "std/sft"'], fixed: 'nll, dft }' },
  { code: 'RLP2001', name: 'a term of a reward', source: reward('term right = finished(completion), total = ⟦rigth⟧'), says: ['did you mean `right`'], fixed: 'total = right' },
  { code: 'RLP2001', name: 'a text without quotes', source: 'model m: Transformer { layers = 1, width = 8, heads = 2, mlp = 8, context = 8 tokens, vocabulary = chains.words, tokenizer = ⟦words⟧ }', says: ['the text "words"'], fixed: 'tokenizer = "words"' },
  { code: 'RLP2001', name: 'a term further down', source: reward('term right = ⟦brief⟧ + finished(completion), term brief = finished(completion), total = right + brief'), says: ['not known yet', 'move `brief` up'] },
  { code: 'RLP2001', name: 'a function of the language', source: 'fn f(x: Real): Real = ⟦expp⟧(x)', says: ['did you mean `exp`'], fixed: '= exp(x)' },
  { code: 'RLP2001', name: 'the reward of a test', source: 'test ⟦anwser⟧ { "x" with { answer = "1" } gives { total = 0 } }', says: ['did you mean `answer`'] },
  { code: 'RLP2001', name: 'the stage of a variant', source: 'variant mini { set { ⟦basee⟧.length = 2 steps } }', says: ['did you mean `base`'] },
  { code: 'RLP2002', name: 'two declarations', source: 'const a = 1\nconst ⟦a⟧ = 2', says: ['`a` is declared twice', 'first declared here'] },
  { code: 'RLP2002', name: 'a declaration and an import', source: 'const ⟦clipped⟧ = 1', says: ['declared here and imported'] },
  { code: 'RLP2002', name: 'an attribute', source: sft(`length = 5 steps, ⟦length⟧ = 6 steps, ${LR}`), says: ['`length` is set twice'] },
  { code: 'RLP2002', name: 'a term', source: reward('term a = finished(completion), term ⟦a⟧ = finished(completion), total = a'), says: ['term `a` is declared twice'] },
  { code: 'RLP2002', name: 'a parameter', source: 'fn f(x: Real, ⟦x⟧: Real): Real = x', says: ['parameter `x`'] },
  { code: 'RLP2002', name: 'a type of the language', source: 'type ⟦Text⟧ = { a: Int }', says: ['`Text` is a type of the language'] },
  { code: 'RLP2003', name: 'a file that is not there', source: 'rlp 1\nimport { a } from ⟦"./rows.rlp"⟧\nconst b = a', says: ['`rows.rlp`', 'looked for'] },
  { code: 'RLP2003', name: 'a file without its ending', source: 'rlp 1\nimport { a } from ⟦"rows"⟧\nconst b = a', files: { 'rows.rlp': 'rlp 1\nconst a = 1' }, says: ['did you mean `rows.rlp`'] },
  { code: 'RLP2003', name: 'a library without `std/`', source: 'rlp 1\nimport { nll } from ⟦"sft"⟧\nconst b = nll', says: ['did you mean `std/sft`'], fixed: '"std/sft"' },
  { code: 'RLP2004', name: 'a misspelt import', source: 'rlp 1\nimport { ⟦group_relativ⟧ } from "std/advantages"\nconst a = group_relativ', says: ['did you mean `group_relative`', '`leave_one_out`'], fixed: 'const a = group_relative' },
  { code: 'RLP2004', name: 'a name behind an alias', source: 'const a = chains.⟦wordz⟧', says: ['did you mean `words`'], fixed: 'chains.words' },
  { code: 'RLP2005', name: 'two files', source: 'rlp 1\nimport { a } from "./a.rlp"\nconst b = a', files: { 'a.rlp': 'rlp 1\nimport { b } from ⟦"./main.rlp"⟧\nconst a = 1' }, says: ['main.rlp -> a.rlp -> main.rlp'] },
  { code: 'RLP2006', name: 'a phase in a variant', source: 'curriculum c: Curriculum[chains.Chain] { phase easy { data = problems["train"] } }\nvariant v { set { c.easy.between = 1 steps..2 steps, c.⟦easi⟧.between = 1 steps..2 steps } }', says: ['did you mean `easy`?'], fixed: 'c.easy.between = 1 steps..2 steps }' },
  { code: 'RLP2006', name: 'a misspelt attribute', source: grpo('⟦groupsize⟧ = 8 rollouts'), says: ['stage kind `Grpo` has no attribute `groupsize`', 'did you mean `group_size`'], fixed: 'group_size = 8 rollouts' },
  { code: 'RLP2006', name: 'the name that TRL has, and no unit', source: grpo('⟦num_generations⟧ = 8'), says: ['did you mean `group_size`'], fixed: 'group_size = 8 rollouts' },
  { code: 'RLP2006', name: 'the name that TRL has, in a section', source: sft('length = 5 steps, ⟦learning_rate⟧ = 1e-5'), says: ['`lr` in section `optimizer`'], fixed: 'optimizer { lr = 1e-5 }' },
  { code: 'RLP2006', name: 'within a section', source: sft('length = 5 steps, optimizer { ⟦learning_rate⟧ = 1e-5 }'), says: ['section `optimizer` of `Sft`'], fixed: 'optimizer { lr = 1e-5 }' },
  { code: 'RLP2006', name: 'a number that is part of a function here', source: grpo('⟦epsilon⟧ = 0.2'), says: ['part of `loss`', 'say it in `loss`'] },
  { code: 'RLP2006', name: 'nothing alike', source: sft(`length = 5 steps, ⟦flash_attention_implementation⟧ = true, ${LR}`), says: ['unknown attribute', '`policy`'] },
  { code: 'RLP2006', name: 'the name of a part of the loss, beside the loss', source: grpo('⟦beta⟧ = 0.04, loss = clipped'), says: ['no attribute `beta`'] },
  { code: 'RLP2006', name: 'a misspelt section', source: sft('length = 5 steps, ⟦optimiser⟧ { lr = 1e-3 }'), says: ['did you mean `optimizer`'], fixed: 'optimizer { lr' },
  { code: 'RLP2006', name: 'an alias that leads nowhere', source: 'kind K: Stage {\n attribute a: Int\n alias b = ⟦c⟧\n}', says: ['alias `b` leads to no attribute'] },
  { code: 'RLP2006', name: 'in a variant', source: 'variant mini { set { base.⟦lenght⟧ = 2 steps } }', says: ['did you mean `length`'], fixed: 'base.length' },
  { code: 'RLP2007', name: 'a misspelt word', source: `⟦satge⟧ s: Sft { ${SFT}, length = 5 steps, ${LR} }`, says: ['did you mean `stage`'], fixed: 'stage s: Sft' },
  { code: 'RLP2007', name: 'the word of another language', source: '⟦let⟧ x = 1', says: ['did you mean `const`'], fixed: 'const x = 1' },
  { code: 'RLP2008', name: 'a function that calls itself', source: 'fn f(n: Real): Real = if n < 1 then 1 else n * ⟦f⟧(n - 1)', says: ['`f` is defined by itself'] },
  { code: 'RLP2008', name: 'constants in a circle', source: 'const a = b + 1\nconst b = ⟦a⟧', says: ['a -> b -> a'] },
  { code: 'RLP2009', name: 'a constant that nobody reads', source: `rlp 1\nconst ⟦spare⟧ = 1\nclaim c { require = 1 < 2 }`, says: ['const `spare` is never used'] },
  { code: 'RLP2010', name: 'an import that nobody reads', source: 'rlp 1\nimport { nll, ⟦dft⟧ } from "std/sft"\nconst a = nll', says: ['`dft` is imported and never used'], fixed: 'import { nll }' },
  { code: 'RLP2010', name: 'a module that nobody reads', source: 'rlp 1\nimport * as ⟦k⟧ from "std/tasks/knights"\nconst a = 1', says: ['`k` is imported'] },
  { code: 'RLP2011', name: 'a misspelt kind', source: `stage s: ⟦Grop⟧ { ${GRPO}\n ${ROLLOUT}\n ${LR} }`, says: ['there is no kind `Grop`', 'did you mean `Grpo`'], fixed: 'stage s: Grpo' },
  { code: 'RLP2011', name: 'a kind of a module that nobody imports', source: 'stage s: ⟦Merge⟧ { policy = tiny, policies = [tiny] }', says: ['there is no kind `Merge`', 'import { Merge } from "std/merging"'], fixed: 'from "std/merging"' },
  { code: 'RLP2011', name: 'a kind in another case, not imported', source: `stage s: ⟦DPO⟧ { ${GRPO}\n ${ROLLOUT}\n ${LR} }`, says: ['import { Dpo } from "std/stages"'] },
  { code: 'RLP2011', name: 'a misspelt type', source: 'param p: ⟦Rael⟧ = 1', says: ['did you mean `Real`'], fixed: 'param p: Real' },
  { code: 'RLP2011', name: 'a type that is not imported', source: 'fn f(a: ⟦Segment⟧): Real = 1', says: ['import { Segment } from "std/stages"'], fixed: 'Prompt, Sft, Segment }' },
  { code: 'RLP2012', name: 'a kind of model', source: `stage s: ⟦Transformer⟧ { ${GRPO} }`, says: ['no kind of stage', '`model s: Transformer`'] },
  { code: 'RLP2013', name: 'a term at the top', source: '⟦term⟧ x = 1', says: ['belongs into a reward'] },
  { code: 'RLP2013', name: 'a stage in a stage', source: `stage s: Sft {\n ${SFT}, length = 5 steps, ${LR}\n ⟦stage⟧ t: Sft { length = 1 steps }\n}`, says: ['cannot stand in a stage'] },
  { code: 'RLP2013', name: 'keys of a parameter', source: 'param p: Int for ⟦k⟧ in [1] = 3', says: ['a param has no instances'] },
  { code: 'RLP2013', name: 'an attribute of a variant', source: 'variant v { ⟦length⟧ = 5 steps }', says: ['`set { … }`'] },
  { code: 'RLP2014', name: 'a row outside of rows', source: sft(`length = 5 steps, seed = ⟦row⟧.seed, ${LR}`), says: ['`row` has no meaning here', 'rewards'] },
  { code: 'RLP2014', name: 'a completion in a dataset', source: 'dataset d: Dataset[chains.Chain] { source = chains.chains(), where = finished(⟦completion⟧) > 0 }', says: ['`completion` exists in rewards'] },
  { code: 'RLP2015', name: 'an attribute of a section', source: grpo('⟦temperature⟧ = 0.9'), says: ['belongs into section `rollout`'], fixed: 'max_new = 8 tokens, temperature = 0.9 }' },
  { code: 'RLP2015', name: 'an attribute of the stage in a section', source: grpo('seed = 1', 'rollout { per_step = 4 prompts, max_new = 8 tokens, ⟦group_size⟧ = 8 rollouts }'), says: ['belongs into `Grpo` itself'], fixed: 'max_new = 8 tokens }' },
  { code: 'RLP2015', name: 'a section with a value', source: sft('length = 5 steps, ⟦optimizer⟧ = { lr = 1e-3 }'), says: ['`optimizer` is a section'], fixed: 'optimizer { lr = 1e-3 }' },
  { code: 'RLP2015', name: 'an attribute with braces', source: sft(`length = 5 steps, ${LR}\n ⟦seed⟧ { x = 1 }`), says: ['`seed` is an attribute'] },
  { code: 'RLP2015', name: 'a section in a variant', source: 'variant mini { set { base.⟦optimizer⟧ = 1 } }', says: ['is a section'] },
  { code: 'RLP2016', name: 'a level that is not there', source: 'fn f(x: Real per token): Real per rollout = mean(x, over = ⟦rolout⟧)', says: ['did you mean `rollout`'], fixed: 'over = rollout' },
  { code: 'RLP2016', name: 'a level in a type', source: 'fn f(x: Real per ⟦tokens⟧): Real = 1', says: ['did you mean `token`'], fixed: 'per token' },
  // types
  { code: 'RLP3001', name: 'a number in quotes', source: grpo('seed = ⟦"7"⟧'), says: ['`seed` expects Int', 'without quotes'], fixed: 'seed = 7' },
  { code: 'RLP3001', name: 'a stage for its policy', source: grpo('seed = 1').replace('base.policy', '⟦base⟧'), says: ['`policy` expects Policy', '`base.policy`'], fixed: 'policy = base.policy' },
  { code: 'RLP3001', name: 'a truth value as a term', source: reward('term long = ⟦length(completion) > 5⟧, total = long'), says: ['then 1 else 0'], fixed: 'if length(completion) > 5 then 1 else 0' },
  { code: 'RLP3001', name: 'a number as a condition', source: reward('term a = finished(completion), total = if ⟦a⟧ then 1 else 0'), says: ['a condition is true or false', 'compare'] },
  { code: 'RLP3001', name: 'rows without a field', source: `stage s: Sft { policy = tiny, data = ⟦problems["train"]⟧, length = 5 steps, batch = 4 samples, ${LR} }`, says: ['rows with other fields', 'missing: `completion'] },
  { code: 'RLP3001', name: 'a path where data is wanted', source: 'dataset d: Dataset[Prompt] { source = ⟦"rows.jsonl"⟧ }', says: ['jsonl("rows.jsonl")'], fixed: 'source = jsonl("rows.jsonl")' },
  { code: 'RLP3001', name: 'a claim that asserts nothing', source: `${exam('seed = 1')}\nclaim c { require = ⟦s.accuracy⟧ }`, says: ['compare it'] },
  { code: 'RLP3001', name: 'keys that are no set', source: `stage s: Sft for k in ⟦3⟧ { ${SFT}, length = 5 steps, ${LR} }`, says: ['keys come from a set'] },
  { code: 'RLP3002', name: 'a reward without a total', source: reward('term right = finished(completion), term brief = finished(completion)').replace('reward r', 'reward ⟦r⟧'), says: ['needs `total`', 'total = right + brief'], fixed: 'total = right + brief' },
  { code: 'RLP3002', name: 'one attribute', source: `stage ⟦s⟧: Sft { ${SFT}, ${LR} }`, says: ['stage `s` needs `length`', 'add `length ='], fixed: 'length = 1 steps' },
  { code: 'RLP3002', name: 'an input, by what there is', source: `stage ⟦s⟧: Grpo { ${GRPO.replace(/reward = \w+,? ?/, '')}\n ${ROLLOUT}, ${LR} }`, says: ['needs `reward`', 'add `reward = answer`'], fixed: 'reward = answer' },
  { code: 'RLP3002', name: 'a whole section', source: `stage ⟦s⟧: Grpo { ${GRPO}\n ${ROLLOUT} }`, says: ['`optimizer.lr`'], fixed: 'optimizer { lr =' },
  { code: 'RLP3002', name: 'a field of a test', source: 'test answer { "x" with ⟦{ prompt = "p" }⟧ gives { total = 0 } }', says: ['lacks `answer`'] },
  { code: 'RLP3001', name: 'a classifier as a policy', source: models('stage s: EvaluateLoss { policy = ⟦net⟧, data = texts }'), says: ['`policy` expects Policy', 'Classifier'] },
  { code: 'RLP3001', name: 'a language model as a classifier', source: models('stage s: EvaluateClassifier { model = ⟦tiny⟧, data = vectors }'), says: ['`model` expects Classifier', 'Model'] },
  { code: 'RLP3001', name: 'a perturbed classifier as a policy', source: models('stage p: ShrinkPerturb { model = net, shrink = 0.5, perturb = 0.1 }\nstage s: EvaluateLoss { policy = ⟦p.model⟧, data = texts }'), says: ['`policy` expects Policy', 'Classifier'] },
  { code: 'RLP3003', name: 'a number that is called', source: 'const a = 3\nconst b = ⟦a⟧(1)', says: ['`a` is no function'] },
  { code: 'RLP3003', name: 'a module as a value', source: 'const a = ⟦chains⟧', says: ['is a module'] },
  { code: 'RLP3003', name: 'a type as a value', source: 'const a = ⟦Example⟧', says: ['is a type, not a value'] },
  { code: 'RLP3003', name: 'a test of a function', source: 'test ⟦clipped⟧ { "x" gives { total = 0 } }', says: ['no reward'] },
  { code: 'RLP3004', name: 'a number where the place gives the step', source: sft('length = 5 steps, optimizer { lr = linear(⟦1e-3⟧) }'), says: ['this would be its `step`', '`peak = 1e-3`'], fixed: 'linear(peak = 1e-3)' },
  { code: 'RLP3004', name: 'a number where the place gives log-probabilities', source: grpo('loss = clipped(⟦0.2⟧)'), says: ['this would be its `logp`'] },
  { code: 'RLP3004', name: 'a misspelt argument', source: `${sft('length = 5 steps, optimizer { lr = cosine(peak = 1e-3, ⟦flor⟧ = 10%) }')}`, says: ['did you mean `floor`'], fixed: 'floor = 10%' },
  { code: 'RLP3004', name: 'one argument too many', source: 'fn f(x: Real): Real = x\nconst a = f(1, ⟦2⟧)', says: ['takes 1 argument'] },
  { code: 'RLP3004', name: 'a call that is not complete', source: grpo('seed = 1').replace('prompts = problems["train"]', 'prompts = ⟦subset(problems["train"])⟧'), says: ['still needs `take`'] },
  { code: 'RLP3004', name: 'a reduction without a level', source: 'fn f(x: Real per token): Real = ⟦mean(x)⟧', says: ['over which level'] },
  { code: 'RLP3004', name: 'a misspelt argument of a function of the language', source: 'fn f(x: Real per token): Real = std(x, over = batch, ⟦dof⟧ = 0)', says: ['did you mean `ddof`'] },
  { code: 'RLP3005', name: 'a misspelt choice', source: 'const a = chains.chains(split = ⟦"tset"⟧)', says: ['did you mean "test"', '"train"'], fixed: 'split = "test"' },
  { code: 'RLP3005', name: 'a comparison that never holds', source: `stage s: Evaluate for arm in ["warm", "cold"] { ${EXAM}, seed = if arm == ⟦"wram"⟧ then 1 else 2 }`, says: ['did you mean "warm"'], fixed: '== "warm"' },
  { code: 'RLP3005', name: 'a key that is not there', source: 'const a = problems[⟦"tran"⟧]', says: ['key `split` of `problems`', 'did you mean "train"'], fixed: 'problems["train"]' },
  { code: 'RLP3006', name: 'text that may be missing', source: 'type R = { answer: Text? }\nreward r: Reward[R] { term a = exact(completion, ⟦row.answer⟧), total = a }', says: ['may be `none`'] },
  { code: 'RLP3006', name: 'arithmetic with what may be missing', source: reward('term n = 1 + ⟦first_number(completion)⟧, total = n'), says: ['`+` needs a value', '`otherwise(first_number(completion), 0)` of `std/signals`'] },
  { code: 'RLP3007', name: 'what is solved until nothing', source: 'stage tries: Generate { policy = tiny, prompts = problems["train"], max_new = 8 tokens }\nclaim c { require = tries.⟦solved⟧ > 50% }', says: ['`tries` has `solved` only with `until`', 'give `until`'] },
  { code: 'RLP3007', name: 'the reward of rows without one', source: 'stage tries: Generate { policy = tiny, prompts = problems["train"], max_new = 8 tokens }\nstage kept: Filter { data = tries.rollouts, keep = row.⟦reward⟧ > 0 }', says: ['no field `reward`'] },
  { code: 'RLP3007', name: 'an output', source: grpo('seed = 1').replace('base.policy', 'base.⟦polcy⟧'), says: ['has no output `polcy`', '`loss`'], fixed: 'base.policy' },
  { code: 'RLP3007', name: 'a field of a row', source: 'dataset d: Dataset[chains.Chain] { source = chains.chains(), balance = row.⟦anser⟧ }', says: ['did you mean `answer`', '`operations`'], fixed: 'row.answer' },
  { code: 'RLP3007', name: 'a term', source: exam('seed = 1').replace('answer.correct', 'answer.⟦corect⟧'), says: ['has no term `corect`'], fixed: 'answer.correct' },
  { code: 'RLP3007', name: 'a phase', source: `curriculum c: Curriculum[Example] { phase one { data = chains.worked(problems["train"]) } }\nstage s: Sft { policy = tiny, data = c.⟦two⟧, length = 5 steps, batch = 4 samples, ${LR} }`, says: ['has no phase `two`', '`one`'] },
  { code: 'RLP3007', name: 'a term in a test', source: 'test answer { "x" with { answer = "1" } gives { ⟦corect⟧ = 1 } }', says: ['did you mean `correct`'], fixed: '{ correct = 1 }' },
  { code: 'RLP3008', name: 'a loss that reads what is not there', source: `fn mine(logp: Real per token, value: Real per token): Real per token = value - logp\n${grpo('loss = ⟦mine⟧')}`, says: ['`mine` reads `value`', '`old_logp`', 'bind it'] },
  { code: 'RLP3008', name: 'a schedule that gives a truth value', source: `fn late(step: Steps): Bool = step > 5 steps\n${sft('length = 5 steps, optimizer { lr = ⟦late⟧ }')}`, says: ['another result'] },
  { code: 'RLP3009', name: 'a key twice', source: `stage s: Sft for seed in [0, 1, ⟦0⟧] { ${SFT}, length = 5 steps, seed = seed, ${LR} }`, says: ['twice'], fixed: 'in [0, 1] {' },
  { code: 'RLP3009', name: 'an element of a parameter', source: 'param seeds: Set[Int] = [3, ⟦3⟧]', says: ['param `seeds` twice'] },
  { code: 'RLP3010', name: 'a file whose rows nobody declares', source: 'const rows = ⟦jsonl("rows.jsonl")⟧', says: ['the rows of `jsonl` are not known here', 'dataset name'] },
  { code: 'RLP3011', name: 'a reward for other rows', source: `type Math = { prompt: Text, solution: Text }\nreward math: Reward[Math] { term a = exact(completion, row.solution), total = a }\n${grpo('seed = 1').replace('reward = answer', 'reward = ⟦math⟧')}`, says: ['missing: `solution: Text`', 'these rows are scored'] },
  { code: 'RLP3011', name: 'a term for other rows', source: `type Math = { prompt: Text, solution: Text }\nreward math: Reward[Math] { term a = exact(completion, row.solution), total = a }\n${exam('seed = 1').replace('answer.correct', '⟦math.a⟧')}`, says: ['`data` provides'] },
  { code: 'RLP3012', name: 'too many keys', source: 'const a = ⟦problems["train", 0]⟧', says: ['`problems` has 1 key, found 2', '[split]'] },
  { code: 'RLP3012', name: 'keys where there are none', source: 'const a = ⟦base[0]⟧.policy', says: ['`base` has no instance keys'], fixed: 'const a = base.policy' },
  { code: 'RLP3013', name: 'no key', source: exam('seed = 1').replace('problems["test"]', '⟦problems⟧'), says: ['one instance for each `split`'], fixed: 'data = problems[split]' },
  { code: 'RLP3013', name: 'an output without a key', source: `stage m: Evaluate for k in [1, 2] { ${EXAM}, seed = k }\nclaim c { require = ⟦m⟧.accuracy > 5% }`, says: ['`m[k]`'] },
  { code: 'RLP3014', name: 'a sum of texts', source: 'const a = ⟦"x"⟧ + 1', says: ['`+` works on numbers'] },
  { code: 'RLP3014', name: 'values of different types', source: 'const a = ⟦1 == "1"⟧', says: ['never equal'] },
  { code: 'RLP3014', name: 'membership in a number', source: 'const a = 1 in ⟦2⟧', says: ['a list or a range'] },
  { code: 'RLP3015', name: 'parameters of a type that has none', source: 'param p: ⟦Int[Real]⟧ = 1', says: ['no type parameters'] },
  { code: 'RLP3015', name: 'a dataset without rows', source: 'dataset d: ⟦Dataset⟧ { source = chains.chains() }', says: ['needs the type of its rows'] },
  { code: 'RLP3015', name: 'a text at a level', source: 'fn f(x: ⟦Text per token⟧): Real = 1', says: ['have a level'] },
  { code: 'RLP3016', name: 'a parameter without anything', source: 'param ⟦p⟧', says: ['param `p` needs a value'] },
  { code: 'RLP3016', name: 'a stage without a kind', source: `stage ⟦s⟧ { ${SFT} }`, says: ['needs a kind', 'stage s: '] },
  { code: 'RLP3016', name: 'a secret that is written down', source: 'secret token = ⟦"abc"⟧', says: ['from env("NAME")'] },
  { code: 'RLP3017', name: 'no keys', source: `stage s: Sft for k in ⟦[]⟧ { ${SFT}, length = 5 steps, ${LR} }`, says: ['no instances'] },
  // units, ranges, levels
  { code: 'RLP4001', name: 'tokens for steps', source: sft(`length = ⟦400 tokens⟧, ${LR}`), says: ['`length` counts steps or epochs', 'found Tokens', 'batch size'], fixed: 'length = 400 steps' },
  { code: 'RLP4001', name: 'rollouts for prompts', source: grpo('seed = 1', 'rollout { per_step = ⟦16 rollouts⟧, max_new = 8 tokens }'), says: ['expected Prompts, found Rollouts'], fixed: 'per_step = 16 prompts' },
  { code: 'RLP4001', name: 'a unit on a pure number', source: grpo('seed = 1', 'rollout { per_step = 4 prompts, max_new = 8 tokens, temperature = ⟦1 tokens⟧ }'), says: ['pure number'], fixed: 'temperature = 1 }' },
  { code: 'RLP4001', name: 'a sum of different things', source: 'const a = 5 steps + ⟦3 tokens⟧', says: ['expected Steps, found Tokens', 'this is Steps'] },
  { code: 'RLP4002', name: 'a bare number', source: sft(`length = 5 steps, ${LR}`).replace('4 samples', '⟦4⟧'), says: ['`batch` needs a unit', '`4 samples`'], fixed: 'batch = 4 samples' },
  { code: 'RLP4002', name: 'two units that would do', source: sft(`length = ⟦5⟧, ${LR}`), says: ['`5 steps` or `5 epochs`'], fixed: 'length = 5 steps' },
  { code: 'RLP4002', name: 'a share', source: sft(`length = ⟦3%⟧, ${LR}`), says: ['`length` needs a unit', 'a share', '3% of 1000 are `30 steps`'] },
  { code: 'RLP4002', name: 'a comparison with a bare number', source: 'fn f(step: Steps): Bool = step > ⟦5⟧', says: ['same unit on both sides'], fixed: 'step > 5 steps' },
  { code: 'RLP4003', name: 'a misspelt unit', source: sft(`length = 400 ⟦stesp⟧, ${LR}`), says: ['did you mean `steps`'], fixed: '400 steps' },
  { code: 'RLP4004', name: 'steps times steps', source: 'const a = 5 steps ⟦*⟧ 3 steps', says: ['no unit for the result'] },
  { code: 'RLP4004', name: 'the logarithm of steps', source: 'fn f(step: Steps): Real = log(⟦step⟧)', says: ['pure numbers'] },
  { code: 'RLP4005', name: 'a length of nothing', source: sft(`length = ⟦0 epochs⟧, ${LR}`), says: ['`length` must be at least'] },
  { code: 'RLP4005', name: 'a loss that divides by nothing', source: 'rlp 1\nimport { ipo } from "std/preferences"\nconst loss = ipo(beta = ⟦0⟧)', says: ['`beta` of `ipo`', 'at least 1e-9'] },
  { code: 'RLP4005', name: 'no clipping, as other systems write it', source: sft('length = 5 steps, optimizer { lr = 1e-3, clip_norm = ⟦0⟧ }'), says: ['at least 1e-9', 'or `none`'] },
  { code: 'RLP4005', name: 'a probability above 1', source: grpo('seed = 1', 'rollout { per_step = 4 prompts, max_new = 8 tokens, top_p = ⟦1.5⟧ }'), says: ['`top_p` must be in 0..1', 'this is 1.5'] },
  { code: 'RLP4005', name: 'a negative temperature', source: exam('temperature = ⟦-1⟧'), says: ['must be at least 0'] },
  { code: 'RLP4005', name: 'rollouts of nothing', source: grpo('seed = 1', 'rollout { per_step = ⟦0 prompts⟧, max_new = 8 tokens }'), says: ['`per_step` must be at least 1', 'this is 0'] },
  { code: 'RLP4005', name: 'a negative length', source: sft(`length = ⟦-3 steps⟧, ${LR}`), says: ['`length` must be at least 1', 'this is -3'] },
  { code: 'RLP4005', name: 'a share above the whole', source: 'const a = mixture([share(⟦140%⟧, problems["train"])])', says: ['must be in 0..1'] },
  { code: 'RLP4006', name: 'completions that leave no room', source: grpo('seed = 1', 'rollout { per_step = 4 prompts, max_new = ⟦32 tokens⟧ }'), says: ['no room for a prompt', 'the model reads 32 tokens'] },
  { code: 'RLP4006', name: 'rows longer than the model', source: sft(`length = 5 steps, context = ⟦64 tokens⟧, ${LR}`), says: ['the model has 32'] },
  { code: 'RLP4007', name: 'half a step', source: sft(`length = ⟦0.5 steps⟧, ${LR}`), says: ['whole'] },
  { code: 'RLP4008', name: 'a range upside down', source: 'const a = ⟦200 steps..50 steps⟧', says: ['empty'], fixed: '50 steps..200 steps' },
  { code: 'RLP4008', name: 'a range of a type', source: 'param p: ⟦Real in 1..0⟧ = 1', says: ['empty'] },
  { code: 'RLP4101', name: 'a reduction inwards', source: 'fn f(reward: Real per rollout): Real per rollout = reward / std(reward, over = ⟦token⟧)', says: ['`token` is not outside `rollout`', '`group` or `batch`'], fixed: 'over = group' },
  { code: 'RLP4101', name: 'places of another level', source: 'fn f(x: Real per token): Real per token = sum(x, over = group, by = ⟦rollout⟧)', says: ['names the level of the operand', 'by = token'] },
  { code: 'RLP4101', name: 'an order inwards', source: 'fn f(reward: Real per rollout): Real per rollout = rank(reward, over = ⟦token⟧)', says: ['`token` is not outside `rollout`', '`group` or `batch`'] },
  { code: 'RLP3014', name: 'a step without an open parameter', source: 'fn step(a: Real, x: Real): Real = a * x\nfn f(): Real = iterate(⟦step⟧, 1, rounds = 3)', says: ['one open parameter'] },
  { code: 'RLP4101', name: 'a reduction of one number', source: 'fn f(x: Real): Real = mean(x, over = ⟦batch⟧)', says: ['nothing to reduce'] },
  { code: 'RLP4102', name: 'tokens where a rollout is wanted', source: 'fn f(logp: Real per token, advantage: Real per rollout): Real per rollout = ⟦-advantage * logp⟧', says: ['one number for each rollout', 'mean(', 'over = rollout'], fixed: 'mean(-advantage * logp, over = rollout)' },
  { code: 'RLP4102', name: 'an advantage for each token', source: `fn mine(reward: Real per token): Real per token = reward\n${grpo('advantage = ⟦mine⟧')}`, says: ['expected Real per rollout', 'over = rollout'] },
  { code: 'RLP4102', name: 'a loss that wants one advantage for a group', source: `fn mine(logp: Real per token, advantage: Real per group): Real per token = advantage * logp\n${grpo('loss = ⟦mine⟧')}`, says: ['`advantage` in another form'] },
  { code: 'RLP4103', name: 'samples and rollouts', source: 'fn f(a: Real per sample, b: Real per rollout): Real = mean(⟦a * b⟧, over = batch)', says: ['not part of one chain'] },
  { code: 'RLP4104', name: 'rollouts in supervised training', source: sft(`length = 5 steps, aggregate = ⟦sequence_mean⟧, ${LR}`), says: ['`sequence_mean` reduces over `rollout`', 'token, sample and batch'] },
  { code: 'RLP4201', name: 'prompts that do not divide', source: grpo('update { splits = ⟦3⟧ }', 'rollout { per_step = 16 prompts, max_new = 8 tokens }'), says: ['16 prompts cannot be divided into 3', '`splits = 2 or 4`', '15 prompts or 18 prompts'], fixed: 'splits = 2' },
  // sense
  { code: 'RLP6001', name: 'a length beside a right answer', source: reward('term right = finished(completion), term long = length(completion), total = right - ⟦0.01 * long⟧'), says: ['can drown the rest', 'in 0..1', 'clamp'] },
  { code: 'RLP6002', name: 'a phase without an end', source: `curriculum c: Curriculum[Example] {\n phase ⟦one⟧ { data = chains.worked(problems["train"]) }\n phase two { data = chains.answered(problems["train"]) }\n}\nstage s: Sft { policy = tiny, data = c, length = 5 steps, batch = 4 samples, ${LR} }`, says: ['phase `one` never ends', 'between'] },
  { code: 'RLP6003', name: 'a group of one', source: grpo('group_size = ⟦1 rollouts⟧'), says: ['at least 2 rollouts'], fixed: 'group_size = 8 rollouts' },
  { code: 'RLP6003', name: 'a group of one, from a parameter', source: `param n: Rollouts = 1 rollouts\n${grpo('group_size = ⟦n⟧')}`, says: ['at least 2 rollouts'] },
  { code: 'RLP6004', name: 'a penalty towards nothing', source: grpo('loss = ⟦clipped_with_kl(kl = 0.04)⟧'), says: ['reads `ref_logp`', 'reference = base.policy'], fixed: 'reference = base.policy' },
  { code: 'RLP6004', name: 'a penalty in the advantage', source: ppo('advantage = ⟦ppo.gae_with_kl(kl = 0.04)⟧'), says: ['`gae_with_kl` reads `ref_logp`', 'reference = base.policy'], fixed: 'reference = base.policy' },
  { code: 'RLP6006', name: 'a reference that nobody reads', source: grpo('loss = policy_gradient, reference = ⟦base.policy⟧'), says: ['`policy_gradient` does not read it', 'has no effect'] },
  { code: 'RLP6007', name: 'shares of 90%', source: 'const a = mixture(⟦[share(50%, problems["train"]), share(40%, problems["test"])]⟧)', says: ['sum to 90%', '50% + 40%'], fixed: 'share(50%, problems["test"])' },
  { code: 'RLP6008', name: 'a clip range on policy', source: grpo('loss = clipped(⟦clip = 0.2..0.28⟧)'), says: ['cannot act', 'passes = 2'] },
  { code: 'RLP6009', name: 'greedy exploration', source: grpo('seed = 1', 'rollout { per_step = 4 prompts, max_new = 8 tokens, temperature = ⟦0⟧ }'), says: ['all rollouts of a group are the same'], fixed: 'temperature = 1.0' },
  { code: 'RLP6011', name: 'pass@8 of 4', source: exam('samples = 4 rollouts, temperature = 1, k = ⟦8⟧'), says: ['pass@8', '`samples` is 4'], fixed: 'samples = 8 rollouts' },
  { code: 'RLP6012', name: 'a warm-up to the end', source: sft('length = 20 steps, optimizer { lr = cosine(peak = 1e-3, ⟦warmup = 20 steps⟧) }'), says: ['as long as the stage'], fixed: 'warmup = 1 steps' },
  { code: 'RLP6013', name: 'greedy samples', source: exam('samples = 4 rollouts, temperature = ⟦0⟧'), says: ['all 4 samples are the same'], fixed: 'temperature = 1.0' },
  { code: 'RLP6014', name: 'the best of no save', source: sft(`length = 20 steps, save { best = ⟦"lowest loss"⟧ }, ${LR}`), says: ['nothing says when to save'] },
  { code: 'RLP6017', name: 'an early stop after the end', source: models('stage p: Pretrain { policy = tiny, data = texts, batch = 2 samples, length = 20 steps, until = ⟦50 steps⟧, optimizer { lr = 1e-3 } }').replace('EvaluateLoss }', 'EvaluateLoss, Pretrain }'), says: ['ends after 20 steps', 'never acts'] },
  { code: 'RLP6014', name: 'a save after the end', source: sft(`length = 20 steps, save { every = ⟦50 steps⟧ }, ${LR}`), says: ['ends after 20 steps'] },
  { code: 'RLP6015', name: 'heads that do not divide', source: 'model m: Transformer { layers = 1, width = 64, heads = ⟦6⟧, mlp = 8, context = 8 tokens, vocabulary = chains.words }', says: ['64 / 6', '`heads = 4 or 8`'], fixed: 'heads = 4' },
  { code: 'RLP6015', name: 'shared heads that do not divide', source: 'model m: Transformer { layers = 1, width = 64, heads = 8, kv_heads = ⟦3⟧, mlp = 8, context = 8 tokens, vocabulary = chains.words }', says: ['evenly', '2 or 4'] },
  { code: 'RLP6016', name: 'a learning rate of one', source: sft('length = 5 steps, optimizer { lr = ⟦1.0⟧ }'), says: ['far above the usual'] },
  { code: 'RLP6016', name: 'a peak of zero', source: sft('length = 5 steps, optimizer { lr = cosine(peak = ⟦0⟧) }'), says: ['nothing is learned'] },
  { code: 'RLP6101', name: 'a term times nothing', source: reward('term right = finished(completion), term ⟦brief⟧ = finished(completion), total = right + 0 * brief'), says: ['`brief` changes nothing', 'does not depend on it'] },
  { code: 'RLP6101', name: 'a term that is not read', source: reward('term a = finished(completion), term ⟦b⟧ = finished(completion), total = a'), says: ['`b` changes nothing'] },
  { code: 'RLP6102', name: 'the same for everybody', source: reward('total = ⟦1⟧'), says: ['every completion gets the same reward'] },
  { code: 'RLP6103', name: 'a divisor that can be zero', source: reward('term a = finished(completion), total = 1 / ⟦a⟧'), says: ['can be zero'] },
]
